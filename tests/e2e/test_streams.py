"""Market data through the edge: gRPC and grpc-web follow the same book, and find their way back."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from zlib import crc32

import pytest

from services.kernel.money import units_of
from tests.e2e.clients import Json
from tests.e2e.conftest import NewClient
from tests.e2e.trader import Trader

INSTRUMENT = "SOL-KK99"
PRICE_SCALE, QUANTITY_SCALE = 2, 3


@pytest.fixture(params=["grpc", "web"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Book:
    """A client's book: it believes nothing that the sequence or the checksum does not prove."""

    def __init__(self) -> None:
        self.seq = 0
        self.epoch = 0
        self.bids: dict[Decimal, Json] = {}
        self.asks: dict[Decimal, Json] = {}

    def take(self, message: Json) -> str:
        """Apply a message, and return its kind."""
        kind = next(name for name in ("snapshot", "update", "heartbeat") if name in message)
        if kind == "snapshot":
            self.bids, self.asks = {}, {}
        elif kind == "update":
            assert int(message["update"]["prev_seq"]) == self.seq
        for side, name in ((self.bids, "bids"), (self.asks, "asks")):
            for level in message[kind].get(name, []):
                side[Decimal(level["price"])] = level
                if not Decimal(level["quantity"]):
                    del side[Decimal(level["price"])]
        self.seq, self.epoch = int(message["seq"]), message["epoch"]
        assert message["checksum"] == self.checksum()
        return kind

    def checksum(self) -> int:
        top = [self.asks[price] for price in sorted(self.asks)[:10]]
        top += [self.bids[price] for price in sorted(self.bids, reverse=True)[:10]]
        numbers = (
            (units_of(level["price"], PRICE_SCALE), units_of(level["quantity"], QUANTITY_SCALE)) for level in top
        )
        return crc32(b"".join(n.to_bytes(8, "big", signed=True) for pair in numbers for n in pair))


async def test_a_book_is_followed_change_by_change_and_resumed(new_client: NewClient) -> None:
    trader = await Trader(new_client()).join(KK99="1000")
    book = Book()
    following = new_client().stream("market_data.MarketDataService/StreamBook", {"instrument": INSTRUMENT, "depth": 50})
    async with aclosing(following):
        assert book.take(await anext(following)) == "snapshot"
        placed = await trader.place(INSTRUMENT, "BUY", "2.000", "20.00")
        await _until(following, book, lambda: Decimal(20) in book.bids)
    await trader.cancel(placed["order"]["order_id"])
    request = {
        "instrument": INSTRUMENT,
        "depth": 50,
        "resume": {"epoch": book.epoch, "seq": str(book.seq)},
    }
    following = new_client().stream("market_data.MarketDataService/StreamBook", request)
    async with aclosing(following):
        kinds = await _until(following, book, lambda: Decimal(20) not in book.bids)
        assert "snapshot" not in kinds, "what was missed is still in the ring"


async def _until(following: AsyncIterator[Json], book: Book, seen: object) -> list[str]:
    assert callable(seen)
    kinds = []
    while not seen():
        kinds.append(book.take(await anext(following)))
    return kinds


async def test_trades_are_told_in_order(new_client: NewClient) -> None:
    seller = await Trader(new_client()).join(SOL="10")
    buyer = await Trader(new_client()).join(KK99="1000")
    following = new_client().stream("market_data.MarketDataService/StreamTrades", {"instrument": INSTRUMENT})
    async with aclosing(following):
        last = int((await anext(following))["seq"])
        for price in ("30.00", "30.01", "30.02"):
            await seller.place(INSTRUMENT, "SELL", "1.000", price)
        await buyer.place(INSTRUMENT, "BUY", "3.000", "30.02")
        trades: list[Json] = []
        while len(trades) < 3:
            trades += (await anext(following))["trades"]
    assert [trade["price"] for trade in trades] == ["30.00", "30.01", "30.02"]
    assert [int(trade["seq"]) for trade in trades] == [last + 1, last + 2, last + 3]
    assert {trade["taker_side"] for trade in trades} == {"SIDE_BUY"}
