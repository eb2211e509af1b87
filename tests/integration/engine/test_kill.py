"""kill -9 while batches are unacknowledged: what was acknowledged is there, and nothing happens twice."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc
import pytest

from exchange.engine.v1.command_pb2 import Command, CommandResult
from exchange.engine.v1.engine_events_pb2 import ORDER_UPDATE_CAUSE_ACCEPTED, EventBlock
from exchange.engine.v1.engine_service_pb2 import GetStateRequest, SubmitRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.engine import _core
from tests.contract.engine.market import ORDERS, account, all_blocks, open_market
from tests.integration.engine.engine_process import EngineProcess, engine_process
from tests.mesh import Mesh
from tests.unit.engine.samples import BUYER, FUNDS, SELLER, order

Batches = Sequence[Sequence[Command]]

BATCHES = 200
FEES = 0
"""The account that collects the fees."""


def batches_of(life: int) -> Batches:
    """Make orders that rest and orders that trade, with ids of their own for each life of the engine."""
    return [
        [order(f"{life}-{batch}-{n}", SELLER if n % 3 else BUYER, 5_000_000 + (n * 37 + batch) % 40) for n in range(20)]
        for batch in range(BATCHES)
    ]


async def requests(batches: Batches) -> AsyncIterator[SubmitRequest]:
    for batch in batches:
        yield SubmitRequest(commands=batch)


async def answers(channel: grpc.aio.Channel, batches: Batches) -> AsyncIterator[list[tuple[str, CommandResult]]]:
    """Send all batches at once, and give the results of each, by client order id, as they come."""
    stream = EngineServiceStub(channel).Submit(requests(batches))
    try:
        for batch in batches:
            answer = await stream.read()
            ids = [command.place_order.client_order_id for command in batch]
            yield list(zip(ids, answer.results, strict=True))
    finally:
        stream.cancel()


async def submit_until_killed(
    mesh: Mesh, engine: EngineProcess, batches: Batches, kill_after: int
) -> dict[str, CommandResult]:
    """Kill the engine once some batches are answered; return every result that arrived."""
    acknowledged: dict[str, CommandResult] = {}

    async def go_on(channel: grpc.aio.Channel) -> None:
        async for results in answers(channel, batches):
            acknowledged.update(results)
            if len(acknowledged) > kill_after * 20 and engine.running:
                await engine.kill()

    async with mesh.channel(ORDERS, engine.port) as channel, asyncio.timeout(60):
        with pytest.raises(grpc.aio.AioRpcError):  # its code depends on whether a write or a read met the loss
            await go_on(channel)
    assert kill_after * 20 < len(acknowledged) < len(batches) * 20
    return acknowledged


def accepted(blocks: Sequence[EventBlock]) -> Counter[str]:
    """Count how often each order was accepted."""
    return Counter(
        event.order_updated.order.client_order_id
        for block in blocks
        for event in block.events
        if event.order_updated.cause == ORDER_UPDATE_CAUSE_ACCEPTED
    )


async def assets_held(channel: grpc.aio.Channel) -> Counter[int]:
    """Sum what all accounts have of each asset."""
    held: Counter[int] = Counter()
    for account_id in (FEES, *FUNDS):
        for balance in (await account(channel, account_id)).balances:
            held[balance.asset_id] += balance.available + balance.held
    return held


@pytest.mark.parametrize("kill_after", [0, 7, 60])
async def test_what_was_acknowledged_is_there_and_nothing_happens_twice(
    mesh: Mesh, tmp_path: Path, kill_after: int
) -> None:
    folder = tmp_path / "engine"
    sent = [*batches_of(0), *batches_of(1)]
    acknowledged: dict[str, CommandResult] = {}
    for batches in (sent[:BATCHES], sent[BATCHES:]):
        async with engine_process(mesh, folder) as engine:
            await open_market(mesh, engine.port)
            acknowledged |= await submit_until_killed(mesh, engine, batches, kill_after)
        last_acknowledged = max(result.engine_seq for result in acknowledged.values())
        assert _core.verify_journal(str(folder / "journal")) >= last_acknowledged

    async with engine_process(mesh, folder) as engine, mesh.channel(ORDERS, engine.port) as channel:
        blocks = await all_blocks(channel)
        assert [block.engine_seq for block in blocks] == list(range(1, len(blocks) + 1))
        for client_order_id, result in acknowledged.items():
            assert accepted([blocks[result.engine_seq - 1]])[client_order_id] == 1

        async for results in answers(channel, sent):  # what was lost takes effect now, all else answers as it did
            for client_order_id, result in results:
                first = acknowledged.get(client_order_id)
                assert first is None or (result.replayed and result.engine_seq == first.engine_seq)
        assert accepted(await all_blocks(channel)) == dict.fromkeys(
            (command.place_order.client_order_id for batch in sent for command in batch), 1
        )
        assert await assets_held(channel) == dict(FUNDS.values())


async def test_a_restart_replays_to_the_same_state(mesh: Mesh, tmp_path: Path) -> None:
    states = []
    for life in range(3):
        async with engine_process(mesh, tmp_path / "engine") as engine:
            async with mesh.channel(ORDERS, engine.port) as channel:
                if life == 0:
                    await open_market(mesh, engine.port)
                    async for _ in answers(channel, batches_of(0)[:20]):
                        pass
                states.append(await EngineServiceStub(channel).GetState(GetStateRequest(with_state_hash=True)))
            if life == 0:
                await engine.kill()
            else:
                assert await engine.stop() == 0
    killed, replayed, from_snapshot = states
    assert killed.state_hash == replayed.state_hash == from_snapshot.state_hash
    assert (replayed.snapshot_seq, from_snapshot.snapshot_seq) == (0, killed.engine_seq)


async def test_a_journal_that_cannot_be_written_ends_the_process_and_loses_nothing(mesh: Mesh, tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    async with engine_process(mesh, folder) as engine:
        await open_market(mesh, engine.port)
        engine.forbid_writes_beyond(16 * 1024)
        acknowledged: dict[str, CommandResult] = {}

        async def go_on(channel: grpc.aio.Channel) -> None:
            async for results in answers(channel, batches_of(0)):
                acknowledged.update(results)

        async with mesh.channel(ORDERS, engine.port) as channel, asyncio.timeout(60):
            with pytest.raises(grpc.aio.AioRpcError):
                await go_on(channel)
        assert await engine.ended() == os.EX_SOFTWARE
    async with engine_process(mesh, folder) as engine, mesh.channel(ORDERS, engine.port) as channel:
        survivors = accepted(await all_blocks(channel))
        assert acknowledged.keys() <= survivors.keys()
        assert set(survivors.values()) <= {1}
