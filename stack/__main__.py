"""`python -m stack up` runs the stack until Ctrl-C; `python -m stack reset` deletes its data."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from stack import lock
from stack.failure import ChildDiedError, StackError
from stack.inventory import local_stack
from stack.progress import Stopwatch, to_terminal
from stack.site import DEFAULT_BASE_PORT, ROOT
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
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("EXCHANGE_DATA", ROOT / ".data")))
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser("up", help="start everything and run until Ctrl-C")
    up.add_argument("--port", type=int, default=int(os.environ.get("EXCHANGE_PORT", DEFAULT_BASE_PORT)))
    up.add_argument("--only", nargs="+", metavar="PART", help="start only these parts and what they need")
    up.add_argument("--live", action="store_true", help="let the demo market follow Binance instead of a recording")
    up.set_defaults(run=_up)
    reset = commands.add_parser("reset", help="delete the data folder")
    reset.set_defaults(run=_reset)
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Begin to stop, once: the children then have their time, and a second Ctrl-C does not cut it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _up(arguments: argparse.Namespace) -> None:
    watch = Stopwatch()
    with local_stack(arguments.data, arguments.port, arguments.only, to_terminal, live=arguments.live) as stack:
        if not arguments.only:
            to_terminal(welcome(stack.site))
        to_terminal(f"Everything is ready after {watch.seconds():.1f} s. Ctrl-C stops it.")
        while True:
            stack.check()
            time.sleep(WATCH_POLL_S)


def _reset(arguments: argparse.Namespace) -> None:
    if not arguments.data.exists():
        to_terminal(f"{arguments.data} does not exist: nothing to delete.")
        return
    with lock.held(arguments.data):
        shutil.rmtree(arguments.data)
    to_terminal(f"Deleted {arguments.data}.")


if __name__ == "__main__":
    sys.exit(main())
