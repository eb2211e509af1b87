"""How fast the history of orders is written: a backlog, from a real engine into a real PostgreSQL, by orders itself.

Workload: ORDERS orders of ACCOUNTS accounts in one instrument. Of a hundred, 55 rest (45 of them until 2,000 others
rest, then they are cancelled at random), 25 are IOC that trade with what rests, 20 are IOC that find nothing. Every
event of them is written: orders as their last event left them, fills, and the private events of both sides.

The engine first takes all commands, straight, in batches of BATCH. Then orders starts with an empty history; time
counts from the first position stored to the last. Nobody else asks for anything; rates are of orders entered.

    PYTHONPATH=gen/python:. python -m bench.orders_history.history
"""

# ruff: noqa: T201 - a command line

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.command_pb2 import CancelOrder, Command, PlaceOrder, TransferIn
from exchange.engine.v1.engine_service_pb2 import RESPONSE_MODE_ACK, SubmitRequest, SubmitResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.type.v1 import order_pb2 as t
from services.runtime import migrate
from stack import postgres
from stack import redis as redis_server
from stack.inventory import local_stack
from stack.ports import free_base_port
from tests.contract.orders.engines import CALLERS, list_instrument
from tests.mesh import Mesh
from tests.unit.orders.samples import BTC, BTC_KK99, KK99

ORDERS = int(os.environ.get("ORDERS", "300000"))
ACCOUNTS = 500
BATCH = 1_024
ENGINE_PORT = 18_471
FIRST_ACCOUNT = 1_001


async def play(folder: Path, dsn: str, redis_url: str) -> None:
    """Run the workload and print the outcome."""
    await migrate.apply(dsn, migrate.folder_of("orders"))
    mesh = Mesh(folder, CALLERS)
    engine = await spawn(
        "engine", mesh.process("engine") | {"listen_port": ENGINE_PORT, "data_folder": folder / "engine"}
    )
    async with mesh.channel("operator", ENGINE_PORT) as operator, mesh.channel("orders", ENGINE_PORT) as channel:
        await operator.channel_ready()
        last_seq = await fill_the_log(operator, channel)
        settings = mesh.process("orders") | {
            "engine_target": f"127.0.0.1:{ENGINE_PORT}",
            "auth_target": "127.0.0.1:1",
            "postgres_dsn": dsn,
            "redis_url": redis_url,
        }
        orders = await spawn("orders", settings)
        await report(dsn, last_seq, {"orders": orders.pid, "engine": engine.pid})
    for process in (orders, engine):
        process.terminate()
        await process.wait()


async def fill_the_log(operator: Any, channel: Any) -> int:
    """Enter all orders; return the number of the last command."""
    await list_instrument(operator, BTC_KK99)
    accounts = range(FIRST_ACCOUNT, FIRST_ACCOUNT + ACCOUNTS)
    for account in accounts:
        opened = admin.OpenAccountRequest(account_id=account, taker_fee_ppm=1_000, maker_fee_ppm=500)
        await AdminServiceStub(operator).OpenAccount(opened)
    funds = [(account, asset, 10**15) for account in accounts for asset in (KK99, BTC)]
    transfers = [
        Command(transfer_in=TransferIn(transfer_seq=seq, account_id=account, asset_id=asset.asset_id, amount=amount))
        for seq, (account, asset, amount) in enumerate(funds, start=1)
    ]
    await submit(operator, iter(transfers))
    began = time.monotonic()
    last_seq = await submit(channel, commands())
    print(f"engine took {ORDERS} orders in {time.monotonic() - began:.1f} s, log to command {last_seq}", flush=True)
    return last_seq


async def submit(channel: Any, every: Iterator[Command]) -> int:
    """Send commands in batches, each once the one before is answered; return the number of the last."""
    stream, last_seq = EngineServiceStub(channel).Submit(), 0
    while batch := [command for _, command in zip(range(BATCH), every, strict=False)]:
        await stream.write(SubmitRequest(commands=batch, response_mode=RESPONSE_MODE_ACK))
        answer = await stream.read()
        assert isinstance(answer, SubmitResponse)  # noqa: S101 - a broken stream ends the run
        last_seq = answer.results[-1].engine_seq
    await stream.done_writing()
    return last_seq


def commands() -> Iterator[Command]:
    """Yield the workload."""
    chance, resting = random.Random(1), list[tuple[int, str]]()  # noqa: S311 - the same workload each time
    valid_until_ns = time.time_ns() + 500 * 10**9
    for number in range(ORDERS):
        account, share = FIRST_ACCOUNT + chance.randrange(ACCOUNTS), chance.random()
        buys, name, away = chance.random() < 0.5, f"o{number}", chance.randrange(1, 50)
        ioc, meets = share >= 0.55, 0.55 <= share < 0.8
        price = 10_000 + (-away if buys != meets else away)
        yield Command(
            place_order=PlaceOrder(
                account_id=account,
                client_order_id=name,
                instrument_id=BTC_KK99.instrument_id,
                side=t.SIDE_BUY if buys else t.SIDE_SELL,
                type=t.ORDER_TYPE_LIMIT,
                time_in_force=t.TIME_IN_FORCE_IOC if ioc else t.TIME_IN_FORCE_GTC,
                self_trade_prevention=t.SELF_TRADE_PREVENTION_CANCEL_TAKER,
                price=price,
                quantity=chance.randrange(100, 1_000),
                valid_until_ns=valid_until_ns,
                fingerprint=number + 1,
            )
        )
        if not ioc and share < 0.45:
            resting.append((account, name))
        if len(resting) > 2_000:
            owner, gone = resting.pop(chance.randrange(len(resting)))
            yield Command(
                cancel_order=CancelOrder(account_id=owner, client_order_id=gone, valid_until_ns=valid_until_ns)
            )


async def report(dsn: str, last_seq: int, processes: dict[str, int]) -> None:
    """Wait until all is written, and print the rates."""
    tables = await asyncpg.connect(dsn)
    first_seq = await position(tables)
    while not first_seq:
        await asyncio.sleep(0.01)
        first_seq = await position(tables)
    began, before_s = time.monotonic(), {name: cpu_s(pid) for name, pid in processes.items()}
    while await position(tables) < last_seq:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.05)
    took_s = time.monotonic() - began
    share = (last_seq - first_seq) / last_seq
    rates = f"{ORDERS * share / took_s:,.0f} orders/s, {(last_seq - first_seq) / took_s:,.0f} commands/s"
    print(f"written in {took_s:.1f} s: {rates}")
    print("cores: " + ", ".join(f"{n} {(cpu_s(p) - before_s[n]) / took_s:.2f}" for n, p in processes.items()))
    counted = await tables.fetchrow(COUNTS)
    print(", ".join(f"{name} {count:,}" for name, count in counted.items()))
    await tables.close()


COUNTS = """
    SELECT (SELECT count(*) FROM account_order) AS orders, (SELECT count(*) FROM account_fill) AS fills,
           (SELECT sum(last_seq - first_seq + 1)::bigint FROM account_events) AS private_events,
           (SELECT count(*) FROM account_events) AS runs, pg_database_size(current_database()) AS bytes
"""


async def position(tables: Any) -> int:
    """Return the last command that the history contains."""
    return int(await tables.fetchval("SELECT max(engine_seq) FROM consumer_position") or 0)


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def spawn(name: str, settings: dict[str, Any]) -> asyncio.subprocess.Process:
    """Start a service as a process of its own."""
    environment = {f"EXCHANGE_{field.upper()}": str(value) for field, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{name}"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data, local_stack(Path(data) / "stack", free_base_port(), parts=()) as stack:
        stack.start("postgres", "redis")
        own = postgres.ensure_database(stack.site, "bench")
        (Path(data) / "mesh").mkdir()
        asyncio.run(play(Path(data) / "mesh", own, redis_server.url(stack.site)))
