"""What the streams share: seats, channels that live while somebody listens, the bell of news, and the signs of life."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.kernel.refusal import LimitExceeded

HEARTBEAT_NS = 1_000_000_000
"""A stream with nothing to say sends a heartbeat this often, in nanoseconds."""

MAX_MISSED = 100
"""Publications that a subscriber may miss before it counts as slow: about two seconds of a busy market."""

K = TypeVar("K", bound=Hashable)
C = TypeVar("C")


@dataclass(slots=True)
class Figures:
    """What this process did for its subscribers so far."""

    subscribers: int = 0
    encoded_bytes: int = 0
    slow_consumers: int = 0

    def encoded(self, message: bytes) -> bytes:
        """Count a message that was just made."""
        self.encoded_bytes += len(message)
        return message


class Seats:
    """Places for subscribers in this process."""

    def __init__(self, limit: int, figures: Figures) -> None:
        self._limit = limit
        self._figures = figures

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one seat; raises `LimitExceeded` if there is none."""
        if self._figures.subscribers >= self._limit:
            raise LimitExceeded("All places for subscribers are taken; close other streams, or retry later.")
        self._figures.subscribers += 1
        try:
            yield
        finally:
            self._figures.subscribers -= 1


class Channels(Generic[K, C]):
    """A channel for each key that somebody listens to."""

    def __init__(self, seats: Seats, make: Callable[[K], C]) -> None:
        self._seats = seats
        self._make = make
        self._channels: dict[K, C] = {}
        self._listeners: dict[K, int] = {}

    def __iter__(self) -> Iterator[C]:
        return iter(self._channels.values())

    @contextmanager
    def listen(self, key: K) -> Iterator[C]:
        """Hold a seat and the channel of a key; raises `LimitExceeded`, and what making a channel raises."""
        with self._seats.one():
            if key not in self._channels:
                self._channels[key] = self._make(key)
            self._listeners[key] = self._listeners.get(key, 0) + 1
            try:
                yield self._channels[key]
            finally:
                self._leave(key)

    def _leave(self, key: K) -> None:
        self._listeners[key] -= 1
        if not self._listeners[key]:
            del self._listeners[key], self._channels[key]


class Bell:
    """Wakes everyone who waits, once."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now."""
        self._next.set()
        self._next = asyncio.Event()

    async def heard(self) -> None:
        """Wait for the next ring."""
        await self._next.wait()


class Pulse:
    """Counts the signs of life that a channel owes: one for each `HEARTBEAT_NS` in which it said nothing."""

    def __init__(self) -> None:
        self.beats = 0
        self._spoke_ns: int | None = None

    def spoke(self, now_ns: int) -> None:
        """Take note that the channel said something."""
        self._spoke_ns = now_ns

    def due(self, now_ns: int) -> bool:
        """Tell whether a sign of life is due, and count it as given."""
        if self._spoke_ns is None:
            self._spoke_ns = now_ns
        if now_ns - self._spoke_ns < HEARTBEAT_NS:
            return False
        self._spoke_ns = now_ns
        self.beats += 1
        return True
