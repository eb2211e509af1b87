"""Binance's published procedure for a local book, without any I/O.

1. Updates that arrive before a snapshot are buffered.
2. A snapshot is taken only if no update between it and the first one still needed is missing: spot, that update
   starts at most one after `last_id`; futures, it spans `last_id`, or names it as the update before.
3. From then on an update must follow the one before: spot, `first_id` is at most one after it; futures,
   `previous_id` is it. Anything else is a gap: the book is lost, and the procedure starts again.
4. An update that the book already covers is ignored, so duplicates and late arrivals change nothing.

The listener sees the book after every message, in order, and never one with a hole in it.
"""

from collections import deque
from enum import Enum, auto
from typing import Protocol

from stack.demo.book import Book
from stack.demo.protocol import DepthSnapshot, DepthUpdate, Dialect

MAX_BUFFERED_UPDATES = 10_000
"""While no snapshot comes, the oldest update is dropped beyond this; a later snapshot then covers it, or is refused."""


class BookListener(Protocol):
    """Who watches the books."""

    def book_changed(self, symbol: str, book: Book, last_id: int) -> None:
        """Look at the book, which now shows everything up to the update `last_id`."""

    def book_lost(self, symbol: str) -> None:
        """Forget what was shown of the book, until the next book_changed."""


class _Place(Enum):
    """Where an update stands against the book."""

    COVERED = auto()
    NEXT = auto()
    GAP = auto()


class BookSync:
    """One symbol's book and where it stands in the procedure."""

    def __init__(self, symbol: str, dialect: Dialect, listener: BookListener) -> None:
        self._symbol = symbol
        self._dialect = dialect
        self._listener = listener
        self._book = Book()
        self._buffer: deque[DepthUpdate] = deque(maxlen=MAX_BUFFERED_UPDATES)
        self._last_id: int | None = None
        self._spanned = False

    @property
    def needs_snapshot(self) -> bool:
        """Whether there is no book to show."""
        return self._last_id is None

    def offer(self, update: DepthUpdate) -> None:
        """Take the next update of the stream; a gap leaves the book in need of a snapshot."""
        if self._last_id is None:
            self._buffer.append(update)
            return
        match self._place(update, self._last_id):
            case _Place.NEXT:
                self._advance(update)
            case _Place.GAP:
                self.lose()
                self._buffer.append(update)

    def load(self, snapshot: DepthSnapshot) -> bool:
        """Start from the snapshot and all that is buffered; False, and no effect, if it is too old for the buffer."""
        self._spanned = False
        while self._buffer and self._place(self._buffer[0], snapshot.last_id) is _Place.COVERED:
            self._buffer.popleft()
        if self._buffer and self._place(self._buffer[0], snapshot.last_id) is _Place.GAP:
            return False
        self._book.replace(snapshot.bids, snapshot.asks)
        self._show(snapshot.last_id)
        waiting = list(self._buffer)
        self._buffer.clear()
        for update in waiting:
            self.offer(update)
        return True

    def lose(self) -> None:
        """Give the book up, as after a gap or a lost connection."""
        if self._last_id is not None:
            self._last_id = None
            self._listener.book_lost(self._symbol)

    def _place(self, update: DepthUpdate, last_id: int) -> _Place:
        if self._dialect is Dialect.SPOT:
            covered, follows = update.last_id <= last_id, update.first_id <= last_id + 1
        elif self._spanned:
            covered, follows = update.last_id <= last_id, update.previous_id == last_id
        else:
            covered = update.last_id < last_id
            # To name it as the one before is as good as to span it, and all that a quiet symbol may ever send.
            follows = update.first_id <= last_id or update.previous_id == last_id
        if covered:
            return _Place.COVERED
        return _Place.NEXT if follows else _Place.GAP

    def _advance(self, update: DepthUpdate) -> None:
        self._book.change(update.bids, update.asks)
        self._spanned = True
        self._show(update.last_id)

    def _show(self, last_id: int) -> None:
        self._last_id = last_id
        self._listener.book_changed(self._symbol, self._book, last_id)
