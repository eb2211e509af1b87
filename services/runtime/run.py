"""The skeleton of every process: settings, logs, start, drain, stop.

1. A start that fails says why in one sentence on standard error and leaves nothing behind.
2. SIGTERM and SIGINT drain: health says NOT_SERVING, new calls are refused, those being served get the grace to end,
   then background tasks are cancelled and resources close in the reverse order of their opening.
3. A background task that ends, for whatever reason, ends the process loudly: a process without its consumer is a lie.

Exit codes are those of sysexits: 0 stopped, 69 could not start, 70 failed while running, 78 bad settings.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog
import uvloop

from services.kernel.clock import Clock, SystemClock
from services.kernel.entropy import Entropy, SystemEntropy
from services.kernel.ids import Ids, Uuid7Ids
from services.runtime import logs, settings
from services.runtime.authorization import Authorizer, Callers, SessionIsLive
from services.runtime.gate import Gate
from services.runtime.grpc_server import Listener, Server
from services.runtime.health import Check, Health
from services.runtime.memory import keep_freed_memory
from services.runtime.telemetry import Telemetry, open_telemetry
from services.runtime.tls import Identity
from services.runtime.tokens import FetchKeys, TokenVerifier

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    """What every process is told; a service's own settings extend it."""

    listen_port: int
    tls_ca: Path
    tls_cert: Path
    tls_key: Path
    listen_host: str = "127.0.0.1"
    metrics_port: int | None = None
    callers_file: Path = Path("mesh/callers.yaml")
    otlp_endpoint: str | None = None
    log_level: str = "info"
    reflection: bool = False
    grace: timedelta = timedelta(seconds=10)
    stream_grace: timedelta = timedelta(milliseconds=500)
    """How long open streams may take to end by themselves at a drain, at most the grace."""
    max_message_bytes: int = 4 * 1024 * 1024
    max_calls: int = 10_000
    max_streams_per_client: int = 200
    """Streams that one account, address or process may have open at once; more are refused."""

    @property
    def identity(self) -> Identity:
        """The certificate that this process shows."""
        return Identity(self.tls_ca, self.tls_cert, self.tls_key)


T = TypeVar("T")
P = TypeVar("P", bound=ProcessSettings)


class Process:
    """What `app` builds a service on. Resources close, and tasks end, in the reverse order of their making."""

    def __init__(self, own: ProcessSettings, telemetry: Telemetry, resources: AsyncExitStack) -> None:
        self.clock: Clock = SystemClock()
        self.entropy: Entropy = SystemEntropy()
        self.ids: Ids = Uuid7Ids(self.clock, self.entropy)
        self.callers = Callers.load(own.callers_file)
        self.telemetry = telemetry
        self.health = Health(self.clock, telemetry.registry)
        self._authorizer = Authorizer(self.callers)
        self._gate = Gate(
            self._authorizer,
            self.ids,
            telemetry,
            clock=self.clock,
            max_calls=own.max_calls,
            max_streams_per_client=own.max_streams_per_client,
        )
        listener = Listener(own.listen_host, own.listen_port, own.identity, own.max_message_bytes, own.reflection)
        self.server = Server(listener, self._gate, self.health)
        self._resources = resources
        self._tasks: list[tuple[str, Callable[[], Coroutine[Any, Any, object]]]] = []

    async def open(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Open a resource that lives as long as the process."""
        return await self._resources.enter_async_context(resource)

    def check(self, name: str, check: Check, *, needed: bool = True) -> None:
        """Let the health depend on `check`, which raises when the dependency is lost."""
        self.health.add(name, check, needed=needed)

    def background(self, name: str, task: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run `task` from the start to the end of the process; it must not end by itself."""
        self._tasks.append((name, task))

    def use_tokens(self, fetch_keys: FetchKeys, session_is_live: SessionIsLive | None = None) -> None:
        """Accept users' tokens; comes before the first `server.add` of a contract that needs them."""
        self._authorizer.use_tokens(TokenVerifier(self.clock, fetch_keys).verify, session_is_live)

    @asynccontextmanager
    async def tasks(self) -> AsyncIterator[None]:
        """Run the background tasks, and the health checks, around the body."""
        failed: Exception | None = None
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_endless(name, task), name=name) for name, task in self._tasks]
            running.append(group.create_task(self.health.run(), name="health"))
            try:
                yield
            except Exception as error:
                failed = error  # raised below as it is: inside, the group would wrap it
            finally:
                for task in running:
                    task.cancel()
        if failed is not None:
            raise failed


async def _endless(name: str, task: Callable[[], Coroutine[Any, Any, object]]) -> None:
    await task()
    raise RuntimeError(f"background task {name} ended")


Build = Callable[[Process, P], Awaitable[None]]
"""A service's `app.build`: opens resources, registers checks and background tasks, adds its contracts to the server."""


def serve(name: str, kind: type[P], build: Build[P]) -> None:
    """Run a service until it is told to stop; never returns."""
    sys.exit(_exit_code(name, kind, build, os.environ))


@asynccontextmanager
async def running(name: str, own: P, build: Build[P]) -> AsyncIterator[Process]:
    """Start a service, hand it over while it runs, drain and close it at the end.

    Raises what kept it from starting as it is, and an ExceptionGroup with what ended a background task.
    """
    async with (
        open_telemetry(name, own.metrics_port, own.otlp_endpoint) as telemetry,
        AsyncExitStack() as resources,
    ):
        process = Process(own, telemetry, resources)
        await build(process, own)
        await process.health.check_all()
        await process.server.start()
        async with process.tasks():
            try:
                yield process
            finally:
                await process.server.drain(own.grace, own.stream_grace)


def _exit_code(name: str, kind: type[P], build: Build[P], environ: Mapping[str, str]) -> int:
    try:
        own = settings.load(kind, environ)
    except settings.InvalidSettings as error:
        return _failed(f"{name} cannot start: {error}", os.EX_CONFIG)
    logs.configure(name, own.log_level)
    keep_freed_memory()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_stopped(name, own, build))


async def _until_stopped(name: str, own: P, build: Build[P]) -> int:
    told_to_stop, started = _stop_signals(), False
    try:
        async with running(name, own, build) as process:
            started = True
            gc.freeze()  # what was built lives to the end: the collector need not look at it again and again
            _log.info("started", port=process.server.port, faults=process.health.faults)
            await told_to_stop.wait()
            _log.info("draining")
    except Exception as error:
        cause = _cause(error)
        _log.debug("failed", exc_info=cause)
        if not started:
            return _failed(f"{name} cannot start: {cause}", os.EX_UNAVAILABLE)
        _log.error("died", exc_info=cause)
        return _failed(f"{name} died: {cause}", os.EX_SOFTWARE)
    _log.info("stopped")
    return os.EX_OK


def _stop_signals() -> asyncio.Event:
    """Return what SIGTERM or SIGINT sets; a start that is under way ends first, the second signal kills."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        told.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    return told


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _failed(sentence: str, code: int) -> int:
    sys.stderr.write(sentence + "\n")
    return code
