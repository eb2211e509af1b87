"""The adapter, over a real socket, against an independent rebuild of each session, after every single message."""

import asyncio
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from services.kernel.entropy import SystemEntropy
from stack.demo.backoff import Backoff
from stack.demo.feed import Feed
from stack.demo.protocol import Dialect
from stack.demo.recording import read_recording
from stack.demo.server import AS_FAST_AS_POSSIBLE, FeedServer
from stack.demo.venue import local_venue
from tests.integration.demo.make_sessions import SESSIONS, make_session
from tests.integration.demo.rebuild import RecordedMarket
from tests.integration.demo.watcher import Watcher

FOLDERS = [SESSIONS]
if "EXCHANGE_RECORDINGS" in os.environ:
    FOLDERS.append(Path(os.environ["EXCHANGE_RECORDINGS"]) / "binance")

every_session = pytest.mark.parametrize(
    ("folder", "dialect"),
    [
        pytest.param(folder, dialect, id=f"{folder.name}-{dialect.name.lower()}")
        for folder in FOLDERS
        for dialect in Dialect
    ],
)


async def _play(folder: Path, dialect: Dialect, met: Callable[[Watcher], bool]) -> Watcher:
    """Follow a session until what was shown meets the condition."""
    recording, watcher = read_recording(folder, dialect), Watcher()
    server = FeedServer(recording, AS_FAST_AS_POSSIBLE, close_at_end=False)
    async with server.listen(0) as port, asyncio.TaskGroup() as group:
        backoff = Backoff(SystemEntropy(), first_s=0.01)
        feed = Feed(local_venue(dialect, port), recording.symbols, watcher, backoff)
        following = group.create_task(feed.run())
        await watcher.wait_for(lambda: met(watcher))
        following.cancel()
    return watcher


async def _play_all_updates(folder: Path, dialect: Dialect, market: RecordedMarket) -> Watcher:
    last_ids = {symbol: market.shown_ids(symbol)[-1] for symbol in market.symbols}
    return await _play(
        folder, dialect, lambda shown: all(last_id in shown.ids(symbol) for symbol, last_id in last_ids.items())
    )


@every_session
async def test_books_equal_the_rebuild_after_every_message(folder: Path, dialect: Dialect) -> None:
    market = RecordedMarket(folder, dialect.name.lower())
    shown = await _play_all_updates(folder, dialect, market)
    for symbol in market.symbols:
        assert shown.ids(symbol) == market.shown_ids(symbol)
        for last_id, book in shown.books(symbol):
            assert book == market.book_at(symbol, last_id), f"{symbol} after {last_id}"


@every_session
async def test_best_prices_are_the_ones_that_the_venue_sent(folder: Path, dialect: Dialect) -> None:
    market = RecordedMarket(folder, dialect.name.lower())
    shown = await _play_all_updates(folder, dialect, market)
    compared = 0
    for symbol in market.symbols:
        books = dict(shown.books(symbol))
        for ticker in market.of_kind(symbol, "bookTicker"):
            if ticker["u"] in books:
                bids, asks = books[ticker["u"]]
                assert (max(bids), bids[max(bids)]) == (Decimal(ticker["b"]), Decimal(ticker["B"]))
                assert (min(asks), asks[min(asks)]) == (Decimal(ticker["a"]), Decimal(ticker["A"]))
                compared += 1
    assert compared > 20


@every_session
async def test_trades_arrive_all_and_in_order(folder: Path, dialect: Dialect) -> None:
    market = RecordedMarket(folder, dialect.name.lower())
    sent = [event for event in market.events if event.get("e") == "aggTrade"]
    shown = await _play(folder, dialect, lambda watcher: len(watcher.trades) == len(sent))
    assert [(trade.symbol, trade.trade_id) for trade in shown.trades] == [(event["s"], event["a"]) for event in sent]
    assert [Decimal(trade.price).scaleb(-8) for trade in shown.trades] == [Decimal(event["p"]) for event in sent]


@pytest.mark.parametrize("dialect", Dialect)
def test_committed_sessions_are_what_their_script_writes(dialect: Dialect) -> None:
    assert read_recording(SESSIONS, dialect) == make_session(dialect)
