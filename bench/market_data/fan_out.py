"""How late a book's changes reach a hundred subscribers, and what that costs.

Workload: one instrument, RATE changes a second, each at a random one of the DEPTH best levels of either side;
SUBSCRIBERS streams of that depth over CONNECTIONS with mutual TLS, no edge between. Every change shows: one beyond the
depth would be told with the next that shows, and its wait would measure the workload. Three processes: this one plays
the engine (the scripted log of the tests, over gRPC) and stamps each change; market_data as it is deployed; readers,
who stamp what comes off their sockets. The latency of a change is the time from its stamp to that of the message that
covers it, at each subscriber.

    PYTHONPATH=gen/python:. python -m bench.market_data.fan_out
"""

# ruff: noqa: T201 - a command line

import asyncio
import os
import random
import sys
import tempfile
import time
from array import array
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from bench.market_data.subscriber import Streams, subscribe
from exchange.market_data.v1.market_data_service_pb2 import StreamBookRequest, StreamBookResponse
from exchange.type.v1.order_pb2 import SIDE_BUY, SIDE_SELL
from services.runtime.grpc_client import connect
from services.runtime.tls import Identity
from tests.contract.market_data.venues import MESH_CALLERS, SYMBOL, scripted
from tests.fakes.market_data_engine import ScriptedEngine
from tests.mesh import Mesh

SUBSCRIBERS = 100
CONNECTIONS = 4
DEPTH = 10
RATE = 1_000
SECONDS = 20
BURST_S = 0.002
"""Changes are made in bursts this far apart."""
PORT = 18_463
STREAM_BOOK = "/exchange.market_data.v1.MarketDataService/StreamBook"


async def play(folder: Path) -> None:
    """Run the workload and print the outcome."""
    mesh = Mesh(folder, MESH_CALLERS)
    mesh.identity("edge")
    async with scripted(mesh) as venue:
        service = await spawn(environment(mesh, venue.port), "services.market_data")
        readers = await spawn({}, "bench.market_data.fan_out", str(folder), stdout=asyncio.subprocess.PIPE)
        assert readers.stdout is not None  # noqa: S101 - it is a pipe
        await readers.stdout.readline()  # everyone is subscribed
        processes = {"market_data": service.pid, "engine": os.getpid(), "readers": readers.pid}
        before_s = {name: cpu_s(pid) for name, pid in processes.items()}
        made_ns = await feed(venue.engine)
        cores = {name: (cpu_s(pid) - before_s[name]) / SECONDS for name, pid in processes.items()}
        updates = array("q", (await readers.communicate())[0])
        service.terminate()
        await service.wait()
    report(made_ns, updates, cores)


async def feed(engine: ScriptedEngine) -> list[int]:
    """Change levels at RATE; return when each change was made, in ns, by its number."""
    chance, made_ns = random.Random(1), [0]  # noqa: S311 - the same workload each time
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < SECONDS:
        while len(made_ns) <= elapsed * RATE:
            side, away = chance.choice((SIDE_BUY, SIDE_SELL)), chance.randrange(DEPTH)
            price = 10_000 - away if side == SIDE_BUY else 10_001 + away
            made_ns.append(time.monotonic_ns())
            engine.put(SYMBOL, side, price, chance.randrange(1, 10**6))
        await asyncio.sleep(BURST_S)
    return made_ns


async def read(folder: Path) -> None:
    """Subscribe, say so, and read until the market is quiet; then write (prev_seq, seq, ns) of each update."""
    edge = Identity(folder / "ca.crt", folder / "edge.crt", folder / "edge.key")
    async with connect(f"127.0.0.1:{PORT}", edge) as channel:
        await healthy(channel)
    readers = [Reader() for _ in range(CONNECTIONS)]
    async with asyncio.TaskGroup() as group:
        connections = [await subscribe(PORT, edge, reader.streams) for reader in readers]
        held = [group.create_task(connection.held()) for connection in connections]
        await all_told(reader.subscribed for reader in readers)
        print("subscribed", flush=True)
        await all_told(reader.quiet for reader in readers)
        for each in held:
            each.cancel()
    for reader in readers:
        sys.stdout.buffer.write(reader.updates.tobytes())


class Reader:
    """What the streams of one connection were told."""

    def __init__(self) -> None:
        self.updates = array("q")
        self.subscribed, self.quiet = asyncio.Event(), asyncio.Event()
        self._alive: set[int] = set()
        """Streams with a sign of life since the book last changed."""

    def streams(self) -> Streams:
        """Give the connection with its streams."""
        request = StreamBookRequest(instrument=SYMBOL, depth=DEPTH).SerializeToString()
        return Streams(STREAM_BOOK, request, SUBSCRIBERS // CONNECTIONS, self._take)

    def _take(self, stream: int, encoded: bytes, at_ns: int) -> None:
        message = decoded(encoded)
        if message.HasField("update"):
            self._alive.clear()
            self.updates.extend((message.update.prev_seq, message.seq, at_ns))
        elif message.HasField("heartbeat"):
            self._alive.add(stream)
            if len(self._alive) == SUBSCRIBERS // CONNECTIONS:
                (self.quiet if self.updates else self.subscribed).set()


@lru_cache(maxsize=100)
def decoded(encoded: bytes) -> StreamBookResponse:
    """Decode a message, once for all the streams that carry it."""
    return StreamBookResponse.FromString(encoded)


async def all_told(events: Iterable[asyncio.Event]) -> None:
    """Wait for all of them."""
    for event in events:
        await event.wait()


async def healthy(channel: grpc.aio.Channel) -> None:
    """Wait until market_data follows the engine."""
    async for answer in HealthStub(channel).Watch(HealthCheckRequest(), wait_for_ready=True):
        if answer.status == HealthCheckResponse.SERVING:
            return


def report(made_ns: list[int], updates: "array[int]", cores: dict[str, float]) -> None:
    """Print the percentiles over all changes and subscribers."""
    waits_ns = sorted(
        at_ns - made_ns[seq]
        for prev_seq, last_seq, at_ns in zip(updates[0::3], updates[1::3], updates[2::3], strict=True)
        for seq in range(prev_seq + 1, last_seq + 1)
    )
    changes = len(made_ns) - 1
    print(f"{changes} changes in {SECONDS} s, {SUBSCRIBERS} subscribers, {len(updates) // 3} messages taken")
    print(f"delivered {len(waits_ns)} of {changes * SUBSCRIBERS} changes")
    print("cores used: " + ", ".join(f"{name} {used:.2f}" for name, used in cores.items()))
    for share in (0.5, 0.9, 0.99, 0.999):
        print(f"p{share * 100:g}  {waits_ns[int(len(waits_ns) * share)] / 1e6:.1f} ms")
    print(f"load average of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


async def spawn(extra: dict[str, str], *module: str, stdout: int | None = None) -> asyncio.subprocess.Process:
    """Start a module of this project as a process."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", *module, env=os.environ | extra, stdout=stdout)


def environment(mesh: Mesh, engine_port: int) -> dict[str, str]:
    """Give what market_data is told at its start."""
    settings = mesh.process("market_data") | {"listen_port": PORT, "engine_target": f"127.0.0.1:{engine_port}"}
    return {f"EXCHANGE_{name.upper()}": str(value) for name, value in settings.items()} | {
        "EXCHANGE_LOG_LEVEL": "error"
    }


def cpu_s(pid: int) -> float:
    """Return the processor time that a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(read(Path(sys.argv[1])))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            asyncio.run(play(Path(scratch)))
