"""The demo market as a whole: the only place that constructs its parts, starts and stops them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from stack.demo import ticker
from stack.demo.account import MAKER, TAKER, VISITOR, DemoAccount
from stack.demo.backoff import Backoff
from stack.demo.book import Book
from stack.demo.desk import QuotingDesk
from stack.demo.edge import open_channel
from stack.demo.feed import Feed
from stack.demo.generator import GeneratedSession
from stack.demo.instruments import INSTRUMENTS
from stack.demo.protocol import Dialect, Trade
from stack.demo.public_market import PublicMarket
from stack.demo.rate import BURST_COMMANDS, MAX_COMMANDS_PER_S, TokenBucket
from stack.demo.server import FeedServer
from stack.demo.taker import Taker
from stack.demo.venue import BINANCE_SPOT, Venue, local_venue

WITHDRAW_LIMIT_S = 15.0
"""How long a stop may take to cancel the maker's orders."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DemoSettings:
    """How the demo runs."""

    edge_address: str
    ca_file: Path
    feed_port: int
    live: bool
    """Follow the real exchange instead of the seeded session."""
    seed: int
    speed: float
    """How much faster than real the seeded session is played."""


class MarketMaking:
    """Hands what the feed shows to the desks and takers."""

    def __init__(self, desks: Mapping[str, QuotingDesk], takers: Mapping[str, Taker]) -> None:
        self._desks = desks
        self._takers = takers

    def book_changed(self, symbol: str, book: Book, last_id: int) -> None:
        """Quote after the book."""
        self._desks[symbol].book_changed(book)

    def book_lost(self, symbol: str) -> None:
        """Withdraw the quotes."""
        self._desks[symbol].book_lost()

    def traded(self, trade: Trade) -> None:
        """Repeat the trade."""
        self._takers[trade.symbol].traded(trade)


async def run(settings: DemoSettings) -> None:
    """Run the demo market until cancelled; then cancel the maker's orders."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with open_channel(settings.edge_address, settings.ca_file) as channel, _venue(settings) as venue:
        await DemoAccount(channel, VISITOR, clock, entropy).open()
        maker, taker = DemoAccount(channel, MAKER, clock, entropy), DemoAccount(channel, TAKER, clock, entropy)
        await maker.open()
        await taker.open()
        bucket = TokenBucket(MAX_COMMANDS_PER_S, BURST_COMMANDS, asyncio.get_running_loop().time)
        desks = {each.feed_symbol: QuotingDesk(each, maker, bucket) for each in INSTRUMENTS}
        takers = {each.feed_symbol: Taker(each, taker, bucket) for each in INSTRUMENTS}
        markets = [PublicMarket(each, channel, entropy, desks[each.feed_symbol].traded) for each in INSTRUMENTS]
        feed = Feed(venue, list(desks), MarketMaking(desks, takers), Backoff(entropy))
        try:
            await _trade(feed, desks.values(), takers.values(), markets)
        finally:
            await _withdraw(desks.values())


@asynccontextmanager
async def _venue(settings: DemoSettings) -> AsyncIterator[Venue]:
    if settings.live:
        yield BINANCE_SPOT
        return
    session = GeneratedSession(Dialect.SPOT, tuple(each.seed_listing() for each in INSTRUMENTS), settings.seed)
    async with FeedServer(session, settings.speed).listen(settings.feed_port) as port:
        yield local_venue(session.dialect, port)


async def _trade(
    feed: Feed, desks: Iterable[QuotingDesk], takers: Iterable[Taker], markets: Sequence[PublicMarket]
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.run())
        for desk, taker, market in zip(desks, takers, markets, strict=True):
            group.create_task(desk.run())
            group.create_task(taker.run())
            group.create_task(market.run())
        group.create_task(ticker.show(markets))


async def _withdraw(desks: Iterable[QuotingDesk]) -> None:
    try:
        async with asyncio.timeout(WITHDRAW_LIMIT_S), asyncio.TaskGroup() as group:
            for desk in desks:
                group.create_task(desk.withdraw())
    except TimeoutError:
        _log.warning("the exchange did not answer in time: some of the maker's orders stay open")
