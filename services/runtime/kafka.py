"""The Kafka producer: idempotent, acknowledged by every replica in sync."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.kernel.refusal import Unavailable

REQUEST_LIMIT_MS = 10_000
SEND_LIMIT = timedelta(seconds=10)
LINGER_MS = 2


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `headers` carry the W3C trace context."""

    topic: str
    key: bytes
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Producer:
    """Sends records; those of one key arrive in the order of their sending."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(self, records: Iterable[Record]) -> None:
        """Send records together and return once all are acknowledged; raises `Unavailable` if one may be lost.

        After that the producer is of no more use: open another one.
        """
        try:
            async with asyncio.timeout(SEND_LIMIT.total_seconds()):
                for acknowledged in [await self._enqueue(record) for record in records]:
                    await acknowledged
        except (KafkaError, TimeoutError) as error:
            raise Unavailable("The event topics do not answer; the same records may be sent again.") from error

    async def _enqueue(self, record: Record) -> asyncio.Future[object]:
        headers = [(name, value.encode()) for name, value in record.headers.items()]
        acknowledged: asyncio.Future[object] = await self._producer.send(
            record.topic, record.value, record.key, headers=headers
        )
        return acknowledged


@asynccontextmanager
async def connect(bootstrap: str, client_id: str) -> AsyncIterator[Producer]:
    """Open a producer to `bootstrap` (host:port, ...); raises ConnectionError if no broker answers."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        linger_ms=LINGER_MS,
        request_timeout_ms=REQUEST_LIMIT_MS,
    )
    try:
        await _start(producer, bootstrap)
        try:
            yield Producer(producer)
        finally:
            await _give_up(producer)
    finally:
        await producer.stop()  # also after a failed start: it holds a connection then


async def _give_up(producer: AIOKafkaProducer) -> None:
    """Let go of records that are not acknowledged: an idempotent producer never does, nor would it stop before."""
    await producer._sender.close()  # noqa: SLF001 - there is no public way
    producer._message_accumulator._batches.clear()  # noqa: SLF001 - there is no public way


async def _start(producer: AIOKafkaProducer, bootstrap: str) -> None:
    try:
        await producer.start()
    except KafkaError as error:
        raise ConnectionError(f"Kafka cannot be used at {bootstrap}: {error}") from error
