"""The program exchange-journal, as the package installs it."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "exchange-journal"
LIMIT_S = 60


def journal_tool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    command = [PROGRAM, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)  # noqa: S603 - our own
