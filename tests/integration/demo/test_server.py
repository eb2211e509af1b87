"""The local feed server's own face: what it answers, and at what pace it plays."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from websockets.asyncio.client import connect

from stack.demo.protocol import Dialect, parse_snapshot
from stack.demo.recording import read_recording
from stack.demo.rest import SnapshotUnavailableError, fetch_snapshot
from stack.demo.server import AS_FAST_AS_POSSIBLE, FeedServer
from stack.demo.session import Frame
from stack.demo.venue import Venue, local_venue
from tests.integration.demo.make_sessions import SESSIONS


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with FeedServer(read_recording(SESSIONS, Dialect.SPOT), AS_FAST_AS_POSSIBLE).listen(0) as port:
        yield local_venue(Dialect.SPOT, port)


async def test_a_snapshot_is_the_recorded_one(venue: Venue) -> None:
    recorded = read_recording(SESSIONS, Dialect.SPOT).snapshots("SOLUSDT")[0]
    assert await fetch_snapshot(venue, "SOLUSDT") == parse_snapshot(recorded, "SOLUSDT")


async def test_later_requests_get_the_later_answers(venue: Venue) -> None:
    recorded = [parse_snapshot(text, "BTCUSDT") for text in read_recording(SESSIONS, Dialect.SPOT).snapshots("BTCUSDT")]
    assert [await fetch_snapshot(venue, "BTCUSDT") for _ in range(3)] == [*recorded, recorded[-1]]


async def test_an_unknown_symbol_is_refused(venue: Venue) -> None:
    with pytest.raises(SnapshotUnavailableError, match="400"):
        await fetch_snapshot(venue, "NONE")


async def test_nobody_listens_on_a_closed_port() -> None:
    with pytest.raises(SnapshotUnavailableError, match="ConnectionRefused"):
        await fetch_snapshot(local_venue(Dialect.SPOT, 1), "BTCUSDT")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v3/depth?symbol=BTCUSDT&limit=2", 200),
        ("/api/v3/depth?symbol=BTCUSDT&limit=0", 400),
        ("/api/v3/depth?symbol=BTCUSDT&limit=many", 400),
        ("/api/v3/depth", 400),
        ("/fapi/v1/depth?symbol=BTCUSDT", 404),
        ("/", 404),
    ],
)
async def test_requests_and_their_status(venue: Venue, path: str, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(venue.rest_root.rpartition(":")[2]))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert int(head.split()[1]) == status
    if status == 200:
        assert len(json.loads(body)["bids"]) == len(json.loads(body)["asks"]) == 2


async def test_only_the_streams_that_were_asked_for_are_sent(venue: Venue) -> None:
    async with connect(f"{venue.stream_root}/stream?streams=solusdt@aggTrade", proxy=None) as stream:
        streams = {json.loads(frame)["stream"] async for frame in stream}
    assert streams == {"solusdt@aggTrade"}


class Spaced:
    """Three frames a tenth of a second apart."""

    dialect = Dialect.SPOT

    def snapshots(self, symbol: str) -> Sequence[str]:
        return ()

    def frames(self) -> Iterator[Frame]:
        return (Frame(7.0 + number / 10, "s", '{"stream":"s","data":{}}') for number in range(3))


@pytest.mark.parametrize(("speed", "least_s", "most_s"), [(1.0, 0.2, 5.0), (4.0, 0.05, 5.0)])
async def test_frames_keep_their_distance_at_the_chosen_speed(speed: float, least_s: float, most_s: float) -> None:
    clock = asyncio.get_running_loop().time
    async with FeedServer(Spaced(), speed).listen(0) as port:
        start_s = clock()
        async with connect(f"ws://127.0.0.1:{port}/stream?streams=s", proxy=None) as stream:
            assert [frame async for frame in stream] == ['{"stream":"s","data":{}}'] * 3
        assert least_s <= clock() - start_s <= most_s


def test_a_session_is_played_forward() -> None:
    with pytest.raises(ValueError, match="forward"):
        FeedServer(Spaced(), 0.0)
