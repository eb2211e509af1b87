"""Follow a book: all subscribers of one book at one depth share a channel, and each message of it is encoded once.

1. A subscriber is a cursor, the (epoch, seq) of the last message it took; nothing is queued for it. So `prev_seq` is
   always what it was sent last, a slow reader costs no memory, and resuming is the same as being late.
2. At each tick a channel moves to the book as it is, if what it shows changed. Whoever stood at the view before takes
   the one shared update; whoever missed views takes one update over all of them.
3. Who missed more than `MAX_MISSED` views is a slow consumer, and takes the shared snapshot.
4. A change outside the depth moves no view; the next sign of life carries its number, as an update without levels.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.market_data.errors import ResumeUnknown
from services.market_data.model.mirror import Market, Mirror
from services.market_data.model.view import Resume, SnapshotReason, View
from services.market_data.model.window import Window, changes
from services.market_data.ports import BookEncoder
from services.market_data.usecases.markets import listed_market, live_market
from services.market_data.usecases.subscribers import MAX_MISSED, Bell, Channels, Figures, Pulse, Seats


class BookChannel:
    """What the subscribers of one book at one depth are told, in ready bytes."""

    def __init__(self, mirror: Mirror, symbol: str, depth: int, encoder: BookEncoder, figures: Figures) -> None:
        self._mirror = mirror
        self._symbol = symbol
        self._depth = depth
        self._encoder = encoder
        self.figures = figures
        self.bell = Bell()
        self.pulse = Pulse()
        self.view = self._current(self.market())
        self.views = 0
        """How many views there were before this one."""
        self._before = self.view
        self._looked_at = self.view.seq
        """Change up to which the book is known to show as in the view."""
        self._encoded: dict[SnapshotReason | int | None, bytes] = {}
        """What was encoded of this view: snapshots by reason, updates by the seq they start from, the heartbeat."""

    def market(self) -> Market:
        """Return the market; raises `UnknownInstrument` if a new history lacks it."""
        return listed_market(self._mirror, self._symbol)

    def publish(self, now_ns: int) -> None:
        """Move to the book as it is, if that shows."""
        market = self._mirror.market(self._symbol)
        if market is None:
            self.bell.ring()
        elif self._mirror.epoch != self.view.epoch or market.book.seq != self._looked_at:
            self._look(self._current(market), now_ns)

    def beat(self, now_ns: int) -> None:
        """Give a sign of life if one is due."""
        if self._mirror.market(self._symbol) is not None and self.pulse.due(now_ns):
            self.catch_up()
            self.bell.ring()

    def catch_up(self) -> None:
        """Move to the book as it is, whether that shows or not."""
        market = self.market()
        if market.book.seq != self.view.seq:
            self._move(self._current(market))

    def snapshot(self, reason: SnapshotReason) -> bytes:
        """Return the view in full."""
        return self._once(reason, lambda: self._encoder.snapshot(self.market().instrument, self.view, reason))

    def update(self, seq: int) -> bytes | None:
        """Return what leads from `seq` to the view; None if the changes since are no longer kept."""
        if seq in self._encoded:
            return self._encoded[seq]
        before = self._window_at(seq)
        if before is None:
            return None
        changed = changes(before, self.view.window)
        return self._once(seq, lambda: self._encoder.update(self.market().instrument, self.view, seq, changed))

    def heartbeat(self) -> bytes:
        """Return the sign of life."""
        return self._once(None, lambda: self._encoder.heartbeat(self.view))

    def _look(self, view: View, now_ns: int) -> None:
        self._looked_at = view.seq
        if (view.epoch, view.window) != (self.view.epoch, self.view.window):
            self._move(view)
            self.pulse.spoke(now_ns)

    def _move(self, view: View) -> None:
        self._before, self.view = self.view, view
        self._looked_at = view.seq
        self.views += 1
        self._encoded.clear()
        self.bell.ring()

    def _window_at(self, seq: int) -> Window | None:
        if (self._before.epoch, self._before.seq) == (self.view.epoch, seq):
            return self._before.window
        return self.market().book.window_at(seq, self._depth)

    def _current(self, market: Market) -> View:
        return View.of(self._mirror.epoch, market.book.seq, market.book.window(self._depth))

    def _once(self, key: SnapshotReason | int | None, encode: Callable[[], bytes]) -> bytes:
        if key not in self._encoded:
            self._encoded[key] = self.figures.encoded(encode())
        return self._encoded[key]


class BookSubscription:
    """One subscriber's place in a channel: it takes message after message at its own pace."""

    def __init__(self, channel: BookChannel, resume: Resume | None) -> None:
        """Start from now, or after `resume`; raises `ResumeUnknown` for another epoch, or one ahead of the book."""
        self._channel = channel
        self._epoch, self._seq, self._views = channel.view.epoch, -1, channel.views
        self._beats = -1
        self._in_full: SnapshotReason | None = SnapshotReason.SUBSCRIBED
        """Why the next message is a snapshot, if it is."""
        self._if_lost = SnapshotReason.SLOW_CONSUMER
        """Why a snapshot comes if the changes after `_seq` are no longer kept."""
        if resume is not None:
            self._check(resume)
            self._seq, self._in_full, self._if_lost = resume.seq, None, SnapshotReason.RESUME_TOO_OLD

    async def take(self) -> bytes:
        """Wait for the next message; raises `UnknownInstrument` if a new history lacks the instrument."""
        while (message := self.due()) is None:
            await self._channel.bell.heard()
        return message

    def _check(self, resume: Resume) -> None:
        if resume.seq > self._channel.view.seq:
            self._channel.catch_up()
        if resume.epoch != self._channel.view.epoch or resume.seq > self._channel.view.seq:
            raise ResumeUnknown(resume.epoch, resume.seq)

    def due(self) -> bytes | None:
        """Return the next message, or None if there is none yet; raises as `take` does."""
        channel = self._channel
        channel.market()  # still listed?
        if channel.view.epoch != self._epoch:
            self._in_full = SnapshotReason.NEW_EPOCH
        if self._in_full:
            return self._snapshot(self._in_full)
        if channel.view.seq != self._seq:
            return self._update()
        if channel.pulse.beats != self._beats:
            self._beats = channel.pulse.beats
            return channel.heartbeat()
        return None

    def _update(self) -> bytes:
        late = self._channel.views - self._views > MAX_MISSED
        message = None if late else self._channel.update(self._seq)
        if message is None:
            return self._snapshot(self._if_lost)
        self._stand_at_view()
        return message

    def _snapshot(self, reason: SnapshotReason) -> bytes:
        if reason is SnapshotReason.SLOW_CONSUMER:
            self._channel.figures.slow_consumers += 1
        self._stand_at_view()
        return self._channel.snapshot(reason)

    def _stand_at_view(self) -> None:
        view = self._channel.view
        self._epoch, self._seq, self._views = view.epoch, view.seq, self._channel.views
        self._in_full, self._if_lost = None, SnapshotReason.SLOW_CONSUMER


class StreamBook:
    """All channels of books."""

    def __init__(self, mirror: Mirror, encoder: BookEncoder, seats: Seats, figures: Figures) -> None:
        def channel(key: tuple[str, int]) -> BookChannel:
            return BookChannel(mirror, *key, encoder, figures)

        self._mirror = mirror
        self._channels = Channels(seats, channel)

    @contextmanager
    def subscribe(self, symbol: str, depth: int, resume: Resume | None) -> Iterator[BookSubscription]:
        """Hold a place in a channel; raises `UnknownInstrument`, `NotLive`, `LimitExceeded` or `ResumeUnknown`."""
        live_market(self._mirror, symbol)
        with self._channels.listen((symbol, depth)) as channel:
            yield BookSubscription(channel, resume)

    def publish(self, now_ns: int) -> None:
        """Move every channel to its book as it is; `now_ns` counts nanoseconds since whenever."""
        for channel in self._channels:
            channel.publish(now_ns)

    def beat(self, now_ns: int) -> None:
        """Give the signs of life that are due; only while the mirror is live."""
        for channel in self._channels:
            channel.beat(now_ns)
