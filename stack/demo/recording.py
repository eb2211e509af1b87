"""Sessions in files, in the format of the cryptofeed project's samples.

`<market>.http.txt` holds REST answers, one a line: `URL -> UNIX_TIME: JSON`. `<market>.ws.txt` holds one WebSocket
connection, one frame a line: `UNIX_TIME: JSON`; lines with `<->` (connect) and `<-` (sent) are not frames.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from stack.demo.protocol import Dialect
from stack.demo.session import Frame

_ANSWER = re.compile(r"(?P<url>\S+) -> [\d.]+: (?P<body>.*)")
_FRAME = re.compile(r"(?P<time>[\d.]+): (?P<body>\{.*)")


@dataclass(frozen=True)
class Recording:
    """One market's recorded session."""

    dialect: Dialect
    answers: dict[str, tuple[str, ...]]
    sent: tuple[Frame, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols with a book, in the order in which they were asked for."""
        return tuple(self.answers)

    def snapshots(self, symbol: str) -> Sequence[str]:
        """Return the recorded answers for a symbol."""
        return self.answers.get(symbol, ())

    def frames(self) -> Iterator[Frame]:
        """Iterate over the recorded frames."""
        return iter(self.sent)


def read_recording(folder: Path, dialect: Dialect) -> Recording:
    """Read a market's session; raises OSError if it is not there, ValueError if it is not in the format."""
    market = dialect.name.lower()
    answers = _read_answers((folder / f"{market}.http.txt").read_text().splitlines())
    frames = tuple(_read_frames((folder / f"{market}.ws.txt").read_text().splitlines()))
    return Recording(dialect, answers, frames)


def write_recording(folder: Path, recording: Recording) -> None:
    """Write a session where read_recording finds it; the snapshots bear the time of the first frame."""
    market, start_s = recording.dialect.name.lower(), recording.sent[0].time_s
    path = recording.dialect.value
    answers = [
        f"https://localhost{path}?symbol={symbol}&limit=1000 -> {start_s}: {text}"
        for symbol, texts in recording.answers.items()
        for text in texts
    ]
    streams = "/".join(sorted({frame.stream for frame in recording.sent}))
    frames = [f"{frame.time_s}: {frame.text}" for frame in recording.sent]
    _write_lines(folder / f"{market}.http.txt", answers)
    _write_lines(folder / f"{market}.ws.txt", [f"wss://localhost/stream?streams={streams} <-> {start_s}", *frames])


def _read_answers(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    answers: dict[str, tuple[str, ...]] = {}
    for line in filter(None, lines):
        match = _ANSWER.fullmatch(line)
        if match is None:
            raise ValueError(f"not a recorded answer: {line:.80}")
        symbol = parse_qs(urlsplit(match["url"]).query)["symbol"][0]
        answers[symbol] = (*answers.get(symbol, ()), match["body"])
    return answers


def _read_frames(lines: Iterable[str]) -> Iterator[Frame]:
    for line in lines:
        match = _FRAME.fullmatch(line)
        if match is not None:
            yield Frame(float(match["time"]), json.loads(match["body"])["stream"], match["body"])


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))
