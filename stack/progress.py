"""What the person at the terminal sees while the stack starts: one line a step, with its seconds."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Tell = Callable[[str], None]


def to_terminal(line: str) -> None:
    """Print one line at once."""
    print(line, file=sys.stderr, flush=True)


def in_silence(_line: str) -> None:
    """Say nothing; for stacks inside tests."""


@dataclass
class Stopwatch:
    """Seconds since it was made."""

    started: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Give the seconds since the start."""
        return time.monotonic() - self.started

    def __str__(self) -> str:
        return f"{self.seconds():5.1f} s"
