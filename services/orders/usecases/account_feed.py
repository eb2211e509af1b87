"""The private events of all accounts as they become durable, and those who wait for them.

1. It takes the engine's blocks in order without a gap: a block that it has is ignored, a gap is `OutOfStep`.
2. A subscriber is a cursor over what is kept; nothing is queued for it, so nobody holds anybody up.
3. It is live from the first word of a connection to the engine to its end; there are no signs of life without it.
4. A new epoch, or a gap that the engine cannot fill, voids the feed: every subscription ends, and it begins anew.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from services.kernel.clock import Clock
from services.kernel.firm import firm_of
from services.kernel.ids import AccountId
from services.kernel.refusal import LimitExceeded, Unavailable
from services.orders.model.account_stream import PrivateEvent
from services.orders.usecases.recent_events import OutOfStep, RecentEvents

HEARTBEAT_NS = 1_000_000_000
"""A stream with nothing to say sends a heartbeat this often, in nanoseconds."""

BEAT_INTERVAL = timedelta(milliseconds=100)
"""How often it is looked who owes a heartbeat."""

RETRY_AFTER_MS = 1_000


class Ear:
    """One subscriber's ear: what it is told of its accounts between two looks at the events."""

    def __init__(self, account_id: AccountId, *, whole_firm: bool) -> None:
        self.account_id = account_id
        self.whole_firm = whole_firm
        self.tips: dict[AccountId, int] = {}
        """Number of the last event of each account, as far as it has been heard of."""
        self.heard: dict[AccountId, None] = {}
        """Accounts to look at, in the order in which they were heard of."""
        self.beat_due = False
        self.void = False
        self.spoke_ns = 0
        self._news = asyncio.Event()

    def hear(self, account_id: AccountId, account_seq: int) -> None:
        """Learn that an account has come to that event."""
        if account_seq > self.tips.get(account_id, -1):
            self.tips[account_id] = account_seq
            self.heard[account_id] = None
            self._news.set()

    def prick(self) -> None:
        """Wake the subscriber without news of events."""
        self._news.set()

    async def news(self) -> None:
        """Wait until something is to be looked at."""
        await self._news.wait()
        self._news.clear()


class AccountFeed:
    """What the engine has told of accounts, up to `engine_seq` of `epoch`."""

    def __init__(self, recent: RecentEvents, clock: Clock, max_subscribers: int) -> None:
        self.recent = recent
        self.live = False
        self.epoch = 0
        self.engine_seq = 0
        self.subscribers = 0
        self.slow_consumers = 0
        self._clock = clock
        self._max_subscribers = max_subscribers
        self._ears: dict[AccountId, set[Ear]] = {}
        self._firm_ears: dict[AccountId, set[Ear]] = {}
        """Those who listen to all accounts of a firm, by the number of its own."""
        self._moved = asyncio.Event()

    def begin(self, epoch: int, engine_seq: int) -> None:
        """Begin after a command, with nothing known of what was before."""
        self.void()
        self.epoch, self.engine_seq = epoch, engine_seq
        self.live = True
        self._move()

    def take(self, engine_seq: int, events: Iterable[PrivateEvent]) -> None:
        """Take in the private events of the next command; raises `OutOfStep`."""
        if engine_seq <= self.engine_seq:
            return
        if engine_seq != self.engine_seq + 1:
            raise OutOfStep(f"command {engine_seq} came after {self.engine_seq}")
        for event in events:
            self.recent.append(event)
            for ear in self._ears.get(event.account_id, ()):
                ear.hear(event.account_id, event.account_seq)
            if self._firm_ears:
                for ear in self._firm_ears.get(firm_of(event.account_id), ()):
                    ear.hear(event.account_id, event.account_seq)
        self.engine_seq = engine_seq

    def heard(self) -> None:
        """Take note that the engine spoke: all of a response has been taken in."""
        self.live = True
        self._move()

    def lose(self) -> None:
        """Take note that the engine is gone; what is known stays."""
        self.live = False

    def void(self) -> None:
        """End every subscription, and forget."""
        self.live = False
        self.epoch = self.engine_seq = 0
        self.recent.clear()
        for ear in self._every_ear():
            ear.void = True
            ear.prick()

    @contextmanager
    def listen(self, account_id: AccountId, *, whole_firm: bool = False) -> Iterator[Ear]:
        """Hold a place and an ear for an account, or for all of the firm whose own it is.

        Raises `LimitExceeded`, and `Unavailable` while nothing is told.
        """
        if self.subscribers >= self._max_subscribers:
            raise LimitExceeded(
                "All places for private streams are taken; close other streams, or retry later.",
                metadata={"limit": str(self._max_subscribers)},
                retry_after_ms=RETRY_AFTER_MS,
            )
        if not self.live:
            raise not_live()
        ear = Ear(account_id, whole_firm=whole_firm)
        every = self._firm_ears if whole_firm else self._ears
        every.setdefault(account_id, set()).add(ear)
        self.subscribers += 1
        try:
            yield ear
        finally:
            self.subscribers -= 1
            every[account_id].discard(ear)
            if not every[account_id]:
                del every[account_id]

    async def reach(self, engine_seq: int, limit: timedelta) -> None:
        """Wait until that command has been taken in; raises `Unavailable` if it is not within the limit."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                while self.engine_seq < engine_seq:
                    await self._moved.wait()
        except TimeoutError:
            raise not_live() from None

    def beat(self) -> None:
        """Wake those who owe a heartbeat; nobody does while the engine is not followed."""
        if not self.live:
            return
        now_ns = self._clock.monotonic_ns()
        for ear in self._every_ear():
            if now_ns - ear.spoke_ns >= HEARTBEAT_NS:
                ear.beat_due = True
                ear.prick()

    async def beat_for_ever(self) -> None:
        """Give signs of life while there is life."""
        while True:
            await self._clock.sleep(BEAT_INTERVAL)
            self.beat()

    def speak(self, ear: Ear) -> None:
        """Take note that a subscriber was told something."""
        ear.spoke_ns = self._clock.monotonic_ns()
        ear.beat_due = False

    def _every_ear(self) -> Iterator[Ear]:
        return (ear for every in (self._ears, self._firm_ears) for ears in every.values() for ear in ears)

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def not_live() -> Unavailable:
    """Return what to tell while the engine is not followed."""
    return Unavailable("The engine is not followed right now; open the stream again.", retry_after_ms=RETRY_AFTER_MS)
