"""How long the market stands still while a snapshot is taken: the longest apply() at a million resting orders.

python -m bench.engine_log.snapshot_pause [ORDERS]; prints JSON. Batches of 64 commands are applied one after the other,
each paced by its durability as in the service, first without a snapshot under way and then during each of three.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

from bench.engine_log import market
from services.engine import _core

ACCOUNTS = 200


def apply(engine: _core.Engine, now_ns: int, batch: bytes) -> int:
    """Apply a batch and wait until it is durable; return the nanoseconds that the call took."""
    begun = time.perf_counter_ns()
    ticket, _ = engine.apply(batch, now_ns, market.EVERY_KIND)
    took = time.perf_counter_ns() - begun
    if not ticket:
        raise RuntimeError("the engine refused a batch")
    while engine.durable() < ticket:
        time.sleep(0)
    return took


def measure(
    engine: _core.Engine, batches: Iterator[tuple[int, bytes]], going_on: Callable[[], bool]
) -> dict[str, float]:
    """Apply while something goes on; tell how long the calls took."""
    took: list[int] = []
    while going_on():
        took.append(apply(engine, *next(batches)))
    took.sort()
    return {
        "batches": len(took),
        "apply_p50_ms": took[len(took) // 2] / 1e6,
        "apply_p99_ms": took[len(took) * 99 // 100] / 1e6,
        "apply_max_ms": took[-1] / 1e6,
    }


def main() -> None:
    """Fill the book, measure, print."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        engine = _core.Engine(folder=folder)
        for batch in market.opening(ACCOUNTS):
            apply(engine, market.START_NS, batch)
        for now_ns, batch in market.resting(ACCOUNTS, orders, 4_096):
            apply(engine, now_ns, batch)
        batches = market.busy(ACCOUNTS, orders, 10**8, 64, 1_000)
        until = time.monotonic() + 3
        result: dict[str, object] = {"resting_orders": engine.state().open_orders}
        result["without"] = measure(engine, batches, lambda: time.monotonic() < until)
        for snapshot in (1, 2, 3):
            taking = threading.Thread(target=engine.take_snapshot)
            begun = time.monotonic()
            taking.start()
            result[f"snapshot {snapshot}"] = measure(engine, batches, taking.is_alive) | {
                "snapshot_s": round(time.monotonic() - begun, 2)
            }
        engine.close()
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
