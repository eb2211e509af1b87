"""market_data without sockets: a scripted engine, the mirror, the streams, and time that stands still."""

from collections.abc import Iterator
from contextlib import contextmanager

from exchange.market_data.v1 import market_data_service_pb2
from exchange.type.v1 import order_pb2 as t
from services.market_data import convert
from services.market_data.model.mirror import Mirror, Snapshot
from services.market_data.model.view import Resume
from services.market_data.usecases.stream_book import BookSubscription, StreamBook
from services.market_data.usecases.stream_trades import StreamTrades, TradeSubscription
from services.market_data.usecases.subscribers import Figures, Seats
from tests.fakes.market_data_engine import ScriptedEngine

BTC = "BTC-KK99"
BUY, SELL = t.SIDE_BUY, t.SIDE_SELL
SECOND_NS = 1_000_000_000

BookMessage = market_data_service_pb2.StreamBookResponse
TradeMessage = market_data_service_pb2.StreamTradesResponse


class Desk:
    def __init__(self, engine: ScriptedEngine | None = None, seats: int = 100) -> None:
        self.engine = engine or ScriptedEngine()
        self.mirror = Mirror()
        self.figures = Figures()
        shared = Seats(seats, self.figures)
        self.books = StreamBook(self.mirror, convert.BookMessages(), shared, self.figures)
        self.trades = StreamTrades(self.mirror, convert.TradeMessages(), shared, self.figures)
        self.now_ns = 0
        self.reload()

    def reload(self) -> None:
        """Begin anew from a snapshot of now."""
        parts = [convert.delivery(response) for response in self.engine.snapshot()]
        snapshot = Snapshot(self.engine.shard, self.engine.epoch, self.engine.engine_seq)
        for part in parts:
            assert part.part is not None
            snapshot.add(part.part.headings, part.part.resting)
        self.mirror.load(snapshot, {})
        self.mirror.live = True
        self.publish()

    def hear(self) -> None:
        """Take in what the engine logged, and publish nothing yet."""
        assert self.mirror.position is not None
        new = self.engine.blocks[self.mirror.position.engine_seq :]
        for block in convert.delivery(self.engine.deliver(new)).blocks:
            self.mirror.apply(block)

    def publish(self) -> None:
        self.books.publish(self.now_ns)
        self.trades.publish(self.now_ns)

    def tell(self) -> None:
        """Take in what the engine logged, and publish it."""
        self.hear()
        self.publish()

    def wait(self, nanoseconds: int) -> None:
        self.now_ns += nanoseconds
        self.books.beat(self.now_ns)
        self.trades.beat(self.now_ns)

    @contextmanager
    def book(self, depth: int = 10, resume: Resume | None = None, symbol: str = BTC) -> Iterator[BookSubscription]:
        with self.books.subscribe(symbol, depth, resume) as subscription:
            yield subscription

    @contextmanager
    def tape(self, resume: Resume | None = None, symbol: str = BTC) -> Iterator[TradeSubscription]:
        with self.trades.subscribe(symbol, resume) as subscription:
            yield subscription


def book_messages(subscription: BookSubscription) -> list[BookMessage]:
    """Return all that is due."""
    return [BookMessage.FromString(message) for message in iter(subscription.due, None)]


def trade_messages(subscription: TradeSubscription) -> list[TradeMessage]:
    """Return all that is due."""
    return [TradeMessage.FromString(message) for message in iter(subscription.due, None)]


def kinds(messages: list[BookMessage]) -> list[str | None]:
    return [message.WhichOneof("message") for message in messages]
