"""A process to start and stop: `python -m tests.contract.runtime.probe_process`."""

import asyncio
from dataclasses import dataclass

from services.runtime.run import Process, ProcessSettings, serve


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """What goes wrong, if anything: "start", "task", "end"."""

    fault: str = "nothing"


async def build(process: Process, own: Settings) -> None:
    """Start, or fail as told."""
    if own.fault == "start":
        raise ConnectionError("PostgreSQL cannot be used: nobody listens")

    async def follower() -> None:
        if own.fault == "task":
            raise LookupError("history was lost")
        if own.fault != "end":
            await asyncio.Event().wait()

    process.background("follower", follower)


if __name__ == "__main__":
    serve("probe", Settings, build)
