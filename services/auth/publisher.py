"""Events of users, from the outbox to their topic.

1. Connects when there is something to deliver, so auth starts and works without broker and registry; what cannot be
   delivered stays in the outbox.
2. After a failure the connection is made anew: a producer whose records may be lost cannot go on in order.
3. One delivery at a time, as the outbox does it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from exchange.auth.v1.user_events_pb2 import UserEvent
from services.auth.store import USER_EVENTS
from services.runtime import kafka
from services.runtime.kafka import Producer, Record
from services.runtime.outbox import Row
from services.runtime.registry import SchemaRegistry

CLIENT_ID = "auth"
EVENT_ID_HEADER = "event_id"


@dataclass(frozen=True)
class _Line:
    """An open way to the topic."""

    producer: Producer
    serialize: Callable[[UserEvent], bytes]


class UserEventPublisher:
    """Delivers to the topic, keyed by account, in the schema registry's wire format."""

    def __init__(self, kafka_servers: str, registry: SchemaRegistry) -> None:
        self._kafka_servers = kafka_servers
        self._registry = registry
        self._resources = AsyncExitStack()
        self._line: _Line | None = None

    async def deliver(self, row: Row) -> None:
        """Publish an event; raises if it may not have been, and then it comes again with the same id."""
        if self._line is None:
            self._line = await self._connect()
        event = UserEvent.FromString(row.payload)
        headers = {**row.trace_context, EVENT_ID_HEADER: event.header.event_id}
        record = Record(USER_EVENTS, row.key.encode(), self._line.serialize(event), headers)
        try:
            await self._line.producer.send([record])
        except Exception:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the broker."""
        self._line = None
        await self._resources.aclose()

    async def _connect(self) -> _Line:
        serialize = await self._registry.serializer(USER_EVENTS, UserEvent)
        producer = await self._resources.enter_async_context(kafka.connect(self._kafka_servers, CLIENT_ID))
        return _Line(producer, serialize)


@asynccontextmanager
async def publishing(kafka_servers: str, registry_url: str) -> AsyncIterator[UserEventPublisher]:
    """Open a publisher."""
    publisher = UserEventPublisher(kafka_servers, SchemaRegistry(registry_url))
    try:
        yield publisher
    finally:
        await publisher.close()
