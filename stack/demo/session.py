"""What a feed server plays: snapshots to answer with, and frames to send."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from stack.demo.protocol import Dialect


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a combined stream: when it was sent, on which stream, and its JSON."""

    time_s: float
    stream: str
    text: str


class Session(Protocol):
    """A stretch of one market's data. Every connection plays it from its beginning."""

    @property
    def dialect(self) -> Dialect:
        """The protocol it is in."""

    def snapshots(self, symbol: str) -> Sequence[str]:
        """Return the answers to the first, second, ... request for a symbol's book in one playing, as JSON.

        The last one answers all later requests; empty for an unknown symbol.
        """

    def frames(self) -> Iterator[Frame]:
        """Iterate over the frames in order, from the beginning; it need not end."""
