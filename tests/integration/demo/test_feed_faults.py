"""The adapter against everything that goes wrong between it and a venue."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest

from services.kernel.entropy import SystemEntropy
from stack.demo.backoff import Backoff
from stack.demo.feed import MAX_SNAPSHOT_ATTEMPTS, Feed
from stack.demo.protocol import Dialect
from stack.demo.recording import read_recording
from stack.demo.rest import MAX_SNAPSHOT_BYTES
from stack.demo.server import FeedServer
from stack.demo.venue import Venue, local_venue
from tests.integration.demo.faulty_venue import Answer, Cut, FaultyVenue, Ping, Step, UntilAsked
from tests.integration.demo.make_sessions import SESSIONS
from tests.integration.demo.watcher import Watcher

SNAPSHOT = Answer('{"lastUpdateId":5,"bids":[["9.0","1.0"]],"asks":[["11.0","1.0"]]}')


def _update(number: int, symbol: str = "BTCUSDT") -> str:
    data = {"e": "depthUpdate", "E": 1, "s": symbol, "U": number, "u": number, "b": [["9.5", str(number)]], "a": []}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": data})


@asynccontextmanager
async def _following(venue: Venue, symbols: Sequence[str], max_age_s: float = 60.0) -> AsyncIterator[Watcher]:
    watcher = Watcher()
    backoff = Backoff(SystemEntropy(), first_s=0.001, ceiling_s=0.002)
    feed = Feed(venue, symbols, watcher, backoff, max_age_s)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(feed.run())
        yield watcher
        following.cancel()


async def _follow(venue: FaultyVenue, met: Callable[[Watcher], bool], max_age_s: float = 60.0) -> Watcher:
    async with venue.listen() as address, _following(address, ["BTCUSDT"], max_age_s) as watcher:
        await watcher.wait_for(lambda: met(watcher))
    return watcher


@pytest.mark.parametrize(
    "fault",
    [
        Cut(),
        "not JSON",
        '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate"}}',
        '{"stream":"x","data":{"e":"serverShutdown","E":1}}',
        _update(7, symbol="ETHUSDT"),
    ],
    ids=["cut", "not-json", "half-an-update", "shutdown", "foreign-symbol"],
)
async def test_a_useless_connection_is_left_for_a_new_one(fault: Step) -> None:
    first: list[Step] = [_update(6), UntilAsked(1), fault]
    venue = FaultyVenue([first, [_update(6), _update(7)]], [SNAPSHOT])
    watcher = await _follow(venue, lambda shown: 7 in shown.ids("BTCUSDT"))
    assert venue.connected == 2
    assert watcher.ids("BTCUSDT")[-3:] == [5, 6, 7]


async def test_a_lost_book_is_told_before_the_next_one_is_shown() -> None:
    waiting: list[Step] = [UntilAsked(1), _update(6), _update(8)]
    venue = FaultyVenue([waiting], [SNAPSHOT, Answer('{"lastUpdateId":8,"bids":[["9.0","3.0"]],"asks":[]}')])
    watcher = await _follow(venue, lambda shown: 8 in shown.ids("BTCUSDT"))
    assert watcher.losses[0] == "BTCUSDT"
    assert venue.connected == 1


async def test_a_ping_is_answered() -> None:
    venue = FaultyVenue([[Ping(), _update(6)]], [SNAPSHOT])
    watcher = await _follow(venue, lambda shown: 6 in shown.ids("BTCUSDT"))
    assert watcher.ids("BTCUSDT") == [5, 6]


@pytest.mark.parametrize(
    "answer",
    [
        Answer('{"code":-1003,"msg":"Too many requests."}', HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "0"}),
        Answer("no", HTTPStatus.BAD_GATEWAY, {"Retry-After": "soon"}),
        Answer("<html>"),
        Answer('{"lastUpdateId":5}'),
        Answer(" " * (MAX_SNAPSHOT_BYTES + 1)),
    ],
    ids=["429", "502", "html", "half", "too-large"],
)
async def test_a_bad_answer_is_asked_for_again(answer: Answer) -> None:
    venue = FaultyVenue([[_update(6)]], [answer, SNAPSHOT])
    watcher = await _follow(venue, lambda shown: 6 in shown.ids("BTCUSDT"))
    assert watcher.ids("BTCUSDT") == [5, 6]


async def test_a_snapshot_that_is_too_old_is_asked_for_again() -> None:
    venue = FaultyVenue([[_update(9), UntilAsked(2), _update(10)]], [SNAPSHOT, Answer(SNAPSHOT.body.replace("5", "8"))])
    watcher = await _follow(venue, lambda shown: 10 in shown.ids("BTCUSDT"))
    assert watcher.ids("BTCUSDT")[-3:] == [8, 9, 10]
    assert venue.connected == 1


async def test_a_venue_whose_snapshots_never_fit_is_connected_to_anew() -> None:
    venue = FaultyVenue([[_update(9), _update(10)], [_update(6)]], [SNAPSHOT])
    await _follow(venue, lambda shown: 6 in shown.ids("BTCUSDT"))
    assert venue.connected == 2
    assert venue.asked > MAX_SNAPSHOT_ATTEMPTS


async def test_an_old_connection_is_left_before_the_venue_cuts_it() -> None:
    venue = FaultyVenue([[_update(6)]], [SNAPSHOT])
    watcher = await _follow(venue, lambda shown: shown.ids("BTCUSDT").count(6) == 2, max_age_s=0.5)
    assert venue.connected == 2
    assert watcher.losses == ["BTCUSDT"] * len(watcher.losses)


async def test_it_asks_as_the_documentation_says() -> None:
    venue = FaultyVenue([[_update(6)]], [SNAPSHOT])
    await _follow(venue, lambda shown: 6 in shown.ids("BTCUSDT"))
    assert venue.paths == [
        "/stream?streams=btcusdt@depth@100ms/btcusdt@aggTrade",
        "/api/v3/depth?symbol=BTCUSDT&limit=1000",
    ]


async def test_a_session_that_is_over_begins_again_with_fresh_snapshots() -> None:
    recording = read_recording(SESSIONS, Dialect.SPOT)
    first_ids = {symbol: json.loads(recording.snapshots(symbol)[0])["lastUpdateId"] for symbol in recording.symbols}
    async with (
        FeedServer(recording, speed=100.0).listen(0) as port,
        _following(local_venue(Dialect.SPOT, port), recording.symbols) as watcher,
    ):
        await watcher.wait_for(
            lambda: all(watcher.ids(symbol).count(first_id) == 2 for symbol, first_id in first_ids.items())
        )
    assert set(watcher.losses) == set(recording.symbols)


def test_a_feed_needs_symbols_and_one_connection_holds_so_many() -> None:
    venue = local_venue(Dialect.SPOT, 1)
    for count in (0, 513):
        with pytest.raises(ValueError, match="two streams a symbol"):
            Feed(venue, ["X"] * count, Watcher(), Backoff(SystemEntropy()))
