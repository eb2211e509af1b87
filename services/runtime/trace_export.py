"""Sending traces to a collector; imported only where one is named, because it costs each start half a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiokafka import AIOKafkaInstrumentor
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_INSTRUMENTORS: tuple[Any, ...] = (AsyncPGInstrumentor, RedisInstrumentor, AIOKafkaInstrumentor)


@contextmanager
def exporting(provider: TracerProvider, endpoint: str) -> Iterator[None]:
    """Send the provider's spans, those of the stores' clients too, to `endpoint` (OTLP over gRPC)."""
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
    for instrumentor in _INSTRUMENTORS:
        instrumentor().instrument(tracer_provider=provider)
    try:
        yield
    finally:
        for instrumentor in _INSTRUMENTORS:
            instrumentor().uninstrument()
