"""How many commands a second the engine takes, and how long one takes inside it.

Workload: one instrument, ACCOUNTS accounts; of a thousand commands 500 enter a limit order, 300 amend one that was
entered before, 200 cancel one; every fiftieth order crosses. Three measurements, each RUNS times, medians quoted:

- service: batches of BATCH commands over one Submit stream with mutual TLS, UNANSWERED of them under way, answers in
  mode ACK after fdatasync. The client only moves bytes; it shares the machine's cores.
- written: the same with `ack = written`.
- handler: one command a batch, bytes to bytes inside the process, without transport or waiting for the disk.

    PYTHONPATH=gen/python:. python -m bench.engine.submit
"""

# ruff: noqa: T201 - a command line

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import grpc

from exchange.engine.v1.command_pb2 import AmendOrder, CancelOrder, Command, OpenAccount, PlaceOrder, TransferIn
from exchange.engine.v1.engine_service_pb2 import RESPONSE_MODE_ACK, SubmitRequest, SubmitResponse
from exchange.type.v1.order_pb2 import ORDER_TYPE_LIMIT, SIDE_BUY, SIDE_SELL, TIME_IN_FORCE_GTC
from services.engine import _core
from tests.contract.engine.market import submit
from tests.integration.engine.engine_process import engine_process
from tests.mesh import Mesh
from tests.unit.engine.samples import BTC_KK99

ACCOUNTS = 64
COMMANDS = 400_000
BATCH = 1_024
UNANSWERED = 32
RUNS = 3
SINGLES = 100_000
LARGE = 10**15
MINUTE_NS = 60 * 10**9
SUBMIT = "/exchange.engine.v1.EngineService/Submit"
COMMAND_KINDS = ["place_order", "cancel_order", "amend_order", "open_account", "create_instrument", "transfer_in"]
CALLERS = {"bench": {"methods": ["/exchange.engine.v1.EngineService/*"], "commands": COMMAND_KINDS}}


def commands(seed: int, now_ns: int) -> Iterator[Command]:
    """Make the mix; ids are new for each seed."""
    chance = random.Random(seed)  # noqa: S311 - the same workload each time
    placed: list[tuple[int, str]] = []
    until_ns = now_ns + 9 * MINUTE_NS
    for number in range(COMMANDS):
        kind = chance.randrange(1_000)
        if kind < 500 or not placed:
            account, name = 1 + chance.randrange(ACCOUNTS), f"{seed}-{number}"
            placed.append((account, name))
            buys, deep = number % 2, chance.randrange(200) if number % 50 else -1
            price = 5_000_000 - 10 * deep if buys else 5_000_010 + 10 * deep
            yield Command(
                place_order=PlaceOrder(
                    account_id=account,
                    client_order_id=name,
                    instrument_id=BTC_KK99.instrument_id,
                    side=SIDE_BUY if buys else SIDE_SELL,
                    type=ORDER_TYPE_LIMIT,
                    time_in_force=TIME_IN_FORCE_GTC,
                    price=price,
                    quantity=100 + chance.randrange(1_000),
                    valid_until_ns=until_ns,
                    fingerprint=number,
                )
            )
        else:
            account, name = placed[-1 - chance.randrange(min(len(placed), 4_000))]
            if kind < 800:
                amend = AmendOrder(account_id=account, client_order_id=name, open_quantity=100 + chance.randrange(500))
                amend.valid_until_ns = until_ns
                yield Command(amend_order=amend)
            else:
                cancel = CancelOrder(account_id=account, client_order_id=name, valid_until_ns=until_ns)
                yield Command(cancel_order=cancel)


def batches(seed: int, size: int) -> list[bytes]:
    """Serialize the mix."""
    made = list(commands(seed, time.time_ns()))
    return [
        SubmitRequest(commands=made[at : at + size], response_mode=RESPONSE_MODE_ACK).SerializeToString()
        for at in range(0, len(made), size)
    ]


def set_up() -> tuple[list[Command], list[Command]]:
    """Make what opens the market, and what funds it."""
    listing = Command()
    listing.create_instrument.instrument.CopyFrom(BTC_KK99)
    opened = [Command(open_account=OpenAccount(account_id=1 + n, taker_fee_ppm=1_000)) for n in range(ACCOUNTS)]
    transfers = [
        Command(
            transfer_in=TransferIn(transfer_seq=1 + n, account_id=1 + n // 2, asset_id=asset.asset_id, amount=LARGE)
        )
        for n in range(2 * ACCOUNTS)
        for asset in ((BTC_KK99.base, BTC_KK99.quote)[n % 2],)
    ]
    return [listing, *opened], transfers


async def service(ack: str) -> list[float]:
    """Commands a second through the process, for each run."""
    rates = []
    with tempfile.TemporaryDirectory() as name:
        mesh = Mesh(Path(name), CALLERS)
        async with engine_process(mesh, Path(name) / "engine", journal_segment_bytes=64 << 20, ack=ack) as engine:
            opening, funding = set_up()
            async with mesh.channel("bench", engine.port) as channel:
                await submit(channel, *opening)
                await submit(channel, *funding)
            for run in range(RUNS):
                requests = batches(run, BATCH)
                async with mesh.channel("bench", engine.port) as channel:
                    began = time.perf_counter()
                    accepted = await play(channel, requests)
                    rates.append(COMMANDS / (time.perf_counter() - began))
                    assert accepted > COMMANDS * 0.7, accepted  # noqa: S101 - otherwise the workload measures refusals
    return rates


async def play(channel: grpc.aio.Channel, requests: list[bytes]) -> int:
    """Send all batches with so many unanswered at a time; answer how many commands were accepted."""
    stream = channel.stream_stream(SUBMIT)()
    free = asyncio.Semaphore(UNANSWERED)

    async def write() -> None:
        for request in requests:
            await free.acquire()
            await stream.write(request)
        await stream.done_writing()

    writer = asyncio.ensure_future(write())
    responses = []
    while len(responses) < len(requests):
        responses.append(await stream.read())
        free.release()
    await writer
    results = (result for raw in responses for result in SubmitResponse.FromString(raw).results)
    return sum(not result.reason for result in results)


def handler() -> list[int]:
    """Nanoseconds of each single command in the process."""
    with tempfile.TemporaryDirectory() as folder:
        engine = _core.Engine(folder=folder)
        opening, funding = set_up()
        everything = (1 << 32) - 1
        for batch in (opening, funding):
            engine.apply(SubmitRequest(commands=batch).SerializeToString(), time.time_ns(), everything)
        took = []
        for request in batches(0, 1)[:SINGLES]:
            began = time.perf_counter_ns()
            engine.apply(request, time.time_ns(), everything)
            took.append(time.perf_counter_ns() - began)
        engine.close()
    return sorted(took)


def main() -> None:
    """Run everything and print it."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    for ack in ("durable", "written"):
        rates = asyncio.run(service(ack))
        each = ", ".join(f"{rate:,.0f}" for rate in rates)
        print(f"service, ack {ack}: median {statistics.median(rates):,.0f} commands/s ({each})")
    took = handler()
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    print(
        "handler:", ", ".join(f"{name} {took[int(share * len(took))] / 1_000:.1f} us" for name, share in shares.items())
    )


if __name__ == "__main__":
    main()
