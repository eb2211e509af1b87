"""How many orders a second go through the edge to the engine and back, how long they take, and what each hop costs.

The whole stack runs as `make up` runs it, without the demo market: Envoy with TLS outside and mutual TLS inside,
order_entry, orders (which writes the history meanwhile), the engine with its journal (an answer waits for the disk),
PostgreSQL, Redis. CLIENTS accounts trade one
instrument by a Go client (bench/orders/client): of 100 items 82 move a resting order, 9 enter one that rests, 3 one
that takes at once, 6 cancel. Closed loop: each client has so many messages in flight. Open loop: messages are due at a
fixed rate, and their time runs from then.

    PYTHONPATH=gen/python:. python -m bench.orders.run LOAD_CLIENT [--save]
"""

# ruff: noqa: T201 - a command line

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from stack.authority import authority_of
from stack.inventory import local_stack
from stack.launcher import Stack
from stack.ports import free_base_port
from tests.e2e.clients.grpc_client import GrpcClient
from tests.e2e.trader import Trader

CLIENTS = 8
ACCOUNTS = 40
"""They take turns, since each has room for so many ids in ten minutes."""

INSTRUMENT = "BTC-KK99"
SECONDS = 5.0
RESULTS = Path(__file__).parent / "results.json"
PARTS = ("envoy", "order_entry", "orders", "engine")
FOLLOWERS = ("orders", "wallets", "market_data")
"""What is made of the engine's events: history, private streams, ledger, books. Runs without them, the last ones, show
the way of an order alone."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Json = dict[str, Any]


def runs() -> Iterator[tuple[str, Json]]:
    """Give each run by its name."""
    yield "PlaceOrder, 1 in flight", {"unary": True, "batch": 1, "in_flight": 1, "clients": 1}
    yield "PlaceOrder, 16 in flight", {"unary": True, "batch": 1, "in_flight": 2}
    for batch in (1, 16, 64, 256, 1_024):
        yield f"stream, batches of {batch:,}, closed loop", {"batch": batch, "in_flight": 4}
    for per_second in (10_000, 50_000):
        yield (
            f"stream, batches of 256, {per_second:,}/s",
            {"batch": 256, "in_flight": 16, "per_second": per_second},
        )
    for batch in (256, 1_024):
        yield f"no followers, batches of {batch:,}, closed loop", {"batch": batch, "in_flight": 4, "stopped": FOLLOWERS}


async def tokens_of(edge: str, ca: Path, count: int) -> list[str]:
    """Register and fund so many traders; give their tokens."""
    tokens = []
    for _ in range(count):
        client = GrpcClient(edge, ca)
        await Trader(client).join(KK99="1000000", BTC="10000")
        assert client.token is not None  # noqa: S101 - it has just logged in
        tokens.append(client.token)
        await client.close()
    return tokens


def cpu_s(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def measure(load: Path, stack: Stack, plan: Json) -> Json:
    """Run the load client once; add what each part's processor did for an item."""
    pids = {part: stack.pid(part) for part in PARTS if part not in plan["stopped"]}
    before = {part: cpu_s(pid) for part, pid in pids.items()}
    client = subprocess.Popen([load], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    assert client.stdin is not None  # noqa: S101 - it is a pipe
    client.stdin.write(json.dumps(plan))
    client.stdin.close()
    assert client.stdout is not None  # noqa: S101 - it is a pipe
    told = client.stdout.read()
    _, status, used = os.wait4(client.pid, 0)
    if status:
        sys.exit("the load client failed")
    report: Json = json.loads(told)
    whole = max(report["items"], 1) * (plan["seconds"] + 0.5) / plan["seconds"]
    spent = {part: cpu_s(pid) - before[part] for part, pid in pids.items()}
    spent["client"] = used.ru_utime + used.ru_stime
    report["cpu_us_per_item"] = {part: round(seconds * 1e6 / whole, 3) for part, seconds in spent.items()}
    return report


def main() -> None:
    """Run everything, print a table, and keep it if asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("load", type=Path)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    told = {}
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder), free_base_port(), parts=()) as stack:
        os.environ["EXCHANGE_POPULATE_MEMORY"] = "true"  # the engine's first touches of memory are not what is measured
        stack.start("instruments", "envoy")
        edge, ca = f"localhost:{stack.site.port('edge')}", authority_of(stack.site).certificate
        tokens = asyncio.run(tokens_of(edge, ca, ACCOUNTS))
        head()
        stopped: set[str] = set()
        for number, (name, options) in enumerate(runs()):
            if arguments.only not in name:
                continue
            clients = options.pop("clients", CLIENTS)
            for part in set(options.get("stopped", ())) - stopped:
                stack.stop(part)
                stopped.add(part)
            plan = {"edge": edge, "ca": str(ca), "instrument": INSTRUMENT, "run": uuid4().hex[:8], "seconds": SECONDS}
            plan["stopped"] = []
            first = number * CLIENTS % ACCOUNTS
            plan["tokens"] = tokens[first : first + clients]
            told[name] = measure(arguments.load, stack, plan | options)
            row(name, told[name])
    if arguments.save:
        machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "load": os.getloadavg()[0]}
        saved = {"workload": __doc__, "when": datetime.now(UTC).isoformat(), "machine": machine, "runs": told}
        RESULTS.write_text(json.dumps(saved, indent=1) + "\n")


def head() -> None:
    """Print the head of the table."""
    costs = "CPU us an item: envoy, order_entry, orders, engine, client"
    print(f"{'':44}{'items/s':>10}{'p50':>9}{'p99':>9}{'p99.9':>9} ms  {costs}")


def row(name: str, report: Json) -> None:
    """Print a line of the table."""
    spent = report["cpu_us_per_item"]
    costs = ", ".join(f"{spent[part]:.2f}" if part in spent else "-" for part in (*PARTS, "client"))
    share = f"  ({report['refused_items'] / max(report['items'], 1):.0%} refused)" if report["refused_items"] else ""
    print(
        f"{name:44}{report['items_per_s']:>10,.0f}{report['p50_ms']:>9.2f}{report['p99_ms']:>9.2f}"
        f"{report['p99_9_ms']:>9.2f}     {costs}{share}",
        flush=True,
    )


if __name__ == "__main__":
    main()
