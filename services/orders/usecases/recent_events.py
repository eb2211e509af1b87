"""The latest private events of all accounts, so that who comes back soon needs no history.

1. An account's events are kept without a gap: its oldest go first.
2. Bounded for each account by `EVENTS_PER_ACCOUNT`, and for all together by `max_bytes`: the oldest of all go first.
3. One event loop, no locks.
"""

from collections import Counter, deque
from collections.abc import Sequence
from itertools import islice

from services.kernel.ids import AccountId
from services.orders.model.account_stream import PrivateEvent

EVENTS_PER_ACCOUNT = 10_000
"""Events of one account that are kept; a subscriber that is further behind is slow."""

BYTES_BESIDE = 256
"""What keeping an event takes beside its content, about."""


class OutOfStep(Exception):  # noqa: N818 - named as what it says
    """A private event is not the one after the last: something was lost on the way."""


class RecentEvents:
    """A window of the latest events, for each account without a gap."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._events: dict[AccountId, deque[PrivateEvent]] = {}
        self._order: deque[AccountId] = deque()
        """Whose event came when, the oldest first."""
        self._gone_early: Counter[AccountId] = Counter()
        """Entries in `_order` whose events the limit of their account took before."""
        self.bytes_kept = 0

    def append(self, event: PrivateEvent) -> None:
        """Take in an account's next event; raises `OutOfStep` if it is not the next."""
        kept = self._events.get(event.account_id)
        if kept is None:
            kept = self._events[event.account_id] = deque()
        elif kept[-1].account_seq + 1 != event.account_seq:
            raise OutOfStep(f"account {event.account_id}: {event.account_seq} came after {kept[-1].account_seq}")
        kept.append(event)
        self._order.append(event.account_id)
        self.bytes_kept += len(event.content) + BYTES_BESIDE
        if len(kept) > EVENTS_PER_ACCOUNT:
            self._drop(event.account_id)
            self._gone_early[event.account_id] += 1
        while self.bytes_kept > self._max_bytes:
            self._drop_oldest()

    def after(self, account_id: AccountId, account_seq: int, limit: int) -> Sequence[PrivateEvent] | None:
        """Return the first events after number `account_seq`; None if the next one is not kept."""
        kept = self._events.get(account_id)
        if kept is None:
            return None
        skipped = account_seq + 1 - kept[0].account_seq
        if not 0 <= skipped < len(kept):
            return None
        return list(islice(kept, skipped, skipped + limit))

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self._order.clear()
        self._gone_early.clear()
        self.bytes_kept = 0

    def _drop_oldest(self) -> None:
        account_id = self._order.popleft()
        if not self._gone_early[account_id]:
            self._drop(account_id)
            return
        self._gone_early[account_id] -= 1
        if not self._gone_early[account_id]:
            del self._gone_early[account_id]

    def _drop(self, account_id: AccountId) -> None:
        kept = self._events[account_id]
        gone = kept.popleft()
        if not kept:
            del self._events[account_id]
        self.bytes_kept -= len(gone.content) + BYTES_BESIDE
