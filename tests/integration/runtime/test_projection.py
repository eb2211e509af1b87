"""Projections on a real PostgreSQL: exactly once, in order, loud when history is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from exchange.engine.v1.engine_events_pb2 import Event, EventBlock
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import RelayedRefusal, Unavailable
from services.runtime.consumer import Projection, Run
from services.runtime.engine_stream import HistoryLost
from services.runtime.postgres import Connection, Pool
from tests.integration.runtime.leases import end_lease

LIMIT = timedelta(seconds=10)


class History:
    """An engine's event log, as far as the test has written it; `cut` breaks every open stream."""

    def __init__(self, epoch: int = 1) -> None:
        self.epoch = epoch
        self.blocks: list[EventBlock] = []
        self.starts: list[int] = []
        self._changed = asyncio.Condition()
        self._cuts = 0

    async def write(self, *sequence: int) -> None:
        async with self._changed:
            self.blocks += [EventBlock(engine_seq=seq, events=[Event()] * 2) for seq in sequence]
            self._changed.notify_all()

    async def cut(self) -> None:
        async with self._changed:
            self._cuts += 1
            self._changed.notify_all()

    async def events(self, request: EventsRequest) -> AsyncGenerator[EventsResponse, None]:
        """Serve block after block, as the engine does."""
        after, cuts = request.after, self._cuts
        self.starts.append(after.engine_seq)
        if after.engine_seq > len(self.blocks):
            raise RelayedRefusal("POSITION_UNKNOWN", "beyond the end")
        served = after.engine_seq
        while True:
            for block in await self._beyond(served, cuts):
                served += 1
                yield EventsResponse(epoch=self.epoch, durable_seq=len(self.blocks), blocks=[block])

    async def _beyond(self, served: int, cuts: int) -> list[EventBlock]:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.blocks) > served or self._cuts > cuts)
            if self._cuts > cuts:
                raise Unavailable("cut")
            return self.blocks[served:]


class Effects:
    """Writes a row a command, which a second application would break."""

    def __init__(self) -> None:
        self.runs: list[Sequence[int]] = []
        self.fail: list[Exception] = []

    async def apply(self, connection: Connection, run: Run) -> None:
        sequence = [block.engine_seq for block in run.blocks]
        await connection.executemany("INSERT INTO effect (engine_seq) VALUES ($1)", [(seq,) for seq in sequence])
        if self.fail:
            raise self.fail.pop()
        self.runs.append(sequence)


def projection(pool: Pool, history: History, effects: Effects) -> Projection:
    clock, entropy, registry = SystemClock(), SystemEntropy(), CollectorRegistry()
    return Projection(
        "test", effects.apply, pool=pool, events=history.events, clock=clock, entropy=entropy, registry=registry
    )


@asynccontextmanager
async def following(pool: Pool, history: History, effects: Effects) -> AsyncIterator[Projection]:
    followed = projection(pool, history, effects)
    task = asyncio.ensure_future(followed.run())
    try:
        yield followed
    finally:
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=LIMIT.total_seconds())
        assert ended


async def effect(pool: Pool) -> list[int]:
    return [row["engine_seq"] for row in await pool.fetch("SELECT engine_seq FROM effect ORDER BY engine_seq")]


async def test_every_block_is_applied_once_and_the_position_stands_beside_it(pool: Pool) -> None:
    history, effects = History(), Effects()
    await history.write(1, 2, 3)
    async with following(pool, history, effects) as followed:
        assert await followed.wait_until(3, LIMIT)
        await history.write(4)
        assert await followed.wait_until(4, LIMIT)
    assert await effect(pool) == [1, 2, 3, 4]
    stored: Any = await pool.fetchrow("SELECT shard, epoch, engine_seq, event_index FROM consumer_position")
    assert tuple(stored) == (0, 1, 4, 1)


async def test_many_blocks_share_a_transaction(pool: Pool) -> None:
    history, effects = History(), Effects()
    await history.write(*range(1, 201))
    async with following(pool, history, effects) as followed:
        assert await followed.wait_until(200, LIMIT)
    assert len(effects.runs) < 100


async def test_a_cut_stream_resumes_after_the_position(pool: Pool) -> None:
    history, effects = History(), Effects()
    await history.write(1, 2)
    async with following(pool, history, effects) as followed:
        assert await followed.wait_until(2, LIMIT)
        await history.cut()
        await history.write(3)
        assert await followed.wait_until(3, LIMIT)
    assert history.starts == [0, 2]
    assert await effect(pool) == [1, 2, 3]


async def test_a_lost_store_rolls_back_effect_and_position_together(pool: Pool) -> None:
    history, effects = History(), Effects()
    effects.fail = [ConnectionError("lost"), asyncpg.InterfaceError("connection is closed")]
    await history.write(1)
    async with following(pool, history, effects) as followed:
        assert await followed.wait_until(1, LIMIT)
    assert effects.runs == [[1]]


async def test_it_ends_when_told_though_its_transaction_cannot_be_rolled_back(pool: Pool) -> None:
    lost = asyncio.Event()

    class Lost(Effects):
        async def apply(self, connection: Connection, run: Run) -> None:
            await end_lease(pool)
            lost.set()
            await asyncio.Future()

    history = History()
    await history.write(1)
    async with following(pool, history, Lost()), asyncio.timeout(LIMIT.total_seconds()):
        await lost.wait()


async def test_a_replica_waits_and_takes_over(pool: Pool) -> None:
    history, effects, heirs = History(), Effects(), Effects()
    await history.write(1)
    async with following(pool, history, effects) as first:
        assert await first.wait_until(1, LIMIT)
        async with following(pool, history, heirs) as heir:
            assert await heir.wait_until(1, LIMIT)
            await history.write(2)
            assert await heir.wait_until(2, LIMIT)
            assert heirs.runs == []
    async with following(pool, history, heirs) as heir:
        await history.write(3)
        assert await heir.wait_until(3, LIMIT)
    assert heirs.runs == [[3]]


async def test_waiting_ends_at_its_limit(pool: Pool) -> None:
    async with following(pool, History(), Effects()) as followed:
        assert not await followed.wait_until(1, timedelta(milliseconds=50))


async def run_into(pool: Pool, history: History) -> str:
    with pytest.raises(HistoryLost) as caught:
        async with asyncio.timeout(10):
            await projection(pool, history, Effects()).run()
    return str(caught.value)


async def test_a_gap_ends_it_loudly(pool: Pool) -> None:
    history = History()
    await history.write(1, 3)
    assert await run_into(pool, history) == "test expected command 2, the engine sent 3"
    assert await effect(pool) in ([], [1])


@pytest.mark.parametrize("epoch", [1, 3])
async def test_another_epoch_ends_it_loudly(pool: Pool, epoch: int) -> None:
    history = History(epoch=2)
    await history.write(1)
    async with following(pool, history, Effects()) as followed:
        assert await followed.wait_until(1, LIMIT)
    changed = History(epoch=epoch)
    await changed.write(1, 2)
    assert f"the engine speaks of epoch {epoch}" in await run_into(pool, changed)


async def test_a_position_that_the_engine_never_reached_ends_it_loudly(pool: Pool) -> None:
    history = History()
    await history.write(1, 2)
    async with following(pool, history, Effects()) as followed:
        assert await followed.wait_until(2, LIMIT)
    assert "does not know position" in await run_into(pool, History())


@pytest.mark.parametrize(
    "mistake", [LookupError("a bug"), asyncpg.DataError("no such value"), asyncpg.CheckViolationError()]
)
async def test_a_mistake_in_the_handler_ends_it(pool: Pool, mistake: Exception) -> None:
    history, effects = History(), Effects()
    effects.fail = [mistake]
    await history.write(1)
    with pytest.raises(type(mistake)):
        await projection(pool, history, effects).run()
    assert await effect(pool) == []
