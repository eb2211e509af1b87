"""Gives the suite of the engine's port each engine in turn: the one in memory and the real one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import Refusal
from services.orders.peers import EnginePeer, InstrumentMirror
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import events_of
from services.runtime.submitter import Submitter
from tests.contract.orders.desk import PATIENCE_S, Desk
from tests.contract.orders.engines import CALLERS, engine_of, open_market, operator
from tests.mesh import Mesh


@pytest.fixture(params=["memory", "real"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    mesh = Mesh(tmp_path, CALLERS)
    async with (
        engine_of(request.param, mesh, tmp_path).running() as process,
        operator(mesh, process.server.port) as admin,
        mesh.channel("orders", process.server.port) as channel,
        asyncio.TaskGroup() as group,
    ):
        await open_market(admin)
        submitter = Submitter(channel, SystemClock(), SystemEntropy())
        peer = EnginePeer(channel, submitter.submit)
        mirror = InstrumentMirror(peer.horizon)
        following = mirror.follow(events_of(channel), Backoff(SystemClock(), SystemEntropy()))
        tasks = [group.create_task(submitter.run()), group.create_task(following)]
        async with asyncio.timeout(PATIENCE_S):
            while not await is_open(submitter):
                await peer.horizon()
        yield Desk(peer, mirror, events_of(channel), admin)
        for task in tasks:
            task.cancel()


async def is_open(submitter: Submitter) -> bool:
    try:
        await submitter.check()
    except Refusal:
        return False
    return True
