"""The engine as a process of its own, on a real port, that can be killed."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.mesh import Mesh

START_LIMIT_S = 60


class EngineProcess:
    """`python -m services.engine` on one folder."""

    def __init__(self, child: asyncio.subprocess.Process, port: int) -> None:
        self._child = child
        self.port = port

    async def kill(self) -> None:
        if self.running:
            self.kill_now()
        await self._child.wait()

    def kill_now(self) -> None:
        """Send the signal, from any thread, and wait for nothing; another thread may have done so before."""
        with suppress(ProcessLookupError):
            os.kill(self._child.pid, signal.SIGKILL)

    async def stop(self) -> int:
        """Tell it to stop; give its exit code."""
        self._child.terminate()
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ends by itself; give its exit code."""
        return await self._child.wait()

    def forbid_writes_beyond(self, offset: int) -> None:
        """Let every write beyond an offset of a file fail from now on."""
        resource.prlimit(self._child.pid, resource.RLIMIT_FSIZE, (offset, resource.RLIM_INFINITY))

    @property
    def running(self) -> bool:
        return self._child.returncode is None


@asynccontextmanager
async def engine_process(mesh: Mesh, folder: Path, **changed: Any) -> AsyncIterator[EngineProcess]:
    settings = mesh.process("engine") | {"data_folder": folder, "journal_segment_bytes": 1 << 20} | changed
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.engine",
        env=_environment(settings),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(START_LIMIT_S):
            port = await _port(child)
        yield EngineProcess(child, port)
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


def _environment(settings: Mapping[str, Any]) -> dict[str, str]:
    own = {f"EXCHANGE_{name.upper()}": str(value) for name, value in settings.items()}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"gen/python{os.pathsep}."} | own


async def _port(child: asyncio.subprocess.Process) -> int:
    """Read the log up to the line that says where it listens."""
    assert child.stdout is not None
    async for line in child.stdout:
        entry = json.loads(line)
        if entry["event"] == "started":
            return int(entry["port"])
    raise AssertionError(f"the engine did not start, exit code {await child.wait()}")
