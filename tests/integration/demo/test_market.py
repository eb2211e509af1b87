"""The demo market against an exchange: it mirrors, trades, keeps to its rate, and leaves nothing behind."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest
from exchange.type.v1.order_pb2 import ORDER_TYPE_LIMIT, SIDE_BUY, TIME_IN_FORCE_GTC
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from stack.authority import authority_of
from stack.demo import ticker
from stack.demo.account import FUNDING, MAKER, TAKER, VISITOR, DemoAccount
from stack.demo.book import Book
from stack.demo.desk import QUOTED_LEVELS, QuotingDesk
from stack.demo.instruments import INSTRUMENTS
from stack.demo.market import DemoSettings, run
from stack.demo.protocol import Level
from stack.demo.public_market import PublicMarket
from stack.demo.rate import BURST_COMMANDS, MAX_COMMANDS_PER_S, TokenBucket
from stack.site import Site
from tests.fakes.exchange import FakeExchange
from tests.integration.demo.conftest import Edge

BTC = INSTRUMENTS[0]
WHOLE = 10**8
COMMANDS = {"PlaceOrder", "CancelOrder"}


def _book(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> Book:
    book = Book()
    book.replace(bids, asks)
    return book


def _around(price: int) -> Book:
    bids = tuple(((price - 2 * step) * WHOLE, WHOLE) for step in range(1, 4))
    asks = tuple(((price + 2 * step) * WHOLE, WHOLE) for step in range(1, 4))
    return _book(bids, asks)


def _prices(exchange: FakeExchange) -> tuple[list[int], list[int]]:
    bids, asks = exchange.book("BTC-KK99")
    return [int(price) for price in bids], [int(price) for price in asks]


def _bucket() -> TokenBucket:
    return TokenBucket(1_000.0, 100, asyncio.get_running_loop().time)


@asynccontextmanager
async def _while_running(*coroutines: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine()) for coroutine in coroutines]  # type: ignore[arg-type]
        yield
        for task in tasks:
            task.cancel()


@pytest.fixture
async def maker(edge: Edge) -> DemoAccount:
    account = DemoAccount(edge.channel, MAKER, SystemClock(), SystemEntropy())
    await account.open()
    return account


async def test_a_desk_mirrors_a_book_and_follows_it(edge: Edge, maker: DemoAccount) -> None:
    desk = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(desk.run):
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(
            lambda: _prices(edge.exchange) == ([59_998, 59_996, 59_994], [60_002, 60_004, 60_006])
        )
        desk.book_changed(_around(60_010))
        await edge.exchange.wait_until(
            lambda: _prices(edge.exchange) == ([60_008, 60_006, 60_004], [60_012, 60_014, 60_016])
        )
    assert len(edge.exchange.open_orders(MAKER.email)) == 6


async def test_a_filled_quote_is_placed_again(edge: Edge, maker: DemoAccount) -> None:
    desk = QuotingDesk(BTC, maker, _bucket())
    taker = DemoAccount(edge.channel, TAKER, SystemClock(), SystemEntropy())
    await taker.open()
    async with _while_running(desk.run):
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(lambda: len(edge.exchange.open_orders(MAKER.email)) == 6)
        await taker.place(_buy("60002.00", "0.1000"))
        assert len(edge.exchange.open_orders(MAKER.email)) == 5
        desk.traded()
        await edge.exchange.wait_until(lambda: len(edge.exchange.open_orders(MAKER.email)) == 6)


async def test_a_lost_book_takes_every_quote_out(edge: Edge, maker: DemoAccount) -> None:
    desk = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(desk.run):
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(lambda: len(edge.exchange.open_orders(MAKER.email)) == 6)
        before = {order.order_id for order in edge.exchange.open_orders(MAKER.email)}
        desk.book_lost()
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(
            lambda: (
                len(edge.exchange.open_orders(MAKER.email)) == 6
                and not before & {order.order_id for order in edge.exchange.open_orders(MAKER.email)}
            )
        )
    names = [name for _, name, _ in edge.exchange.commands if name in COMMANDS]
    assert names == ["PlaceOrder"] * 6 + ["CancelOrder"] * 6 + ["PlaceOrder"] * 6


async def test_the_quotes_of_an_earlier_run_are_adopted(edge: Edge, maker: DemoAccount) -> None:
    first = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(first.run):
        first.book_changed(_around(60_000))
        await edge.exchange.wait_until(lambda: len(edge.exchange.open_orders(MAKER.email)) == 6)
    commands = len(edge.exchange.commands)
    second = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(second.run):
        second.book_changed(_around(60_002))
        await edge.exchange.wait_until(
            lambda: _prices(edge.exchange) == ([60_000, 59_998, 59_996], [60_004, 60_006, 60_008])
        )
    assert len(edge.exchange.commands) == commands + 4


async def test_a_foreign_order_in_the_way_is_quoted_around(edge: Edge, maker: DemoAccount) -> None:
    visitor = DemoAccount(edge.channel, VISITOR, SystemClock(), SystemEntropy())
    await visitor.open()
    await visitor.place(_buy("60003.00", "0.0010"))
    desk = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(desk.run):
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(lambda: len(edge.exchange.open_orders(MAKER.email)) == 5)
    assert _prices(edge.exchange)[1] == [60_004, 60_006]


async def test_a_maker_out_of_money_is_funded_again(edge: Edge, maker: DemoAccount) -> None:
    edge.exchange.balances[MAKER.email]["KK99"] = Decimal(1)
    desk = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(desk.run):
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(lambda: edge.exchange.balances[MAKER.email]["KK99"] > FUNDING["KK99"])


async def test_withdrawing_leaves_no_order(edge: Edge, maker: DemoAccount) -> None:
    await maker.place(_buy("100.00", "1.0000"))
    await QuotingDesk(BTC, maker, _bucket()).withdraw()
    assert edge.exchange.open_orders(MAKER.email) == []


async def test_withdrawing_waits_for_an_order_on_its_way(edge: Edge, maker: DemoAccount) -> None:
    edge.exchange.slow_orders = 1
    desk = QuotingDesk(BTC, maker, _bucket())
    async with _while_running(desk.run):
        desk.book_changed(_around(60_000))
        await edge.exchange.wait_until(lambda: any(name == "PlaceOrder" for _, name, _ in edge.exchange.commands))
    await desk.withdraw()
    assert edge.exchange.open_orders(MAKER.email) == []


async def test_a_narrow_terminal_shows_the_instruments_that_fit(edge: Edge) -> None:
    markets = [PublicMarket(each, edge.channel, SystemEntropy(), lambda: None) for each in INSTRUMENTS]
    assert ticker.line(markets, 60) == "BTC-KK99 -/- last - 0.0/s   ETH-KK99 -/- last - 0.0/s"
    assert ticker.line(markets, 10) == "BTC-KK99 -"
    assert len(ticker.line(markets)) == 81


class Terminal(io.StringIO):
    """A terminal that tells when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self._written = asyncio.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._written.set()
        return super().write(text)

    async def wait_for(self, text: str) -> None:
        async with asyncio.timeout(30):
            while text not in self.getvalue():
                self._written.clear()
                await self._written.wait()


async def test_the_ticker_shows_what_the_public_streams_tell(edge: Edge, maker: DemoAccount) -> None:
    taker = DemoAccount(edge.channel, TAKER, SystemClock(), SystemEntropy())
    await taker.open()
    desk = QuotingDesk(BTC, maker, _bucket())
    market = PublicMarket(BTC, edge.channel, SystemEntropy(), desk.traded)
    terminal = Terminal()
    async with _while_running(desk.run, market.run, lambda: ticker.show([market], terminal)):
        desk.book_changed(_around(60_000))
        await terminal.wait_for("BTC-KK99 59998.00/60002.00 last - 0.0/s")
        await taker.place(_buy("60002.00", "0.0500"))
        await terminal.wait_for("BTC-KK99 59998.00/60002.00 last 60002.00 0.1/s")


async def test_the_whole_market_moves_keeps_its_rate_and_stops_clean(exchange: FakeExchange, tmp_path: Path) -> None:
    def traded() -> int:
        return min(len(exchange.trades(each.symbol)) for each in INSTRUMENTS)

    ca_file = authority_of(Site(tmp_path, 0)).certificate
    # The group ends the test at once if the market fails.
    async with asyncio.TaskGroup() as group:
        async with exchange.running() as address:
            settings = DemoSettings(address, ca_file, feed_port=0, live=False, seed=1, speed=1.0)
            market = group.create_task(run(settings))
            await exchange.wait_until(lambda: traded() > 2)
            full = 2 * QUOTED_LEVELS * len(INSTRUMENTS)
            await exchange.wait_until(lambda: len(exchange.open_orders(MAKER.email)) > full * 9 // 10)
        # The exchange is gone here, and comes back with what it knew.
        async with exchange.running():
            before = traded()
            await exchange.wait_until(lambda: traded() > before)
            market.cancel()
            await asyncio.wait([market])
    assert exchange.open_orders(MAKER.email) == []
    assert exchange.balances[VISITOR.email] == FUNDING
    seconds = Counter(int(at_s) for at_s, name, _ in exchange.commands if name in COMMANDS)
    # Beside the bucket's, a second may see what each desk and taker had in hand when the exchange went, and sent again.
    assert max(seconds.values()) <= MAX_COMMANDS_PER_S + BURST_COMMANDS + 2 * (2 * len(INSTRUMENTS))


def _buy(price: str, quantity: str) -> PlaceOrderRequest:
    return PlaceOrderRequest(
        instrument="BTC-KK99",
        side=SIDE_BUY,
        type=ORDER_TYPE_LIMIT,
        time_in_force=TIME_IN_FORCE_GTC,
        price=price,
        quantity=quantity,
    )
