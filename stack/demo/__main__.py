"""`python -m stack.demo` runs the demo market until SIGTERM or Ctrl-C, which cancel all its orders."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from stack.demo.edge import NoAnswerError, RefusedError
from stack.demo.market import DemoSettings, run
from stack.site import DEFAULT_BASE_PORT, PORT_OFFSETS

DEFAULT_SEED = 99


def main() -> int:
    """Do what the command line says; give the exit code."""
    settings = _settings(_parser().parse_args())
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    complaints: list[str] = []
    try:
        asyncio.run(_until_stopped(settings))
    except* RefusedError as refused:
        complaints += [f"the exchange refused the demo market: {refusal}" for refusal in refused.exceptions]
    except* NoAnswerError as silence:
        complaints += [f"the exchange does not answer: {failure}" for failure in silence.exceptions]
    except* OSError as failed:
        complaints += [f"the demo market cannot start: {failure}" for failure in failed.exceptions]
    for complaint in complaints:
        print(f"ERROR: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack.demo", description=__doc__)
    default = f"127.0.0.1:{DEFAULT_BASE_PORT + PORT_OFFSETS['edge']}"
    parser.add_argument("--edge", metavar="HOST:PORT", default=default, help="where the exchange's edge listens")
    parser.add_argument("--ca", type=Path, required=True, help="certificate of the authority behind the edge's")
    parser.add_argument("--feed-port", type=int, default=DEFAULT_BASE_PORT + PORT_OFFSETS["feed"])
    parser.add_argument("--live", action="store_true", help="follow Binance itself instead of the seeded session")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="which session to play")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than real to play it")
    return parser


def _settings(arguments: argparse.Namespace) -> DemoSettings:
    return DemoSettings(
        edge_address=arguments.edge,
        ca_file=arguments.ca,
        feed_port=arguments.feed_port,
        live=arguments.live,
        seed=arguments.seed,
        speed=arguments.speed,
    )


async def _until_stopped(settings: DemoSettings) -> None:
    running = asyncio.current_task()
    if running is not None:
        for stop in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(stop, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await run(settings)


if __name__ == "__main__":
    sys.exit(main())
