"""Follows the engine and publishes, from the stored position on, for as long as the process lives."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Never

import structlog
from opentelemetry import propagate, trace
from prometheus_client import CollectorRegistry, Gauge

from exchange.engine.v1.engine_events_pb2 import OrderEvent, TradeEvent
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, SnapshotStart
from exchange.engine.v1.instrument_pb2 import Instrument
from exchange.event.v1.event_pb2 import Position
from services.engine.relay.convert import ORDER_EVENTS, TRADE_EVENTS, Records, Serializers
from services.engine.relay.position_file import PositionFile, PositionFileFault
from services.kernel.refusal import Refusal, Unavailable
from services.runtime import kafka
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import POSITION_UNKNOWN, HistoryLost, OpenEvents
from services.runtime.refusals import PeerFailed
from services.runtime.registry import SchemaRegistry

PAUSE_MS = 20
"""How long the engine collects what follows: many records cost the broker little more than one."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ends:
    """Between what the relay stands."""

    events: OpenEvents
    kafka_servers: str
    registry: SchemaRegistry
    position: PositionFile


class Relay:
    """Publishes one shard's events."""

    def __init__(self, ends: Ends, backoff: Backoff, tracer: trace.Tracer, registry: CollectorRegistry) -> None:
        self._ends = ends
        self._backoff = backoff
        self._tracer = tracer
        self._position = ends.position.load()
        self._fault = "not connected yet"
        self._lag = Gauge("exchange_relay_lag", "Durable commands whose events are not in Kafka.", registry=registry)

    async def check(self) -> None:
        """Raise while nothing can be published."""
        if self._fault:
            raise Unavailable(self._fault)

    async def run(self) -> Never:
        """Publish for ever; raises `HistoryLost`, and `SchemaRefused` if a schema would break the topics' readers."""
        while True:
            try:
                self._ends.position.save(self._position)
                async with kafka.connect(self._ends.kafka_servers, "relay") as producer:
                    await self._follow(producer)
            except (Refusal, PeerFailed, ConnectionError, PositionFileFault) as error:
                if isinstance(error, Refusal) and error.reason == POSITION_UNKNOWN:
                    raise HistoryLost(self._beyond()) from error
                self._fault = str(error)
                _log.warning("relay_waits", error=self._fault)
            await self._backoff.pause()

    async def _follow(self, producer: kafka.Producer) -> None:
        records = Records(await self._serializers(), await self._instruments())
        async with aclosing(self._ends.events(EventsRequest(after=self._position, pause_ms=PAUSE_MS))) as responses:
            async for response in responses:
                if response.blocks:
                    await self._publish(producer, records, response)
                self._fault = ""
                self._backoff.reset()
                self._lag.set(response.durable_seq - self._position.engine_seq)

    async def _publish(self, producer: kafka.Producer, records: Records, response: EventsResponse) -> None:
        shard, epoch = response.shard, response.epoch
        with self._tracer.start_as_current_span("relay", kind=trace.SpanKind.PRODUCER):
            headers: dict[str, str] = {}
            propagate.inject(headers)
            await producer.send(
                [record for block in response.blocks for record in records.of(shard, epoch, block, headers)]
            )
        self._position = Position(shard=shard, epoch=epoch, engine_seq=response.blocks[-1].engine_seq)
        self._ends.position.save(self._position)

    def _beyond(self) -> str:
        at = self._position
        return (
            f"the engine has no command {at.engine_seq} in epoch {at.epoch} of shard {at.shard}, up to which"
            f" {self._ends.position.path} says all is published: find out which of the two is the wrong one"
        )

    async def _serializers(self) -> Serializers:
        registry = self._ends.registry
        return Serializers(
            await registry.serializer(ORDER_EVENTS, OrderEvent), await registry.serializer(TRADE_EVENTS, TradeEvent)
        )

    async def _instruments(self) -> list[Instrument]:
        """Read what is listed by now: the listings before the position are not read again."""
        instruments: list[Instrument] = []
        async with aclosing(self._ends.events(EventsRequest(snapshot=SnapshotStart()))) as responses:
            async for response in responses:
                instruments += [book.instrument for book in response.snapshot.books]
                if response.snapshot.last:
                    break
        return instruments
