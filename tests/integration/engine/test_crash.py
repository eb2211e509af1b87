"""kill -9 at random moments, over and over: `make crash` does it 200 times, `make test` 20 times.

After each kill the journal is held against what was acknowledged by exchange-journal, checksums, chain and hash; after
each recovery everything is sent again, and what was acknowledged answers as it did. Segments are tiny and snapshots
frequent, so that many kills fall into a rotation or a snapshot; the traces they leave are counted.
"""

import asyncio
import json
import logging
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from exchange.engine.v1.command_pb2 import Command, CommandResult
from tests.contract.engine.market import ORDERS, all_blocks, open_market
from tests.integration.engine.engine_process import EngineProcess, engine_process
from tests.integration.engine.test_kill import accepted, answers, assets_held
from tests.mesh import Mesh
from tests.unit.engine.journal_tool import journal_tool
from tests.unit.engine.samples import BUYER, FUNDS, SELLER, order

_log = logging.getLogger(__name__)

KILLS = int(os.environ.get("EXCHANGE_CRASH_KILLS", "20"))
SEED = int(os.environ.get("EXCHANGE_CRASH_SEED", "1"))
TINY = {"journal_segment_bytes": 1 << 14, "event_segment_bytes": 1 << 16, "snapshot_every_commands": 50}
BATCHES, ORDERS_EACH = 60, 10
LONGEST_LIFE_S = 0.08
JOURNAL_HEADER_BYTES = 64

Batches = Sequence[Sequence[Command]]


@dataclass
class Told:
    """What the engine said, and what the kills met."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    last_seq: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def take(self, results: Sequence[tuple[str, CommandResult]]) -> None:
        """Keep new answers; an answer to what was answered before is the same again."""
        for client_order_id, result in results:
            first = self.acknowledged.setdefault(client_order_id, result.engine_seq)
            assert result.engine_seq == first or (result.replayed and result.engine_seq == first)
            self.last_seq = max(self.last_seq, result.engine_seq)


def batches_of(life: int) -> Batches:
    """Make orders that rest and trade, as many of one side as of the other."""
    return [
        [
            order(f"{life}-{batch}-{n}", SELLER if n % 2 else BUYER, 5_000_000 + (n * 37 + batch) % 40, quantity=100)
            for n in range(ORDERS_EACH)
        ]
        for batch in range(BATCHES)
    ]


async def live_until_killed(
    mesh: Mesh, engine: EngineProcess, told: Told, sent: Sequence[Batches], life_s: float
) -> None:
    """Send again what was sent before, then what is new; the kill comes in the middle of the latter."""
    killed = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def all_of(batches: Batches) -> None:
        async for results in answers(channel, batches):
            told.take(results)

    async with mesh.channel(ORDERS, engine.port) as channel, asyncio.timeout(60):
        await channel.channel_ready()  # the first attempt to connect may fail while the engine begins
        for batches in sent[-2:-1]:
            await all_of(batches)
        loop.call_later(life_s, killed.set)
        load = asyncio.ensure_future(all_of(sent[-1]))
        await killed.wait()
        await engine.kill()
        try:
            await load
        except grpc.aio.AioRpcError:  # its code depends on whether a write or a read met the loss
            told.met["under load"] += 1
        else:
            told.met["idle"] += 1


def classify(folder: Path, told: Told) -> None:
    """Count what was under way, by what it left behind."""
    if (folder / "snapshots" / "draft.tmp").exists():
        told.met["inside a snapshot"] += 1
    spare = folder / "journal" / "spare.tmp"
    newest = max((folder / "journal").glob("journal-*.log"))
    begun = newest.read_bytes()[JOURNAL_HEADER_BYTES:].strip(b"\0")
    if not begun or not spare.exists() or spare.stat().st_size < TINY["journal_segment_bytes"]:
        told.met["inside a rotation"] += 1


async def hold_against_journal(folder: Path, told: Told) -> None:
    """Read the killed engine's files as they are."""
    verified = await asyncio.to_thread(journal_tool, "verify", str(folder))
    assert (verified.returncode, verified.stderr) == (0, "")
    assert json.loads(verified.stdout)["last_seq"] >= told.last_seq


@pytest.mark.parametrize("ack", ["durable", "written"])
async def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(mesh: Mesh, tmp_path: Path, ack: str) -> None:
    folder, told, chance = tmp_path / "engine", Told(), random.Random(SEED)  # noqa: S311 - moments, not secrets
    kills = KILLS - KILLS // 10 if ack == "durable" else KILLS // 10
    sent: list[Batches] = []
    for life in range(kills):
        sent.append(batches_of(life))
        async with engine_process(mesh, folder, ack=ack, **TINY) as engine:
            if life == 0:
                await open_market(mesh, engine.port)
            await live_until_killed(mesh, engine, told, sent, chance.uniform(0, LONGEST_LIFE_S))
        classify(folder, told)
        await hold_against_journal(folder, told)

    async with engine_process(mesh, folder, ack=ack, **TINY) as engine, mesh.channel(ORDERS, engine.port) as channel:
        async for results in answers(channel, sent[-1]):
            told.take(results)
        times = accepted(await all_blocks(channel))
        assert times.keys() <= told.acknowledged.keys()
        assert set(times.values()) == {1}
        assert await assets_held(channel) == dict(FUNDS.values())
        assert await engine.stop() == 0  # its last snapshot is that of a second core
    await hold_against_journal(folder, told)
    shown = journal_tool("show", str(folder)).stdout.splitlines()
    placed = {line["engine_seq"]: line["fields"].get("client_order_id") for line in map(json.loads, shown)}
    assert {seq: placed[seq] for seq in told.acknowledged.values()} == {s: i for i, s in told.acknowledged.items()}
    _log.info("%s: %d kills, %d orders answered, %d commands, %s", ack, kills, len(times), len(placed), dict(told.met))
    assert told.met["under load"] > 0


async def test_a_snapshot_that_was_cut_short_is_no_snapshot(mesh: Mesh, tmp_path: Path) -> None:
    """Kill as soon as the unfinished file shows."""
    folder, told = tmp_path / "engine", Told()
    draft = folder / "snapshots" / "draft.tmp"
    sent: list[Batches] = []
    for life in range(60):
        sent.append(batches_of(life))
        async with engine_process(mesh, folder, **TINY) as engine:
            if life == 0:
                await open_market(mesh, engine.port)
            async with mesh.channel(ORDERS, engine.port) as channel:
                await channel.channel_ready()
                await until_seen(channel, sent[-1], draft, told, engine)
        classify(folder, told)
        await hold_against_journal(folder, told)
        if told.met["inside a snapshot"]:
            break
    assert told.met["inside a snapshot"]
    async with engine_process(mesh, folder, **TINY) as engine, mesh.channel(ORDERS, engine.port) as channel:
        async for results in answers(channel, sent[-1]):
            told.take(results)
        assert set(accepted(await all_blocks(channel)).values()) == {1}


async def until_seen(
    channel: grpc.aio.Channel, batches: Batches, draft: Path, told: Told, engine: EngineProcess
) -> None:
    """Send, and kill when the file shows, or when all is answered."""
    over = False

    def watch() -> None:
        while not over:
            if draft.exists():
                engine.kill_now()
                return

    watching = asyncio.get_running_loop().run_in_executor(None, watch)
    try:
        async for results in answers(channel, batches):
            told.take(results)
    except grpc.aio.AioRpcError:
        assert draft.parent.exists()
    over = True
    await watching
    await engine.kill()
