"""What every session keeps to, recorded or generated: a server may play any of them."""

import json
from itertools import islice

import pytest

from stack.demo.book import Book
from stack.demo.generator import GeneratedSession
from stack.demo.instruments import INSTRUMENTS
from stack.demo.protocol import DepthUpdate, Dialect, parse_event, parse_snapshot
from stack.demo.recording import read_recording
from stack.demo.session import Session
from stack.demo.sync import BookSync
from tests.integration.demo.make_sessions import SESSIONS

LISTINGS = tuple(each.seed_listing() for each in INSTRUMENTS)
FRAMES = 600


def _sessions() -> list[Session]:
    recorded: list[Session] = [read_recording(SESSIONS, dialect) for dialect in Dialect]
    return recorded + [GeneratedSession(dialect, LISTINGS, 1) for dialect in Dialect]


every_session = pytest.mark.parametrize(
    "session", _sessions(), ids=lambda each: f"{type(each).__name__}-{each.dialect.name.lower()}"
)


class Shown:
    """Counts what a listener is shown."""

    def __init__(self) -> None:
        self.changes = 0

    def book_changed(self, symbol: str, book: Book, last_id: int) -> None:
        self.changes += 1

    def book_lost(self, symbol: str) -> None:
        pass


def _symbols(session: Session) -> set[str]:
    return {frame.stream.partition("@")[0].upper() for frame in islice(session.frames(), FRAMES)}


@every_session
def test_it_plays_the_same_each_time(session: Session) -> None:
    assert list(islice(session.frames(), FRAMES)) == list(islice(session.frames(), FRAMES))
    assert all(session.snapshots(symbol) == session.snapshots(symbol) for symbol in _symbols(session))


@every_session
def test_time_goes_forward_and_each_frame_names_its_stream(session: Session) -> None:
    frames = list(islice(session.frames(), FRAMES))
    assert [frame.time_s for frame in frames] == sorted(frame.time_s for frame in frames)
    assert all(json.loads(frame.text)["stream"] == frame.stream for frame in frames)


@every_session
def test_an_unknown_symbol_has_no_snapshot(session: Session) -> None:
    assert not session.snapshots("NONE")


@every_session
def test_its_snapshots_carry_each_book_to_the_last_frame(session: Session) -> None:
    for symbol in _symbols(session):
        shown = Shown()
        sync = BookSync(symbol, session.dialect, shown)
        events = (parse_event(frame.text, session.dialect) for frame in islice(session.frames(), FRAMES))
        for event in events:
            if isinstance(event, DepthUpdate) and event.symbol == symbol:
                sync.offer(event)
        for text in session.snapshots(symbol):
            sync.load(parse_snapshot(text, symbol))
        assert not sync.needs_snapshot
        assert shown.changes > 20
