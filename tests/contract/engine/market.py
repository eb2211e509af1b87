"""A market in a running engine: one instrument, two funded accounts, and how its callers talk to it."""

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.command_pb2 import Command, TransferIn
from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.engine.v1.engine_service_pb2 import (
    EventsRequest,
    QueryRequest,
    QueryResponse,
    SubmitRequest,
    SubmitResponse,
)
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from tests.mesh import Mesh
from tests.unit.engine.samples import BTC_KK99, FUNDS

OPERATOR, ORDERS, WALLETS = "operator", "orders", "wallets"
ENGINE = "/exchange.engine.v1.EngineService/*"
CALLERS = {
    OPERATOR: {"methods": [ENGINE, "/exchange.engine.v1.AdminService/*"]},
    ORDERS: {"methods": [ENGINE], "commands": ["place_order", "cancel_order"]},
    WALLETS: {"methods": [ENGINE], "commands": ["transfer_in", "transfer_out"]},
    "relay": {"methods": ["/exchange.engine.v1.EngineService/Events"]},
}


async def open_market(mesh: Mesh, port: int) -> None:
    """List the instrument, open the accounts and fund them; may be repeated."""
    async with mesh.channel(OPERATOR, port) as channel:
        stub = AdminServiceStub(channel)
        await stub.CreateInstrument(admin.CreateInstrumentRequest(instrument=BTC_KK99))
        for account in FUNDS:
            opened = admin.OpenAccountRequest(account_id=account, taker_fee_ppm=1_000, maker_fee_ppm=500)
            await stub.OpenAccount(opened)
    async with mesh.channel(WALLETS, port) as channel:
        transfers = [
            Command(transfer_in=TransferIn(transfer_seq=seq, account_id=account, asset_id=asset, amount=amount))
            for seq, (account, (asset, amount)) in enumerate(FUNDS.items(), 1)
        ]
        assert not any(result.reason for result in (await submit(channel, *transfers)).results)


async def submit(channel: grpc.aio.Channel, *commands: Command) -> SubmitResponse:
    """Send one batch on a stream of its own."""
    stream = EngineServiceStub(channel).Submit()
    await stream.write(SubmitRequest(commands=commands))
    await stream.done_writing()
    answers = [answer async for answer in stream]
    assert len(answers) == 1
    return answers[0]


async def account(channel: grpc.aio.Channel, account_id: int) -> QueryResponse:
    """Ask for an account's balances and open orders."""
    return await EngineServiceStub(channel).Query(QueryRequest(account_id=account_id))


async def all_blocks(channel: grpc.aio.Channel) -> list[EventBlock]:
    """Read the event log from its beginning to its present end."""
    blocks: list[EventBlock] = []
    stream = EngineServiceStub(channel).Events(EventsRequest(after=Position()))
    async for response in stream:
        blocks += response.blocks
        if not response.blocks or blocks[-1].engine_seq == response.durable_seq:
            break
    stream.cancel()
    return blocks
