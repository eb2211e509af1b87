"""What everyone can see of the exchange: a book and the trades of one instrument, from the public streams.

The client's side of the book protocol: a message that is not newer is ignored; one that does not follow, or whose
checksum differs, ends the subscription, and the next one resumes from the last good position, or starts anew after
two failures within a minute.
"""

import asyncio
import logging
import struct
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import grpc

from exchange.market_data.v1.book_pb2 import BookSnapshot, BookUpdate, PriceLevel, Resume
from exchange.market_data.v1.market_data_service_pb2 import (
    StreamBookRequest,
    StreamBookResponse,
    StreamTradesRequest,
    StreamTradesResponse,
)
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from services.kernel.entropy import Entropy
from stack.demo.backoff import Backoff
from stack.demo.book import Book
from stack.demo.edge import pauses
from stack.demo.instruments import DemoInstrument
from stack.demo.protocol import Level

CHECKSUM_LEVELS = 10
MAX_RESUMES = 2
RESUME_WINDOW_S = 60.0
TRADE_RATE_WINDOW_S = 10.0
MAX_RATED_TRADES = 1000

_log = logging.getLogger(__name__)


class PublicBook(Book):
    """The top of a book, as the stream tells it; prices in ticks, quantities in lots."""

    def __init__(self, instrument: DemoInstrument) -> None:
        super().__init__()
        self._instrument = instrument
        self.position: Resume | None = None

    def apply(self, message: StreamBookResponse) -> bool:
        """Take the next message; False if it does not fit what came before."""
        match message.WhichOneof("message"):
            case "snapshot":
                self.replace(*self._sides(message.snapshot))
            case "update":
                if self.position is None or message.epoch != self.position.epoch:
                    return False
                if message.seq <= self.position.seq:
                    return True
                if message.update.prev_seq != self.position.seq:
                    return False
                self.change(*self._sides(message.update))
            case _:
                return self.position == Resume(epoch=message.epoch, seq=message.seq)
        if message.checksum != self._checksum():
            return False
        self.position = Resume(epoch=message.epoch, seq=message.seq)
        return True

    def forget(self) -> None:
        """Start from nothing: the next message must be a snapshot."""
        self.replace((), ())
        self.position = None

    def _sides(self, told: BookSnapshot | BookUpdate) -> tuple[list[Level], list[Level]]:
        return self._levels(told.bids), self._levels(told.asks)

    def _levels(self, told: Iterable[PriceLevel]) -> list[Level]:
        return [(self._instrument.price_of(each.price), self._instrument.lots_of(each.quantity)) for each in told]

    def _checksum(self) -> int:
        levels = self.best_asks(CHECKSUM_LEVELS) + self.best_bids(CHECKSUM_LEVELS)
        return zlib.crc32(b"".join(struct.pack(">qq", price, lots) for price, lots in levels))


class PublicMarket:
    """One instrument's book, last price and rate of trades, followed through every restart of the servers."""

    def __init__(
        self, instrument: DemoInstrument, channel: grpc.aio.Channel, entropy: Entropy, traded: Callable[[], None]
    ) -> None:
        self.instrument = instrument
        self.book = PublicBook(instrument)
        self.last_price: int | None = None
        self._stub = MarketDataServiceStub(channel)
        self._entropy = entropy
        self._traded = traded
        self._failures: deque[float] = deque(maxlen=MAX_RESUMES)
        self._trades_at_s: deque[float] = deque(maxlen=MAX_RATED_TRADES)

    async def run(self) -> None:
        """Follow both streams until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self._read_book))
            group.create_task(self._follow(self._read_trades))

    def trades_per_s(self) -> float:
        """Give the rate of trades over the last TRADE_RATE_WINDOW_S."""
        since_s = _now_s() - TRADE_RATE_WINDOW_S
        return sum(at_s > since_s for at_s in self._trades_at_s) / TRADE_RATE_WINDOW_S

    async def _follow(self, read_stream: Callable[[Backoff], Awaitable[None]]) -> None:
        backoff = pauses(self._entropy)
        while True:
            try:
                await read_stream(backoff)
            except grpc.aio.AioRpcError as error:
                _log.info("%s: %s", self.instrument.symbol, error.details())
            await asyncio.sleep(backoff.next_delay_s())

    async def _read_book(self, backoff: Backoff) -> None:
        if len(self._failures) == MAX_RESUMES and self._failures[0] > _now_s() - RESUME_WINDOW_S:
            self.book.forget()
        request = StreamBookRequest(instrument=self.instrument.symbol, depth=CHECKSUM_LEVELS, resume=self.book.position)
        stream = self._stub.StreamBook(request)
        try:
            async for message in stream:
                if not self.book.apply(message):
                    _log.warning("%s: book message %d does not fit", self.instrument.symbol, message.seq)
                    self._failures.append(_now_s())
                    stream.cancel()
                    return
                backoff.reset()
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.OUT_OF_RANGE:
                # The position is of a history that is gone.
                self.book.forget()
            raise

    async def _read_trades(self, backoff: Backoff) -> None:
        # From now on, not from where an interrupted stream stood: the ticker shows the present.
        async for message in self._stub.StreamTrades(StreamTradesRequest(instrument=self.instrument.symbol)):
            backoff.reset()
            self._take_trades(message)

    def _take_trades(self, message: StreamTradesResponse) -> None:
        for trade in message.trades:
            self.last_price = self.instrument.price_of(trade.price)
            self._trades_at_s.append(_now_s())
        if message.trades:
            self._traded()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
