"""Traces and metrics of one process.

Traces are recorded only when a collector is named; without one, trace ids still travel and stand in the logs.
Metrics are served in Prometheus' text format on a port of their own, bound to the loopback address.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RpcMetrics:
    """What each server counts about its calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.total = Counter("exchange_rpc", "Calls served.", ["method", "code"], registry=registry)
        self.seconds = Histogram(
            "exchange_rpc_seconds", "Duration of calls.", ["method"], buckets=SECONDS, registry=registry
        )
        self.in_flight = Gauge("exchange_rpc_in_flight", "Calls being served.", registry=registry)


@dataclass(frozen=True)
class Telemetry:
    """The tracer and the registry of one process; whoever measures something makes its metric in `registry`."""

    tracer: trace.Tracer
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)


@asynccontextmanager
async def open_telemetry(service: str, metrics_port: int | None, otlp_endpoint: str | None) -> AsyncIterator[Telemetry]:
    """Start to record and to serve; a `metrics_port` of None serves no metrics. Raises OSError for a busy port."""
    async with _tracer(service, otlp_endpoint) as tracer:
        telemetry = Telemetry(tracer)
        with _served(telemetry.registry, metrics_port):
            yield telemetry


@asynccontextmanager
async def _tracer(service: str, otlp_endpoint: str | None) -> AsyncIterator[trace.Tracer]:
    provider = TracerProvider(
        sampler=ParentBased(ALWAYS_ON if otlp_endpoint else ALWAYS_OFF),
        resource=Resource.create({SERVICE_NAME: service}),
        shutdown_on_exit=False,
    )
    try:
        with _exporting(provider, otlp_endpoint):
            yield provider.get_tracer("exchange")
    finally:
        await asyncio.to_thread(provider.shutdown)  # sends what is left, and may wait for the collector


def _exporting(provider: TracerProvider, endpoint: str | None) -> AbstractContextManager[None]:
    if endpoint is None:
        return nullcontext()
    from services.runtime.trace_export import exporting  # noqa: PLC0415 - costly, and needed by few

    return exporting(provider, endpoint)


@contextmanager
def _served(registry: CollectorRegistry, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
