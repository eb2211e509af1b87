"""Health tells the truth, within a limit, and tells apart what is needed from what is not."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from services.kernel.clock import ManualClock
from services.runtime import health as health_room
from services.runtime.health import Health
from services.runtime.run import Process, ProcessSettings, running
from tests.mesh import Mesh

ASK = health_pb2.HealthCheckRequest()
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Dependency:
    """Answers until it is lost."""

    def __init__(self) -> None:
        self.lost = False

    async def check(self) -> None:
        if self.lost:
            raise ConnectionError("gone")


async def test_a_lost_dependency_shows_and_so_does_its_return(tmp_path: Path) -> None:
    store = Dependency()

    async def build(process: Process, _own: ProcessSettings) -> None:
        process.check("store", store.check)

    mesh = Mesh(tmp_path)
    async with (
        running("x", ProcessSettings(**mesh.process("x")), build) as process,
        mesh.channel("edge", process.server.port) as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(ASK)
        assert (await watch.read()).status == SERVING
        store.lost = True
        process.health.recheck()
        assert (await watch.read()).status == NOT_SERVING
        assert process.health.faults == {"store": "gone"}
        store.lost = False
        process.health.recheck()
        assert (await watch.read()).status == SERVING
        assert (await health.Check(ASK)).status == SERVING


async def test_a_process_that_starts_without_its_store_says_so(tmp_path: Path) -> None:
    store = Dependency()
    store.lost = True

    async def build(process: Process, _own: ProcessSettings) -> None:
        process.check("store", store.check)

    mesh = Mesh(tmp_path)
    async with (
        running("x", ProcessSettings(**mesh.process("x")), build) as process,
        mesh.channel("edge", process.server.port) as channel,
    ):
        assert (await health_pb2_grpc.HealthStub(channel).Check(ASK)).status == NOT_SERVING


async def test_what_has_a_fallback_shows_in_the_metric_only() -> None:
    registry, cache = CollectorRegistry(), Dependency()
    health = Health(ManualClock(), registry)
    health.add("cache", cache.check, needed=False)
    cache.lost = True
    await health.check_all()
    assert health.faults == {}
    assert registry.get_sample_value("exchange_dependency_up", {"dependency": "cache"}) == 0


async def test_a_check_that_hangs_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_room, "CHECK_LIMIT", timedelta(milliseconds=10))
    health = Health(ManualClock(), CollectorRegistry())
    health.add("store", asyncio.Event().wait)
    await health.check_all()
    assert health.faults == {"store": "TimeoutError"}


class Tick(ManualClock):
    """A clock that tells when somebody begins to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = asyncio.Queue[timedelta]()

    async def sleep(self, span: timedelta) -> None:
        self.slept.put_nowait(span)
        await super().sleep(span)


async def test_checks_run_again_each_interval() -> None:
    clock, rounds = Tick(), asyncio.Queue[None]()
    health = Health(clock, CollectorRegistry())

    async def check() -> None:
        rounds.put_nowait(None)

    health.add("store", check)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(health.run())
        for _ in range(3):
            await rounds.get()
            clock.advance(await clock.slept.get())
        task.cancel()
