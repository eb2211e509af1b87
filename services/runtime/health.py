"""Health that tells the truth: SERVING only while every needed dependency answers.

Each check is a coroutine that raises when its dependency is lost. All run at start, then once a second, each within a
limit. A check that is not needed (the process has a fallback) only shows in the metric.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as grpc_health
from prometheus_client import CollectorRegistry, Gauge

from services.kernel.clock import Clock

CHECK_INTERVAL = timedelta(seconds=1)
CHECK_LIMIT = timedelta(seconds=1)
OVERALL = ""

Check = Callable[[], Awaitable[object]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Dependency:
    check: Check
    needed: bool


class Health:
    """The state behind `grpc.health.v1.Health`."""

    def __init__(self, clock: Clock, registry: CollectorRegistry) -> None:
        self._clock = clock
        self._dependencies: dict[str, _Dependency] = {}
        self._up = Gauge("exchange_dependency_up", "1 while the dependency answers.", ["dependency"], registry=registry)
        self._faults: dict[str, str] = {}
        self._woken = asyncio.Event()
        self.servicer = grpc_health.HealthServicer()

    def add(self, name: str, check: Check, *, needed: bool = True) -> None:
        """Register a dependency."""
        self._dependencies[name] = _Dependency(check, needed)

    def recheck(self) -> None:
        """Run the checks now, because something is known to have changed."""
        self._woken.set()

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong, by dependency; of those that are needed."""
        return {name: fault for name, fault in self._faults.items() if self._dependencies[name].needed}

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await self.check_all()
            await self._pause()

    async def check_all(self) -> None:
        """Run every check once, side by side, and publish the outcome."""
        self._woken.clear()
        before = self.faults
        outcomes = await asyncio.gather(*(self._fault_of(each.check) for each in self._dependencies.values()))
        self._faults = {name: fault for name, fault in zip(self._dependencies, outcomes, strict=True) if fault}
        for name in self._dependencies:
            self._up.labels(name).set(name not in self._faults)
        if before.keys() != self.faults.keys():
            _log.warning("health_changed", faults=self.faults)
        await self._publish()

    async def drain(self) -> None:
        """Say NOT_SERVING from now on, for good."""
        await self.servicer.enter_graceful_shutdown()

    async def _publish(self) -> None:
        statuses = health_pb2.HealthCheckResponse
        await self.servicer.set(OVERALL, statuses.NOT_SERVING if self.faults else statuses.SERVING)

    async def _fault_of(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(CHECK_LIMIT.total_seconds()):
                await check()
        except Exception as error:
            return str(error) or type(error).__name__
        return None

    async def _pause(self) -> None:
        """Wait for the next round, or for `recheck`."""
        woken = asyncio.ensure_future(self._woken.wait())
        slept = asyncio.ensure_future(self._clock.sleep(CHECK_INTERVAL))
        try:
            await asyncio.wait((woken, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            slept.cancel()
