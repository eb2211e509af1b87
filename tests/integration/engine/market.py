"""A market of one instrument and two funded accounts, and orders in it."""

import time

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.command_pb2 import Command, PlaceOrder, TransferIn
from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.engine.v1.engine_service_pb2 import (
    EventsRequest,
    QueryRequest,
    QueryResponse,
    SubmitRequest,
    SubmitResponse,
)
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.engine.v1.instrument_pb2 import Asset, Instrument
from exchange.event.v1.event_pb2 import Position
from exchange.type.v1.instrument_pb2 import ASSET_CLASS_CRYPTO, TRADING_PHASE_CONTINUOUS
from exchange.type.v1.order_pb2 import ORDER_TYPE_LIMIT, SIDE_BUY, SIDE_SELL, TIME_IN_FORCE_GTC
from tests.mesh import Mesh

KK99 = Asset(asset_id=1, symbol="KK99", scale=6)
BTC = Asset(asset_id=2, symbol="BTC", scale=8)
BTC_KK99 = Instrument(
    instrument_id=1,
    symbol="BTC-KK99",
    asset_class=ASSET_CLASS_CRYPTO,
    base=BTC,
    quote=KK99,
    price_scale=2,
    quantity_scale=4,
    tick=1,
    lot=1,
    min_quantity=1,
    max_quantity=10**9,
    min_notional=10**6,
    max_notional=10**15,
    market_protection_bps=500,
    phase=TRADING_PHASE_CONTINUOUS,
)
BUYER, SELLER = 11, 12
FUNDS = {BUYER: (1, 10**15), SELLER: (2, 10**13)}
"""What each account gets: asset and amount."""

OPERATOR, ORDERS, WALLETS = "operator", "orders", "wallets"
ENGINE = "/exchange.engine.v1.EngineService/*"
CALLERS = {
    OPERATOR: {"methods": [ENGINE, "/exchange.engine.v1.AdminService/*"]},
    ORDERS: {"methods": [ENGINE], "commands": ["place_order", "cancel_order"]},
    WALLETS: {"methods": [ENGINE], "commands": ["transfer_in", "transfer_out"]},
}


def order(client_order_id: str, account: int, price: int, quantity: int = 10_000) -> Command:
    """Make the buyer's or the seller's limit order."""
    return Command(
        place_order=PlaceOrder(
            account_id=account,
            client_order_id=client_order_id,
            instrument_id=BTC_KK99.instrument_id,
            side=SIDE_BUY if account == BUYER else SIDE_SELL,
            type=ORDER_TYPE_LIMIT,
            time_in_force=TIME_IN_FORCE_GTC,
            price=price,
            quantity=quantity,
            valid_until_ns=time.time_ns() + 300 * 10**9,
            fingerprint=price,
        )
    )


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
