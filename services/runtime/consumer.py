"""A projection: what a service derives from the engine's events and keeps in PostgreSQL, applied exactly once.

1. The position is stored in the transaction of the effect: both happen, or neither.
2. Blocks come in order without a gap. A gap, another epoch, or a position that the engine does not know means that
   history was lost: the projection stops and says so, because nothing it could write would be right.
3. One process at a time applies a projection (see `lease`); replicas wait, and read the position from the table.
4. A broken stream or a lost store is met with a bounded, growing pause, then the stream resumes after the position.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, Gauge

from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse
from exchange.event.v1.event_pb2 import Position
from services.kernel.clock import Clock, ns_of
from services.kernel.entropy import Entropy
from services.kernel.refusal import Refusal
from services.runtime import postgres
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import POSITION_UNKNOWN, HistoryLost, OpenEvents
from services.runtime.lease import leased
from services.runtime.postgres import Connection, Pool
from services.runtime.read_ahead import read_ahead
from services.runtime.refusals import PeerFailed

READ_AHEAD = 16
"""Most responses that are read while a transaction runs, and that the next transaction then applies."""

PAUSE_MS = 20
"""How long the engine collects what follows: a transaction costs the same for a few orders as for one."""

POLL = timedelta(milliseconds=20)
"""How often a replica that does not apply looks at the position while somebody waits for it."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive blocks of one shard and epoch, applied together."""

    shard: int
    epoch: int
    blocks: Sequence[EventBlock]


Apply = Callable[[Connection, Run], Awaitable[None]]
"""Writes the effect of a run inside the transaction of the connection; its position is stored beside it."""


class Projection:
    """Follows one shard of the engine under a name of its own."""

    def __init__(
        self,
        name: str,
        apply: Apply,
        *,
        pool: Pool,
        events: OpenEvents,
        clock: Clock,
        entropy: Entropy,
        registry: CollectorRegistry,
        shard: int = 0,
    ) -> None:
        self._name = name
        self._pool = pool
        self._events = events
        self._apply = apply
        self._clock = clock
        self._entropy = entropy
        self._shard = shard
        self._leads = False
        self._position = Position(shard=shard)
        self._moved = asyncio.Condition()
        self._lag = Gauge("exchange_projection_lag", "Commands not yet applied.", ["name"], registry=registry)

    async def run(self) -> None:
        """Apply for ever; raises `HistoryLost`, and whatever `apply` raises that is not a lost store."""
        backoff = Backoff(self._clock, self._entropy)
        while True:
            try:
                async with leased(self._pool, f"projection {self._name}", self._clock) as connection:
                    await self._follow(connection, backoff)
            except Exception as error:
                if isinstance(error, Refusal) and error.reason == POSITION_UNKNOWN:
                    raise HistoryLost(f"{self._name}: the engine does not know position {self._position}") from error
                if not (isinstance(error, Refusal | PeerFailed | EOFError) or postgres.is_lost(error)):
                    raise
                _log.warning("projection_waits", name=self._name, error=str(error) or type(error).__name__)
            finally:
                self._leads = False
            await backoff.pause()

    async def wait_until(self, engine_seq: int, limit: timedelta) -> bool:
        """Wait until the effect of a command is stored, by whichever process; False if it is not within `limit`."""
        until_ns = self._clock.monotonic_ns() + ns_of(limit)
        while await self._applied() < engine_seq:
            left_ns = until_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                return False
            await self._moves(min(POLL, timedelta(microseconds=left_ns // 1_000 + 1)))
        return True

    async def _applied(self) -> int:
        if self._leads:
            return self._position.engine_seq
        async with postgres.connection(self._pool) as connection:
            return (await self._stored(connection)).engine_seq

    async def _moves(self, limit: timedelta) -> None:
        try:
            async with asyncio.timeout(limit.total_seconds()), self._moved:
                await self._moved.wait()
        except TimeoutError:
            return

    async def _follow(self, connection: Connection, backoff: Backoff) -> None:
        """Resume after the stored position, and apply until the stream breaks."""
        self._position = await self._stored(connection)
        self._leads = True
        after = self._position if self._position.engine_seq else Position()
        start = EventsRequest(after=after, pause_ms=PAUSE_MS)
        async with read_ahead(self._events(start), READ_AHEAD) as ahead:
            while True:
                responses = await ahead.take()
                backoff.reset()
                run = self._joined(responses)
                if run.blocks:
                    await self._store(connection, run)
                self._lag.labels(self._name).set(responses[-1].durable_seq - self._position.engine_seq)

    def _joined(self, responses: Sequence[EventsResponse]) -> Run:
        """Return the blocks that are new, in order and without a gap; raises `HistoryLost` if they are not."""
        epoch = self._position.epoch if self._position.engine_seq else responses[0].epoch
        expected = self._position.engine_seq + 1
        blocks: list[EventBlock] = []
        for response in responses:
            if (response.shard, response.epoch) != (self._shard, epoch):
                raise HistoryLost(
                    f"{self._name} stands in epoch {epoch} of shard {self._shard}, "
                    f"the engine speaks of epoch {response.epoch} of shard {response.shard}"
                )
            for block in response.blocks:
                if block.engine_seq > expected:
                    raise HistoryLost(f"{self._name} expected command {expected}, the engine sent {block.engine_seq}")
                if block.engine_seq == expected:
                    blocks.append(block)
                    expected += 1
        return Run(self._shard, epoch, blocks)

    async def _store(self, connection: Connection, run: Run) -> None:
        last = run.blocks[-1]
        position = Position(
            shard=run.shard, epoch=run.epoch, engine_seq=last.engine_seq, index=max(len(last.events) - 1, 0)
        )
        async with postgres.atomic(connection):
            await self._apply(connection, run)
            await self._save(connection, position)
        self._position = position
        async with self._moved:
            self._moved.notify_all()

    async def _stored(self, connection: Connection) -> Position:
        row = await connection.fetchrow(
            "SELECT epoch, engine_seq, event_index FROM consumer_position WHERE consumer = $1 AND shard = $2",
            self._name,
            self._shard,
        )
        if row is None:
            return Position(shard=self._shard)
        return Position(shard=self._shard, epoch=row["epoch"], engine_seq=row["engine_seq"], index=row["event_index"])

    async def _save(self, connection: Connection, position: Position) -> None:
        await connection.execute(
            """
            INSERT INTO consumer_position (consumer, shard, epoch, engine_seq, event_index) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (consumer, shard) DO UPDATE
            SET epoch = excluded.epoch, engine_seq = excluded.engine_seq, event_index = excluded.event_index
            """,
            self._name,
            self._shard,
            position.epoch,
            position.engine_seq,
            position.index,
        )
