"""Write the small sessions that the feed's tests always run on: `python -m tests.integration.demo.make_sessions`.

The seeded market in the recordings' format, with what real recordings have and more: updates from before the
snapshot, an update delivered twice, a gap with the fresh snapshot that repairs it, a side that empties and fills.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Any

from stack.demo.generator import GeneratedSession, SeedListing
from stack.demo.protocol import Dialect
from stack.demo.recording import Recording, write_recording
from stack.demo.session import Frame

SESSIONS = Path(__file__).parent / "sessions"
SEED = 20260
FRAMES = 700
WHOLE = 10**8
GAPPED, EMPTIED = "BTCUSDT", "SOLUSDT"
LISTINGS = (
    SeedListing(GAPPED, price_step=2 * WHOLE, quantity_step=10**4, start_price=60_000 * WHOLE, typical_lots=3_000),
    SeedListing(EMPTIED, price_step=10**6, quantity_step=10**5, start_price=150 * WHOLE, typical_lots=40_000),
)
FIRST_SNAPSHOT, EMPTY, LOST, SECOND_SNAPSHOT, TWICE = 3, 40, 60, 66, 90
"""Counted in a symbol's depth updates, from 0."""

Data = dict[str, Any]


def make_session(dialect: Dialect) -> Recording:
    """Build one market's session."""
    session = GeneratedSession(dialect, LISTINGS, SEED)
    frames = list(islice(session.frames(), FRAMES))
    answers = {
        GAPPED: tuple(_snapshot(session, frames, GAPPED, count) for count in (FIRST_SNAPSHOT, SECOND_SNAPSHOT)),
        EMPTIED: (_snapshot(session, frames, EMPTIED, FIRST_SNAPSHOT),),
    }
    return Recording(dialect, answers, tuple(_lose_and_repeat(_empty_asks(session, frames))))


def _lose_and_repeat(frames: list[Frame]) -> list[Frame]:
    updates = _updates(frames, GAPPED)
    lost, twice = updates[LOST], updates[TWICE]
    kept = [frame for index, frame in enumerate(frames) if index != lost]
    again = kept.index(frames[twice])
    return [*kept[: again + 1], *kept[again:]]


def _empty_asks(session: GeneratedSession, frames: list[Frame]) -> list[Frame]:
    """Delete every ask in one update and send them all in the next."""
    emptying, filling = _updates(frames, EMPTIED)[EMPTY : EMPTY + 2]
    before, after = (json.loads(_snapshot(session, frames, EMPTIED, EMPTY + step))["asks"] for step in (-1, 1))
    deletes = [[price, "0.00000000"] for price, _ in before]
    frames = list(frames)
    frames[emptying] = _with(frames[emptying], a=deletes)
    frames[filling] = _with(frames[filling], a=after)
    stale = f"{EMPTIED.lower()}@bookTicker"
    return [frame for index, frame in enumerate(frames) if frame.stream != stale or not emptying < index < filling]


def _snapshot(session: GeneratedSession, frames: list[Frame], symbol: str, count: int) -> str:
    """Return the symbol's book after its update number `count`, as the venue answers it."""
    book = json.loads(session.snapshots(symbol)[0])
    bids, asks = dict(book["bids"]), dict(book["asks"])
    last_id = book["lastUpdateId"]
    for index in _updates(frames, symbol)[: count + 1]:
        data = _data(frames[index])
        bids.update(data["b"])
        asks.update(data["a"])
        last_id = data["u"]
    sides = {"bids": _sorted(bids, highest_first=True), "asks": _sorted(asks, highest_first=False)}
    return json.dumps({"lastUpdateId": last_id} | sides, separators=(",", ":"))


def _sorted(side: dict[str, str], *, highest_first: bool) -> list[list[str]]:
    levels = [[price, quantity] for price, quantity in side.items() if quantity != "0.00000000"]
    return sorted(levels, key=lambda level: int(level[0].replace(".", "")), reverse=highest_first)


def _updates(frames: list[Frame], symbol: str) -> list[int]:
    stream = f"{symbol.lower()}@depth@100ms"
    return [index for index, frame in enumerate(frames) if frame.stream == stream]


def _data(frame: Frame) -> Data:
    data: Data = json.loads(frame.text)["data"]
    return data


def _with(frame: Frame, **changed: object) -> Frame:
    text = json.dumps({"stream": frame.stream, "data": _data(frame) | changed}, separators=(",", ":"))
    return Frame(frame.time_s, frame.stream, text)


if __name__ == "__main__":
    SESSIONS.mkdir(exist_ok=True)
    for each in Dialect:
        write_recording(SESSIONS, make_session(each))
