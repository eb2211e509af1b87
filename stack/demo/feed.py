"""The feed adapter: one combined stream, kept connected, and a book for each of its symbols.

Rules: 1. the stream is opened before any snapshot is asked for; 2. one snapshot at a time, so a reconnect does not
spend the venue's request weight at once; 3. whatever cannot be understood or repaired ends the connection, and a new
one starts from nothing, after a delay that grows to a bound. The WebSocket library answers pings and sends its own.
Everything runs on one event loop; the listener is called from it and must not block.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from stack.demo.backoff import Backoff
from stack.demo.protocol import DepthUpdate, MalformedMessageError, ServerShutdown, Trade, parse_event
from stack.demo.rest import SnapshotUnavailableError, fetch_snapshot
from stack.demo.sync import BookListener, BookSync
from stack.demo.venue import Venue

MAX_CONNECTION_AGE_S = 23.5 * 3600
"""The venue cuts a connection after 24 hours; leaving before that is a choice of moment."""
MAX_SNAPSHOT_ATTEMPTS = 5
MAX_FRAME_BYTES = 1 << 20
MAX_STREAMS = 1024

_log = logging.getLogger(__name__)


class FeedListener(BookListener, Protocol):
    """Who watches the books and the trades."""

    def traded(self, trade: Trade) -> None:
        """Take a trade that happened at the venue."""


class FeedInterruptedError(Exception):
    """The connection is of no more use."""


class Feed:
    """Follows the books and trades of some symbols of one venue."""

    def __init__(
        self,
        venue: Venue,
        symbols: Sequence[str],
        listener: FeedListener,
        backoff: Backoff,
        max_age_s: float = MAX_CONNECTION_AGE_S,
    ) -> None:
        if not 0 < 2 * len(symbols) <= MAX_STREAMS:
            raise ValueError(f"one connection carries two streams a symbol, at most {MAX_STREAMS}")
        self._venue = venue
        self._symbols = tuple(symbols)
        self._listener = listener
        self._backoff = backoff
        self._max_age_s = max_age_s

    async def run(self) -> None:
        """Follow the venue until cancelled, through every loss of the connection."""
        while True:
            try:
                await self._connect()
            except* (FeedInterruptedError, MalformedMessageError, OSError, WebSocketException) as lost:
                _log.warning("feed interrupted: %s", "; ".join(str(error) or repr(error) for error in _leaves(lost)))
            await asyncio.sleep(self._backoff.next_delay_s())

    async def _connect(self) -> None:
        url = self._venue.stream_url(self._symbols)
        async with connect(url, max_size=MAX_FRAME_BYTES, proxy=None) as stream:
            session = _Session(self._venue, self._symbols, self._listener, self._backoff)
            try:
                async with asyncio.timeout(self._max_age_s):
                    await session.run(stream)
            except TimeoutError:
                raise FeedInterruptedError("the connection is old enough") from None
            finally:
                session.lose_books()


class _Session:
    """One connection, from its first frame to its end."""

    def __init__(self, venue: Venue, symbols: Sequence[str], listener: FeedListener, backoff: Backoff) -> None:
        self._venue = venue
        self._listener = listener
        self._backoff = backoff
        self._books = {symbol: BookSync(symbol, venue.dialect, listener) for symbol in symbols}
        self._wanted: asyncio.Queue[str] = asyncio.Queue()

    async def run(self, stream: ClientConnection) -> None:
        """Read until the connection ends or is given up, which raises."""
        for symbol in self._books:
            self._wanted.put_nowait(symbol)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._load_snapshots())
            group.create_task(self._read(stream))

    def lose_books(self) -> None:
        """Tell the listener that nothing shown so far holds."""
        for book in self._books.values():
            book.lose()

    async def _read(self, stream: ClientConnection) -> None:
        async for frame in stream:
            self._take(frame)
        raise FeedInterruptedError("the venue closed the connection")

    def _take(self, frame: str | bytes) -> None:
        match parse_event(frame, self._venue.dialect):
            case DepthUpdate() as update:
                self._offer(update)
            case Trade() as trade:
                self._listener.traded(trade)
            case ServerShutdown():
                raise FeedInterruptedError("the venue shuts the server down")

    def _offer(self, update: DepthUpdate) -> None:
        book = self._books.get(update.symbol)
        if book is None:
            raise FeedInterruptedError(f"an update of {update.symbol}, which was not asked for")
        had_book = not book.needs_snapshot
        book.offer(update)
        if had_book and book.needs_snapshot:
            _log.info("gap before update %d of %s", update.first_id, update.symbol)
            self._wanted.put_nowait(update.symbol)

    async def _load_snapshots(self) -> None:
        while True:
            symbol = await self._wanted.get()
            await self._load_snapshot(symbol)

    async def _load_snapshot(self, symbol: str) -> None:
        book = self._books[symbol]
        for _ in range(MAX_SNAPSHOT_ATTEMPTS):
            if await self._try_snapshot(symbol):
                self._backoff.reset()
            if not book.needs_snapshot:
                return
        raise FeedInterruptedError(f"no snapshot of {symbol} fits its updates")

    async def _try_snapshot(self, symbol: str) -> bool:
        try:
            if self._books[symbol].load(await fetch_snapshot(self._venue, symbol)):
                return True
            wait_s = 0.0
        except SnapshotUnavailableError as error:
            _log.info("no snapshot: %s", error)
            wait_s = error.retry_after_s
        await asyncio.sleep(max(wait_s, self._backoff.next_delay_s()))
        return False


def _leaves(group: BaseExceptionGroup) -> list[BaseException]:
    parts = (_leaves(part) if isinstance(part, BaseExceptionGroup) else [part] for part in group.exceptions)
    return [leaf for part in parts for leaf in part]
