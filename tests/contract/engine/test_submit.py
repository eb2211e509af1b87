"""Submit reads its own bytes: whatever they are, the answer is a reason, and nothing of a refused batch happens."""

import asyncio

import grpc
import pytest

from exchange.engine.v1.command_pb2 import CancelOrder, Command, OpenAccount, Tick, TransferIn
from exchange.engine.v1.engine_service_pb2 import (
    RESPONSE_MODE_ACK,
    RESPONSE_MODE_FULL,
    RESPONSE_MODE_RESULT,
    GetStateRequest,
    SubmitRequest,
    SubmitResponse,
)
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.error.v1 import reason_pb2
from exchange.type.v1.order_pb2 import ORDER_STATUS_NEW
from services.runtime.run import Process
from tests.contract.engine.market import ORDERS, WALLETS, account, submit
from tests.mesh import Mesh
from tests.unit.engine.samples import BUYER, KK99, SELLER, order

SUBMIT = "/exchange.engine.v1.EngineService/Submit"

UNREADABLE = {
    "no protobuf": b"\xff\xff\xff\xff",
    "cut short": SubmitRequest(commands=[order("a", BUYER, 100)]).SerializeToString()[:-3],
    "an unknown field": b"\x7a\x01\x00",
    "a command of no kind": b"\x0a\x00",
    "an unknown side": SubmitRequest(commands=[order("a", BUYER, 100)])
    .SerializeToString()
    .replace(b"\x20\x01", b"\x20\x63"),
    "an id of 37": SubmitRequest(commands=[order("a" * 37, BUYER, 100)]).SerializeToString(),
    "an id with a space": SubmitRequest(commands=[order("a b", BUYER, 100)]).SerializeToString(),
    "4,097 commands": SubmitRequest(commands=[order("a", BUYER, 100)] * 4_097).SerializeToString(),
}


async def raw_submit(channel: grpc.aio.Channel, *batches: bytes) -> list[SubmitResponse]:
    """Send bytes as they are."""
    stream = channel.stream_stream(SUBMIT, response_deserializer=SubmitResponse.FromString)()
    for batch in batches:
        await stream.write(batch)
    await stream.done_writing()
    return [answer async for answer in stream]


async def last_command(channel: grpc.aio.Channel) -> int:
    return (await EngineServiceStub(channel).GetState(GetStateRequest())).engine_seq


@pytest.mark.parametrize("batch", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_unreadable_batch_is_refused_whole_and_the_stream_goes_on(
    engine: Process, mesh: Mesh, batch: bytes
) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        before = await last_command(channel)
        readable = SubmitRequest(commands=[order("b", BUYER, 1_000_000)]).SerializeToString()
        refused, answered = await raw_submit(channel, batch, readable)
        assert (refused.reason, len(refused.results)) == (reason_pb2.REASON_MALFORMED_COMMAND, 0)
        assert answered.results[0].engine_seq == before + 1


FORBIDDEN = {
    "orders opens an account": (ORDERS, Command(open_account=OpenAccount(account_id=99))),
    "orders books a transfer": (ORDERS, Command(transfer_in=TransferIn(transfer_seq=3, account_id=BUYER, asset_id=1))),
    "orders lets time pass": (ORDERS, Command(tick=Tick())),
    "wallets trades": (WALLETS, order("c", BUYER, 1_000_000)),
    "wallets cancels": (WALLETS, Command(cancel_order=CancelOrder(account_id=BUYER, order_id=1))),
}


@pytest.mark.parametrize(("caller", "command"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_caller_gives_only_the_commands_that_are_its_own(
    engine: Process, mesh: Mesh, caller: str, command: Command
) -> None:
    async with mesh.channel(caller, engine.server.port) as channel:
        before = await last_command(channel)
        refused = await submit(channel, command)
        assert (refused.reason, len(refused.results)) == (reason_pb2.REASON_CALLER_NOT_ALLOWED, 0)
        assert await last_command(channel) == before


async def test_an_answer_says_as_much_as_was_asked_for(engine: Process, mesh: Mesh) -> None:
    modes = (RESPONSE_MODE_ACK, RESPONSE_MODE_RESULT, RESPONSE_MODE_FULL)
    batches = [
        SubmitRequest(commands=[order(f"mode-{mode}", BUYER, 1_000_000)], response_mode=mode).SerializeToString()
        for mode in modes
    ]
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        answers = await raw_submit(channel, *batches)
    ack, standing, full = (answer.results[0] for answer in answers)
    assert (ack.order_id > 0, ack.status, ack.HasField("order")) == (True, 0, False)
    assert (standing.status, standing.leaves_quantity, standing.HasField("order")) == (ORDER_STATUS_NEW, 10_000, False)
    assert standing.order_id == ack.order_id + 1
    assert full.order.order_id == standing.order_id + 1


async def test_answers_come_in_the_order_of_the_batches_and_say_what_was_traded(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        batches = [SubmitRequest(commands=[order(f"s{n}", SELLER, 5_000_000)]).SerializeToString() for n in range(100)]
        answers = await raw_submit(channel, *batches)
        assert [answer.results[0].order.client_order_id for answer in answers] == [f"s{n}" for n in range(100)]
        bought = (await submit(channel, order("b", BUYER, 5_000_000, quantity=20_000))).results[0]
        assert [(fill.quantity, fill.notional, fill.fee) for fill in bought.fills] == [
            (10_000, 50_000_000_000, 50_000_000)
        ] * 2
        balances = {each.asset_id: each for each in (await account(channel, BUYER)).balances}
        assert balances[KK99.asset_id].available == 10**15 - 100_100_000_000


async def test_a_client_that_does_not_take_answers_is_not_read_from(engine: Process, mesh: Mesh) -> None:
    batch = SubmitRequest(commands=[order("unknown", 77, 1_000_000)] * 1_000).SerializeToString()

    async def write_until_stuck(channel: grpc.aio.Channel) -> None:
        greedy = channel.stream_stream(SUBMIT)()
        while True:
            async with asyncio.timeout(2):
                await greedy.write(batch)

    async with mesh.channel(ORDERS, engine.server.port) as channel:
        with pytest.raises(TimeoutError):
            await write_until_stuck(channel)
    async with mesh.channel(WALLETS, engine.server.port) as other:
        assert await last_command(other) > 0  # others are served
