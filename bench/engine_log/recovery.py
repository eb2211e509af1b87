"""How fast a shard recovers: a journal of N commands is made in a folder, then opened with and without its event log.

python -m bench.engine_log.recovery FOLDER [COMMANDS]; prints JSON. `recovery_bench FOLDER` then splits the time.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from bench.engine_log import market
from services.engine import _core

ACCOUNTS = 200
EACH = 1_000


def make(folder: Path, commands: int) -> None:
    """Write the journal; batches a second apart, so that ids grow old and make room."""
    engine = _core.Engine(folder=str(folder))
    for batch in market.opening(ACCOUNTS):
        engine.apply(batch, market.START_NS, market.EVERY_KIND)
    for now_ns, batch in market.busy(ACCOUNTS, 0, commands, EACH, 10**9):
        ticket, _ = engine.apply(batch, now_ns, market.EVERY_KIND)
        if not ticket:
            raise RuntimeError("the engine refused a batch")
        while ticket - engine.published() > 100 * EACH:
            time.sleep(0)
    engine.close()


def opened(folder: Path) -> dict[str, object]:
    """Recover; tell how long that took."""
    begun = time.monotonic()
    engine = _core.Engine(folder=str(folder))
    took = time.monotonic() - begun
    last_seq = engine.state().engine_seq
    result = {"seconds": round(took, 2), "ns_per_command": round(took / last_seq * 1e9), "commands": last_seq}
    engine.close()
    return result


def main() -> None:
    """Make, open, print."""
    folder = Path(sys.argv[1])
    commands = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    if not folder.exists():
        make(folder, commands)
    journal = folder / "journal"
    begun = time.monotonic()
    _core.verify_journal(str(journal))
    result: dict[str, object] = {"read_and_verify_s": round(time.monotonic() - begun, 2)}
    result["events held"] = opened(folder)
    shutil.rmtree(folder / "events")
    result["events made again"] = opened(folder)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
