"""Follow an account: each private event once, in order, without a gap, from anywhere in its life; or all of a firm's.

1. The engine is asked for the account first: it tells the last event's number, and the state at it for a snapshot. A
   snapshot thus needs no history, and is as new as the engine's journal.
2. What follows comes from the feed, which knows an event once it is durable in the engine's journal: the stream waits
   for no database. What the feed no longer keeps comes from the history, until the stream has caught up.
3. Once it has caught up, a stream that needs an event which the feed no longer keeps is slow, and ends as that.
4. A firm's stream is that for each of its accounts. They take turns, so a busy one holds up none, and one that is heard
   of for the first time joins with its whole life. The feed knows them by their numbers: nobody is asked.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from datetime import timedelta

from services.kernel.firm import MAX_SUBACCOUNTS, firm_of, subaccount
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Refusal
from services.orders.errors import HistoryBegins, ResumeUnknown, SlowConsumer
from services.orders.model.account_stream import AccountState, Places, PrivateEvent
from services.orders.ports import AccountEncoder, AccountHistory, AccountStates
from services.orders.usecases.account_feed import AccountFeed, Ear, not_live

MAX_EVENTS = 500
"""Events in one message."""

REACH_LIMIT = timedelta(seconds=2)
"""How long the feed may take to come as far as the engine was when the stream was opened."""

UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"


class StreamAccount:
    """Opens private streams."""

    def __init__(
        self, feed: AccountFeed, states: AccountStates, history: AccountHistory, encoder: AccountEncoder
    ) -> None:
        self._feed = feed
        self._states = states
        self._history = history
        self._encoder = encoder

    async def follow(
        self, account_id: AccountId, resume: Places | None, *, whole_firm: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield message after message at the reader's pace; ends only by a refusal.

        `LimitExceeded`, `ResumeUnknown`, `SlowConsumer`, `Unavailable`, and those of `AccountStates`.
        """
        assert not whole_firm or account_id == firm_of(account_id)
        with self._feed.listen(account_id, whole_firm=whole_firm) as ear:
            cursor = _Cursor(self._feed, self._history, self._encoder, ear)
            async with aclosing(self._members(ear)) as states:
                async for state in states:
                    await self._feed.reach(state.engine_seq, REACH_LIMIT)
                    for message in cursor.begin(state, resume):
                        yield message
            cursor.require_all_of(resume)
            yield cursor.heartbeat()
            while True:
                yield await cursor.next()

    async def _members(self, ear: Ear) -> AsyncGenerator[AccountState]:
        """Ask for the account, or one after the other for each of the firm that the engine knows."""
        yield await self._states.account(ear.account_id)
        if ear.whole_firm:
            async for state in self._subaccounts(ear.account_id):
                yield state

    async def _subaccounts(self, firm: AccountId) -> AsyncIterator[AccountState]:
        for number in range(1, MAX_SUBACCOUNTS + 1):
            try:
                yield await self._states.account(subaccount(firm, number))
            except Refusal as refusal:
                if refusal.reason != UNKNOWN_ACCOUNT:
                    raise
                return  # they are opened in the order of their numbers


class _Cursor:
    """Where one subscriber stands: it was told everything of each account up to its place."""

    def __init__(self, feed: AccountFeed, history: AccountHistory, encoder: AccountEncoder, ear: Ear) -> None:
        self._feed = feed
        self._history = history
        self._encoder = encoder
        self._ear = ear
        self._epoch = feed.epoch
        self._places: dict[AccountId, int] = {}
        self._caught_up: set[AccountId] = set()

    def begin(self, state: AccountState, resume: Places | None) -> Iterable[bytes]:
        """Begin with the account's state, or after what the subscriber has of it; raises `ResumeUnknown`."""
        account_id = state.account_id
        self._ear.hear(account_id, state.account_seq)
        if resume is None:
            self._stand_at(account_id, state.account_seq)
            return self._encoder.snapshot(self._epoch, state)
        account_seq = resume.account_seqs.get(account_id, 0)
        if resume.epoch != self._epoch or account_seq > self._ear.tips[account_id]:
            raise ResumeUnknown(resume.epoch, account_id, account_seq)
        self._stand_at(account_id, account_seq)
        return ()

    def require_all_of(self, resume: Places | None) -> None:
        """Raise `ResumeUnknown` if the subscriber names an account that is none of those which it may follow."""
        for account_id, account_seq in resume.account_seqs.items() if resume else ():
            if account_id not in self._places:
                raise ResumeUnknown(self._epoch, account_id, account_seq)

    def heartbeat(self) -> bytes:
        """Write a sign of life."""
        self._feed.speak(self._ear)
        account_id = self._ear.account_id
        tip = self._ear.tips[account_id]
        places = self._places if self._ear.whole_firm else {}
        return self._encoder.heartbeat(self._epoch, account_id, self._places[account_id], tip, places)

    async def next(self) -> bytes:
        """Wait for the next message; raises what ends the stream."""
        while (behind := self._behind()) is None and not self._ear.void:
            if self._ear.beat_due:
                return self.heartbeat()
            await self._ear.news()
        if self._ear.void or behind is None:
            raise not_live()
        return self._told(behind, await self._following(behind))

    def _behind(self) -> AccountId | None:
        """Return the account whose turn it is, if there is any with more to tell."""
        heard = self._ear.heard
        while heard:
            account_id = next(iter(heard))
            if self._places.get(account_id, 0) < self._ear.tips[account_id]:
                return account_id
            del heard[account_id]
        return None

    async def _following(self, account_id: AccountId) -> Sequence[PrivateEvent]:
        place = self._places.setdefault(account_id, 0)
        events = self._feed.recent.after(account_id, place, MAX_EVENTS)
        if events is None and account_id in self._caught_up:
            self._feed.slow_consumers += 1
            raise SlowConsumer(account_id, place)
        return events or await self._older(account_id, place)

    async def _older(self, account_id: AccountId, place: int) -> Sequence[PrivateEvent]:
        """Read what the feed does not keep; the history may first have to come as far as the feed."""
        reached = EngineSeq(self._feed.engine_seq)
        events = await self._history.after(account_id, place, MAX_EVENTS)
        if not events:
            await self._history.reach(reached)
            events = await self._history.after(account_id, place, MAX_EVENTS)
        if not events or events[0].account_seq != place + 1:
            raise HistoryBegins(self._epoch, account_id, place, events[0].account_seq if events else None)
        return events

    def _told(self, account_id: AccountId, events: Sequence[PrivateEvent]) -> bytes:
        last_seq = events[-1].account_seq
        self._ear.hear(account_id, last_seq)  # the history may be ahead of the feed
        self._stand_at(account_id, last_seq)
        self._feed.speak(self._ear)
        return self._encoder.events(self._epoch, events)

    def _stand_at(self, account_id: AccountId, account_seq: int) -> None:
        self._places[account_id] = account_seq
        self._ear.heard.pop(account_id, None)
        if account_seq < self._ear.tips[account_id]:
            self._ear.heard[account_id] = None  # the others come first now
        else:
            self._caught_up.add(account_id)
