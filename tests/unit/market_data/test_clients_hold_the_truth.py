"""Whatever happens, a client that applies what it gets holds the book as it was, at the number that it was told."""

from contextlib import ExitStack
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.market_data.errors import ResumeUnknown, SlowConsumer
from services.market_data.model.view import Resume
from services.market_data.usecases.stream_book import BookSubscription
from services.market_data.usecases.stream_trades import TradeSubscription
from tests.fakes.market_data_client import BookClient, TradeClient
from tests.fakes.market_data_engine import Levels, Side
from tests.unit.market_data.desk import BTC, BUY, SECOND_NS, SELL, BookMessage, Desk, TradeMessage

READER_DEPTHS = (1, 10, 10)
ACTIONS = (
    *["change"] * 20,
    *["tell"] * 10,
    *["read"] * 20,
    *["connect"] * 6,
    *["trade", "read_trades"] * 3,
    *["wait"] * 2,
    *["hear", "change_much", "disconnect", "connect_for_trades", "start_anew", "begin_epoch"],
)
"""What may happen, some of it more often."""


class Reader:
    """A client of a book that reads when it likes, and comes back where it stopped."""

    def __init__(self, desk: Desk, depth: int) -> None:
        self.depth = depth
        self.client = BookClient()
        self._desk = desk
        self._open = ExitStack()
        self._subscription: BookSubscription | None = None

    def connect(self, *, resume: bool) -> None:
        self.disconnect()
        place = Resume(self.client.epoch, self.client.seq) if resume and self.client.kinds else None
        try:
            self._subscription = self._open.enter_context(self._desk.book(self.depth, place))
        except ResumeUnknown:
            assert place is not None
            assert place.epoch != self._desk.mirror.epoch
            self.connect(resume=False)

    def disconnect(self) -> None:
        self._open.close()
        self._subscription = None

    def read(self, at_most: int) -> None:
        for _ in range(at_most):
            message = self._subscription.due() if self._subscription else None
            if message is None:
                return
            self.client.take(BookMessage.FromString(message))


class TapeReader:
    """A client of trades that reads when it likes, and comes back where it stopped."""

    def __init__(self, desk: Desk) -> None:
        self.client = TradeClient()
        self._desk = desk
        self._open = ExitStack()
        self._subscription: TradeSubscription | None = None

    def connect(self) -> None:
        self._open.close()
        place = None if self.client.seq is None else Resume(self.client.epoch, self.client.seq)
        try:
            self._subscription = self._open.enter_context(self._desk.tape(place))
        except ResumeUnknown:
            self.client = TradeClient()
            self._subscription = self._open.enter_context(self._desk.tape())

    def read(self, at_most: int) -> None:
        for _ in range(at_most):
            try:
                message = self._subscription.due() if self._subscription else None
            except (ResumeUnknown, SlowConsumer):
                return self.connect()
            if message is None:
                return None
            self.client.take(TradeMessage.FromString(message))
        return None


class World:
    """An engine, the streams, some clients, and the truth at every number that the book ever had."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.truth: dict[tuple[int, int], Levels] = {}
        self.readers = [Reader(self.desk, depth) for depth in READER_DEPTHS]
        self.tape_reader = TapeReader(self.desk)
        self._note()
        for reader in self.readers:
            reader.connect(resume=False)

    def act(self, action: str, number: int) -> None:
        """Do one thing; `number` decides how."""
        getattr(self, action)(number)
        self.check()

    def change(self, number: int) -> None:
        for turn in range(1 + number % 3):
            choice = number // 3 + turn * 7
            self._put((BUY, SELL)[choice % 2], choice // 2 % 15, choice // 30 % 3)

    def change_much(self, number: int) -> None:
        """Change a level so often, with a publication each time, that whoever does not read is slow."""
        for _ in range(number % 150):
            self._put(BUY, 3, self.desk.engine.markets[BTC].levels.get((BUY, 3), 0) % 7 + 1)
            self.trade(number)
            self.desk.tell()

    def trade(self, number: int) -> None:
        self.desk.engine.trade(BTC, number, 1)

    def hear(self, _number: int) -> None:
        self.desk.hear()

    def tell(self, _number: int) -> None:
        self.desk.tell()

    def wait(self, number: int) -> None:
        self.desk.wait(number % 15 * SECOND_NS // 10)

    def start_anew(self, _number: int) -> None:
        self.desk.reload()

    def begin_epoch(self, number: int) -> None:
        self.desk.engine.restore(max(1, self.desk.engine.engine_seq - number % 20))
        self._note()
        self.desk.reload()

    def connect(self, number: int) -> None:
        self._reader(number).connect(resume=number // len(READER_DEPTHS) % 4 != 0)

    def disconnect(self, number: int) -> None:
        self._reader(number).disconnect()

    def read(self, number: int) -> None:
        self._reader(number).read(at_most=1 + number // len(READER_DEPTHS) % 3)

    def connect_for_trades(self, _number: int) -> None:
        self.tape_reader.connect()

    def read_trades(self, number: int) -> None:
        self.tape_reader.read(at_most=1 + number % 3)

    def finish(self) -> None:
        """Let everyone read to the end."""
        self.desk.tell()
        for reader in self.readers:
            reader.connect(resume=True)
        self.tape_reader.connect()
        self.desk.wait(0)
        self.desk.wait(2 * SECOND_NS)
        self.tape_reader.read(1_000)
        for reader in self.readers:
            reader.read(1_000)
        market = self.desk.engine.markets[BTC]
        assert {reader.client.seq for reader in self.readers} == {market.book_seq}
        assert self.tape_reader.client.seq == market.trade_seq
        self.check()

    def check(self) -> None:
        for reader in self.readers:
            client = reader.client
            if client.kinds:
                assert client.levels() == _top(self.truth[client.epoch, client.seq], reader.depth)

    def _reader(self, number: int) -> Reader:
        return self.readers[number % len(self.readers)]

    def _put(self, side: Side, price: int, quantity: int) -> None:
        if quantity or (side, price) in self.desk.engine.markets[BTC].levels:
            self.desk.engine.put(BTC, side, price, quantity)
            self._note()

    def _note(self) -> None:
        market = self.desk.engine.markets[BTC]
        self.truth[self.desk.engine.epoch, market.book_seq] = dict(market.levels)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10_000)), min_size=50, max_size=200))
def test_clients_hold_the_truth(actions: list[tuple[str, int]]) -> None:
    world = World()
    for action, number in actions:
        world.act(action, number)
    world.finish()


def _top(levels: Levels, depth: int) -> dict[tuple[Any, int], int]:
    bids = sorted((price for side, price in levels if side == BUY), reverse=True)[:depth]
    asks = sorted(price for side, price in levels if side == SELL)[:depth]
    return {(BUY, price): levels[BUY, price] for price in bids} | {(SELL, price): levels[SELL, price] for price in asks}
