"""One child process of the launcher.

1. Spawned from the launcher's main thread: the kernel kills a child when the thread that made it ends.
2. In a session of its own, so that Ctrl-C reaches the launcher alone, which stops children in order.
"""

import os
import shutil
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import IO

from stack.failure import ChildDiedError
from stack.part import Command

LOG_TAIL_LINES = 15
MAX_LOG_BYTES = 64 * 1024 * 1024


class Child:
    """A started process: its name, its log, its end."""

    def __init__(self, name: str, command: Command, log: Path) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise AssertionError("children die with the thread that spawned them")
        self.name = name
        self.log = log
        self._command = command
        with log.open("ab") as output:
            self._process = self._spawn(output)

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *self._command.argv],
            env={**os.environ, **self._command.environment},
            stdin=subprocess.DEVNULL,
            stdout=None if self._command.on_terminal else output,
            stderr=output,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Give the process id of the child."""
        return self._process.pid

    def raise_if_dead(self) -> None:
        """Raise ChildDiedError if the process has ended."""
        code = self._process.poll()
        if code is not None:
            end = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise ChildDiedError(f"{self.name} {end}; its log is {self.log}.", tail(self.log))

    def bound_log(self) -> None:
        """Keep the log from filling the disk: past its limit it becomes `NAME.log.1`, over the one before.

        The child appends, so it goes on at the start of the emptied file; what it wrote during the copy is lost.
        """
        if self.log.stat().st_size > MAX_LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def stop(self) -> None:
        """Ask the process to stop, and kills it after its grace period."""
        if self._process.poll() is None:
            self._process.send_signal(self._command.stop_signal)
        try:
            self._process.wait(self._command.grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self._process.kill()
        self._process.wait()


def tail(log: Path) -> str:
    """Give the last lines of a log; empty if there is none."""
    if not log.exists():
        return ""
    with log.open(errors="replace") as lines:
        return "".join(deque(lines, LOG_TAIL_LINES)).rstrip()
