"""What the launcher needs to know of one part of the stack."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Command:
    """How one child process is started and stopped."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the launcher's own environment."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 20.0
    """How long it may take to stop before it is killed."""
    on_terminal: bool = False
    """True if its standard output is for the person at the terminal; all else goes to its log."""


class Part(Protocol):
    """One child process, or a step without one, and what happens around it; all is called again at a restart."""

    name: str
    needs: tuple[str, ...]
    """Names of the parts that must be ready first."""

    def ports(self) -> Mapping[str, int]:
        """Name the ports that the child will listen on, by what they are for."""
        ...

    def prepare(self) -> None:
        """Make what the child needs on disk or in another part; may be slow."""
        ...

    def command(self) -> Command | None:
        """Tell how to start the child; None for a step that is done once it is prepared."""
        ...

    def ready(self) -> bool:
        """Ask the running child whether it really serves; quick, and never raises for a child still starting."""
        ...

    def settle(self) -> None:
        """Configure the child that has just become ready."""
        ...

    def describe(self) -> str:
        """Tell where it listens, in a few words."""
        ...
