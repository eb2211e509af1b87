"""`python -m stack up` runs the stack until Ctrl-C, `check` starts and stops it, `reset` deletes its data."""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from stack import lock
from stack.failure import ChildDiedError, StackError
from stack.inventory import local_stack
from stack.launcher import Stack
from stack.progress import Stopwatch, to_terminal
from stack.site import DEFAULT_BASE_PORT, PORTS_IN_USE, ROOT
from stack.welcome import welcome

WATCH_POLL_S = 0.2


def main() -> int:
    """Do what the command line says; give the exit code."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        to_terminal("Stopped.")
    except StackError as failure:
        if isinstance(failure, ChildDiedError) and failure.log_tail:
            to_terminal(failure.log_tail)
        to_terminal(f"ERROR: {failure}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("EXCHANGE_DATA") or ROOT / ".data"))
    commands = parser.add_subparsers(required=True)
    for name, run, meaning in (
        ("up", _up, "start everything and run until Ctrl-C"),
        ("check", _check, "start everything, and stop once it is ready"),
    ):
        command = commands.add_parser(name, help=meaning)
        command.add_argument("--port", type=_base_port, default=os.environ.get("EXCHANGE_PORT", str(DEFAULT_BASE_PORT)))
        command.add_argument("--only", nargs="+", metavar="PART", help="start only these parts and what they need")
        command.add_argument("--live", action="store_true", help="let the demo market follow Binance, no recording")
        command.set_defaults(run=run)
    reset = commands.add_parser("reset", help="delete the data folder")
    reset.set_defaults(run=_reset)
    return parser


def _base_port(text: str) -> int:
    last = 65_535 - PORTS_IN_USE
    if not (text.isascii() and text.isdecimal() and 1024 <= int(text) <= last):
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be the first of the stack's {PORTS_IN_USE} ports;"
            f" give a number from 1024 to {last}, here or as EXCHANGE_PORT"
        )
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Begin to stop, once: the children then have their time, and a second Ctrl-C does not cut it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _up(arguments: argparse.Namespace) -> None:
    with _running(arguments) as stack:
        if not arguments.only:
            to_terminal(welcome(stack.site))
        while True:
            stack.check()
            time.sleep(WATCH_POLL_S)


def _check(arguments: argparse.Namespace) -> None:
    with _running(arguments) as stack:
        stack.check()


@contextmanager
def _running(arguments: argparse.Namespace) -> Iterator[Stack]:
    watch = Stopwatch()
    with local_stack(arguments.data, arguments.port, arguments.only, to_terminal, live=arguments.live) as stack:
        to_terminal(f"Everything is ready after {watch.seconds():.1f} s. Ctrl-C stops it.")
        yield stack


def _reset(arguments: argparse.Namespace) -> None:
    if not arguments.data.exists():
        to_terminal(f"{arguments.data} does not exist: nothing to delete.")
        return
    if not lock.is_held_or_was(arguments.data):
        raise StackError(f"{arguments.data} holds no data of a stack; nothing was deleted.")
    with lock.held(arguments.data):
        shutil.rmtree(arguments.data)
    to_terminal(f"Deleted {arguments.data}.")


if __name__ == "__main__":
    sys.exit(main())
