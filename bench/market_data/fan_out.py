"""How late a book's changes reach a hundred subscribers, and what that costs.

Workload: one instrument, RATE changes a second (each at a random one of 200 levels around the middle), SUBSCRIBERS
streams of depth 10 over CONNECTIONS with mutual TLS, no edge between. Three processes: this one plays the engine (the
scripted log of the tests, over gRPC) and stamps each change; market_data as it is deployed; readers, who stamp each
message. The latency of a change is the time from its stamp to the message that covers it, at each subscriber.

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
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from exchange.market_data.v1.market_data_service_pb2 import StreamBookRequest
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from exchange.type.v1.order_pb2 import SIDE_BUY, SIDE_SELL
from services.runtime.grpc_client import connect
from services.runtime.tls import Identity
from tests.contract.market_data.venues import MESH_CALLERS, SYMBOL, scripted
from tests.fakes.market_data_engine import ScriptedEngine
from tests.mesh import Mesh

SUBSCRIBERS = 100
CONNECTIONS = 4
RATE = 1_000
SECONDS = 20
BURST_S = 0.002
"""Changes are made in bursts this far apart."""
PORT = 18_463


async def play(folder: Path) -> None:
    """Run the workload and print the outcome."""
    mesh = Mesh(folder, MESH_CALLERS)
    mesh.identity("edge")
    async with scripted(mesh) as venue:
        service = await spawn(environment(mesh, venue.port), "services.market_data")
        readers = await spawn({}, "bench.market_data.fan_out", str(folder), stdout=asyncio.subprocess.PIPE)
        assert readers.stdout is not None  # noqa: S101 - it is a pipe
        await readers.stdout.readline()  # everyone is subscribed
        before_s = cpu_s(service.pid)
        made_ns = await feed(venue.engine)
        cores = (cpu_s(service.pid) - before_s) / SECONDS
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
            side, away = chance.choice((SIDE_BUY, SIDE_SELL)), chance.randrange(100)
            price = 10_000 - away if side == SIDE_BUY else 10_001 + away
            made_ns.append(time.monotonic_ns())
            engine.put(SYMBOL, side, price, chance.randrange(1, 10**6))
        await asyncio.sleep(BURST_S)
    return made_ns


async def read(folder: Path) -> None:
    """Subscribe, say so, and read until the market is quiet; then write (prev_seq, seq, ns) of each update."""
    edge = Identity(folder / "ca.crt", folder / "edge.crt", folder / "edge.key")
    updates, subscribed = array("q"), asyncio.Semaphore(0)

    async def follow(api: MarketDataServiceStub) -> None:
        changed = False
        async for message in api.StreamBook(StreamBookRequest(instrument=SYMBOL)):
            if message.HasField("update"):
                changed = True
                updates.extend((message.update.prev_seq, message.seq, time.monotonic_ns()))
            elif changed:
                return
            elif message.HasField("heartbeat"):
                subscribed.release()

    async def share_a_connection() -> None:
        async with connect(f"127.0.0.1:{PORT}", edge) as channel:
            await healthy(channel)
            await asyncio.gather(*(follow(MarketDataServiceStub(channel)) for _ in range(SUBSCRIBERS // CONNECTIONS)))

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(share_a_connection())
        for _ in range(SUBSCRIBERS):
            await subscribed.acquire()
        print("subscribed", flush=True)
    sys.stdout.buffer.write(updates.tobytes())


async def healthy(channel: grpc.aio.Channel) -> None:
    """Wait until market_data follows the engine."""
    async for answer in HealthStub(channel).Watch(HealthCheckRequest(), wait_for_ready=True):
        if answer.status == HealthCheckResponse.SERVING:
            return


def report(made_ns: list[int], updates: "array[int]", cores: float) -> None:
    """Print the percentiles over all changes and subscribers."""
    waits_ns = sorted(
        at_ns - made_ns[seq]
        for prev_seq, last_seq, at_ns in zip(updates[0::3], updates[1::3], updates[2::3], strict=True)
        for seq in range(prev_seq + 1, last_seq + 1)
    )
    changes = len(made_ns) - 1
    print(f"{changes} changes in {SECONDS} s, {SUBSCRIBERS} subscribers, {len(updates) // 3} messages taken")
    print(f"delivered {len(waits_ns)} of {changes * SUBSCRIBERS} changes, market_data used {cores:.2f} cores")
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
