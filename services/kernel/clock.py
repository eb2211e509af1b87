"""Time as a port: the domain asks a `Clock`, never the operating system."""

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_US = 1_000


def datetime_of(ns: int) -> datetime:
    """Return the UTC moment of `ns` nanoseconds since 1970, cut to whole microseconds; exact where floats are not."""
    return _EPOCH + timedelta(microseconds=ns // _NS_PER_US)


def ns_of(span: timedelta) -> int:
    """Return the length of `span` in nanoseconds."""
    return span // timedelta(microseconds=1) * _NS_PER_US


class Clock(Protocol):
    """Tells the time, and waits for it to pass."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC; they may step."""
        ...

    def now(self) -> datetime:
        """Return the same moment as an aware datetime in UTC, cut to whole microseconds."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds since an unspecified moment; they never step."""
        ...

    async def sleep(self, span: timedelta) -> None:
        """Wait until `span` has passed."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC."""
        return time.time_ns()

    def now(self) -> datetime:
        """Return the same as an aware datetime in UTC."""
        return datetime_of(self.now_ns())

    def monotonic_ns(self) -> int:
        """Return nanoseconds since an unspecified moment."""
        return time.monotonic_ns()

    async def sleep(self, span: timedelta) -> None:
        """Wait until `span` has passed."""
        await asyncio.sleep(span.total_seconds())


class ManualClock:
    """A clock that stands still until it is moved; sleepers wake, in order, as it passes their time."""

    def __init__(self, start_ns: int = 1_700_000_000_000_000_000) -> None:
        self._now_ns = start_ns
        self._passed_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC."""
        return self._now_ns

    def now(self) -> datetime:
        """Return the same as an aware datetime in UTC."""
        return datetime_of(self._now_ns)

    def monotonic_ns(self) -> int:
        """Return how far the clock was advanced."""
        return self._passed_ns

    async def sleep(self, span: timedelta) -> None:
        """Wait until the clock was advanced by `span`."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed_ns + ns_of(span), next(self._order), woken))
        self._wake()
        await woken

    def advance(self, span: timedelta) -> None:
        """Let `span` pass; it is not negative."""
        assert span >= timedelta(0), span
        self._now_ns += ns_of(span)
        self._passed_ns += ns_of(span)
        self._wake()

    def step(self, span: timedelta) -> None:
        """Set the wall clock by `span`, forth or back, while no time passes."""
        self._now_ns += ns_of(span)

    @property
    def sleepers(self) -> int:
        """How many wait."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._passed_ns:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
