"""Sending traces to a collector; imported only where one is named, because it costs each start half a second."""

from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiokafka import AIOKafkaInstrumentor
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_INSTRUMENTORS: tuple[Any, ...] = (AsyncPGInstrumentor, RedisInstrumentor, AIOKafkaInstrumentor)


def export(provider: TracerProvider, endpoint: str) -> None:
    """Send the provider's spans to `endpoint` (OTLP over gRPC), those of the stores' clients too."""
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
    for instrumentor in _INSTRUMENTORS:
        instrumentor().instrument(tracer_provider=provider)
