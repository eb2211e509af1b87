"""Follow an account: each private event once, in order, without a gap, from anywhere in its life.

1. The engine is asked for the account first: it tells the last event's number, and the state at it for a snapshot. A
   snapshot thus needs no history, and is as new as the engine's journal.
2. What follows comes from the feed, which knows an event once it is durable in the engine's journal: the stream waits
   for no database. What the feed no longer keeps comes from the history, until the stream has caught up.
3. Once it has caught up, a stream that needs an event which the feed no longer keeps is slow, and ends as that.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta

from services.kernel.ids import AccountId, EngineSeq
from services.orders.errors import HistoryBegins, ResumeUnknown, SlowConsumer
from services.orders.model.account_stream import AccountPlace, AccountState, PrivateEvent
from services.orders.ports import AccountEncoder, AccountHistory, AccountStates
from services.orders.usecases.account_feed import AccountFeed, Ear, not_live

MAX_EVENTS = 500
"""Events in one message."""

REACH_LIMIT = timedelta(seconds=2)
"""How long the feed may take to come as far as the engine was when the stream was opened."""


class StreamAccount:
    """Opens private streams."""

    def __init__(
        self, feed: AccountFeed, states: AccountStates, history: AccountHistory, encoder: AccountEncoder
    ) -> None:
        self._feed = feed
        self._states = states
        self._history = history
        self._encoder = encoder

    async def follow(self, account_id: AccountId, resume: AccountPlace | None) -> AsyncGenerator[bytes]:
        """Yield message after message at the reader's pace; ends only by a refusal.

        `LimitExceeded`, `ResumeUnknown`, `SlowConsumer`, `Unavailable`, and those of `AccountStates`.
        """
        with self._feed.listen(account_id) as ear:
            state = await self._states.account(account_id)
            await self._feed.reach(state.engine_seq, REACH_LIMIT)
            ear.hear(state.account_seq)
            cursor = _Cursor(self._feed, self._history, self._encoder, ear)
            if resume is None:
                for message in cursor.snapshot(state):
                    yield message
            else:
                cursor.resume(resume)
            yield cursor.heartbeat()
            while True:
                yield await cursor.next()


class _Cursor:
    """Where one subscriber stands: it was told everything up to `seq`."""

    def __init__(self, feed: AccountFeed, history: AccountHistory, encoder: AccountEncoder, ear: Ear) -> None:
        self._feed = feed
        self._history = history
        self._encoder = encoder
        self._ear = ear
        self._epoch = feed.epoch
        self._seq = 0
        self._caught_up = False

    def snapshot(self, state: AccountState) -> Sequence[bytes]:
        """Begin with the account's state."""
        self._stand_at(state.account_seq)
        return list(self._encoder.snapshot(self._epoch, state))

    def resume(self, place: AccountPlace) -> None:
        """Begin after what the subscriber has; raises `ResumeUnknown` if that is not part of the account's life."""
        if place.epoch != self._epoch or place.account_seq > self._ear.tip:
            raise ResumeUnknown(place.epoch, place.account_seq)
        self._stand_at(place.account_seq)

    def heartbeat(self) -> bytes:
        """Write a sign of life."""
        self._feed.speak(self._ear)
        return self._encoder.heartbeat(self._epoch, self._seq, self._ear.tip)

    async def next(self) -> bytes:
        """Wait for the next message; raises what ends the stream."""
        while self._seq == self._ear.tip and not self._ear.void:
            if self._ear.beat_due:
                return self.heartbeat()
            await self._ear.news()
        if self._ear.void:
            raise not_live()
        return self._told(await self._following())

    async def _following(self) -> Sequence[PrivateEvent]:
        events = self._feed.recent.after(self._ear.account_id, self._seq, MAX_EVENTS)
        if events is None and self._caught_up:
            self._feed.slow_consumers += 1
            raise SlowConsumer(self._seq)
        return events or await self._older()

    async def _older(self) -> Sequence[PrivateEvent]:
        """Read what the feed does not keep; the history may first have to come as far as the feed."""
        account_id, reached = self._ear.account_id, EngineSeq(self._feed.engine_seq)
        events = await self._history.after(account_id, self._seq, MAX_EVENTS)
        if not events:
            await self._history.reach(reached)
            events = await self._history.after(account_id, self._seq, MAX_EVENTS)
        if not events or events[0].account_seq != self._seq + 1:
            raise HistoryBegins(self._epoch, self._seq, events[0].account_seq if events else None)
        return events

    def _told(self, events: Sequence[PrivateEvent]) -> bytes:
        last_seq = events[-1].account_seq
        self._ear.hear(last_seq)  # the history may be ahead of the feed
        self._stand_at(last_seq)
        self._feed.speak(self._ear)
        return self._encoder.events(self._epoch, events)

    def _stand_at(self, account_seq: int) -> None:
        self._seq = account_seq
        self._caught_up = self._caught_up or account_seq == self._ear.tip
