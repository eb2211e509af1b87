"""Measures the core: runs `engine_bench`, prints a table, writes JSON, and compares with the committed baseline.

Usage: report.py ENGINE_BENCH [--save]. Each workload runs RUNS times and the median by ns per command counts, since
machines are shared and noisy; compare the ratios of one run, not figures of two machines. `--save` makes this run the
baseline.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

RUNS = 3
BASELINE = Path(__file__).with_name("results.json")
MIXES = ("W1", "W2", "W3")
GROWTH = (
    *(f"orders={n}" for n in (1_000, 10_000, 100_000, 1_000_000)),
    *(f"instruments={n}" for n in (10, 100, 1_000, 10_000)),
    *(f"reach={n}" for n in (1, 100, 1_000)),
)
GROWTH_COMMANDS = 1_000_000
ID_WINDOW = 262_144

Row = dict[str, Any]


def main() -> None:
    """Run everything."""
    bench, *options = sys.argv[1:]
    baseline = {row["workload"]: row for row in json.loads(BASELINE.read_text())["rows"]} if BASELINE.exists() else {}
    print(f"{'workload':20} {'M/s':>6} {'ns':>7} {'p50':>6} {'p99':>7} {'p99.9':>7} {'p99.99':>8} {'B/order':>8} ratio")
    rows = [_measured(bench, (), workload, baseline) for workload in MIXES]
    rows += [_measured(bench, (f"commands={GROWTH_COMMANDS}",), workload, baseline) for workload in GROWTH]
    report = {"machine": _machine(), "runs": RUNS, "id_window_commands": ID_WINDOW, "rows": rows}
    print(json.dumps(report))
    if "--save" in options:
        BASELINE.write_text(json.dumps(report, indent=1) + "\n")


def _measured(bench: str, settings: tuple[str, ...], workload: str, baseline: dict[str, Row]) -> Row:
    command = [bench, f"window={ID_WINDOW}", *settings, workload]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(RUNS)]
    median = statistics.median_low(run["ns_per_command"] for run in runs)
    row: Row = next(run for run in runs if run["ns_per_command"] == median)
    row["bytes_per_resting_order"] = row["core_bytes"] // max(row["resting"], 1)
    known = baseline.get(workload)
    ratio = f"{row['ns_per_command'] / known['ns_per_command']:.2f}" if known else "-"
    print(
        f"{workload:20} {1_000 / row['ns_per_command']:6.2f} {row['ns_per_command']:7.1f} {row['p50_ns']:6}"
        f" {row['p99_ns']:7} {row['p999_ns']:7} {row['p9999_ns']:8} {row['bytes_per_resting_order']:8} {ratio}",
        flush=True,
    )
    return row


def _machine() -> str:
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    load = os.getloadavg()[0]
    return f"{len(names)} x {names[0] if names else platform.machine()}, load {load:.1f} at the end"


def _cpuinfo() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()


if __name__ == "__main__":
    main()
