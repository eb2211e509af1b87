"""Lets the TWAPs go on in the background: one gateway at a time, which holds the lease.

The lease saves double work, and no more: slices are sent once whoever sends them.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Never

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from services.kernel.clock import Clock, ns_of
from services.kernel.entropy import Entropy
from services.kernel.refusal import Refusal
from services.orders.model.twap import Twap
from services.orders.ports import Twaps
from services.orders.usecases.twap_slices import TwapSlices
from services.runtime import postgres
from services.runtime.backoff import Backoff
from services.runtime.lease import leased
from services.runtime.postgres import Connection, Pool
from services.runtime.refusals import PeerFailed

LEASE = "orders.twap"
ROUND = timedelta(milliseconds=200)
"""How often it is looked what is due."""

MOST_A_ROUND = 64
AT_ONCE = 4
"""TWAPs that go on at the same time, so that connections are left for calls."""

LATE = timedelta(seconds=5)
"""A slice that is sent so long after its time counts as late."""

_log = structlog.get_logger(__name__)


class TwapRunner:
    """Looks what is due, for ever."""

    def __init__(
        self,
        twaps: Twaps,
        slices: TwapSlices,
        *,
        pool: Pool,
        clock: Clock,
        entropy: Entropy,
        registry: CollectorRegistry,
    ) -> None:
        self._twaps = twaps
        self._slices = slices
        self._pool = pool
        self._clock = clock
        self._entropy = entropy
        self._running = Gauge("exchange_twap_running", "TWAPs that are open, at their gateway.", registry=registry)
        self._sent = Counter("exchange_twap_slices", "Slices sent.", registry=registry)
        self._late = Counter("exchange_twap_slices_late", "Slices sent long after their time.", registry=registry)
        self._missed = Counter("exchange_twap_slices_missed", "Slices whose time passed unused.", registry=registry)
        self._waiting = Gauge("exchange_twap_waiting", "TWAPs that are due and could not go on.", registry=registry)

    async def run(self) -> Never:
        """Let TWAPs go on whenever the lease is here; raises what is neither a refusal nor a lost store."""
        backoff = Backoff(self._clock, self._entropy)
        while True:
            try:
                async with leased(self._pool, LEASE, self._clock) as connection:
                    await self._lead(connection, backoff)
            except Exception as error:
                if not (isinstance(error, Refusal | PeerFailed) or postgres.is_lost(error)):
                    raise
                _log.warning("twaps_wait", error=str(error) or type(error).__name__)
            finally:
                self._running.set(0)
            await backoff.pause()

    async def _lead(self, connection: Connection, backoff: Backoff) -> Never:
        while True:
            await connection.fetchval("SELECT 1")  # the lease goes with its connection
            backoff.reset()
            due = await self._twaps.due(self._clock.now_ns(), MOST_A_ROUND)
            self._waiting.set(await self._all_go_on(due))
            self._running.set(await self._twaps.count_open())
            if len(due) < MOST_A_ROUND:
                await self._clock.sleep(ROUND)

    async def _all_go_on(self, due: Sequence[Twap]) -> int:
        """Let each go on; return how many could not."""
        todo, failed = iter(due), 0

        async def some_go_on(todo: Iterator[Twap]) -> None:
            nonlocal failed
            for twap in todo:
                failed += not await self._goes_on(twap)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some_go_on(todo))
        return failed

    async def _goes_on(self, twap: Twap) -> bool:
        try:
            after = await self._slices.go_on(twap)
        except Refusal as refusal:
            _log.warning("twap_waits", twap_id=twap.twap_id, reason=refusal.reason, error=refusal.message)
            return False
        self._measure(twap, after)
        return True

    def _measure(self, before: Twap, after: Twap) -> None:
        sent = after.sent - before.sent
        self._sent.inc(sent)
        self._missed.inc(after.passed - before.passed - sent)
        if sent and self._clock.now_ns() - before.next_due_ns >= ns_of(LATE) and before.on_its_way is None:
            self._late.inc()
