"""The outbox: what a transaction wants done elsewhere is written in it, and done after it, at least once.

1. Rows of one destination are delivered one after another in the order of their commits; destinations do not wait for
   each other. A row that fails is tried again until it succeeds: nothing overtakes it.
2. One process at a time delivers to a destination (see `lease`). After a crash a row may be delivered again: receivers
   dedupe by its id.
3. Ids are in the order of commits, so writers wait for each other from `add` to their commit: make it the last
   statement of the transaction.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog
from opentelemetry import propagate
from prometheus_client import CollectorRegistry, Gauge

from services.kernel.clock import Clock, ns_of
from services.kernel.entropy import Entropy
from services.runtime import postgres
from services.runtime.backoff import Backoff
from services.runtime.lease import leased
from services.runtime.postgres import Connection, Pool

CHANNEL = "outbox"
BATCH = 100
POLL = timedelta(seconds=1)
"""How often a dispatcher looks when nothing tells it to; a commit tells it at once."""

DELIVERED_POLL = timedelta(milliseconds=10)

_ORDER_LOCK = 0x6F757462  # "outb"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to deliver. `trace_context` holds the W3C headers of the transaction that wrote it."""

    outbox_id: int
    key: str
    payload: bytes
    trace_context: Mapping[str, str]
    created_at: datetime


Deliver = Callable[[Row], Awaitable[None]]
"""Delivers one row and returns once that is certain; if it raises, the row comes again."""


async def next_id(connection: Connection) -> int:
    """Return the id of the row that this transaction adds next, for a payload that carries it."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ORDER_LOCK)
    row_id: int = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('outbox', 'outbox_id'))")
    return row_id


async def add(
    connection: Connection, destination: str, key: str, payload: bytes, *, outbox_id: int | None = None
) -> int:
    """Write a row in the caller's transaction and return its id; `outbox_id` is one that `next_id` gave."""
    row_id = outbox_id or await next_id(connection)
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    await connection.execute(
        """
        INSERT INTO outbox (outbox_id, destination, key, payload, trace_context)
        OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5)
        """,
        row_id,
        destination,
        key,
        payload,
        json.dumps(carrier),
    )
    await connection.execute(f"NOTIFY {CHANNEL}")
    return row_id


class Outbox:
    """Delivers the rows of one database, each destination by its own way."""

    def __init__(
        self,
        pool: Pool,
        deliveries: Mapping[str, Deliver],
        clock: Clock,
        entropy: Entropy,
        registry: CollectorRegistry,
    ) -> None:
        self._pool = pool
        self._deliveries = dict(deliveries)
        self._clock = clock
        self._entropy = entropy
        self._lag = Gauge(
            "exchange_outbox_lag_seconds",
            "Age of the oldest row not yet delivered.",
            ["destination"],
            registry=registry,
        )

    async def run(self) -> None:
        """Deliver for ever."""
        async with asyncio.TaskGroup() as group:
            for destination, deliver in self._deliveries.items():
                group.create_task(self._serve(destination, deliver), name=f"outbox {destination}")

    async def delivered(self, outbox_id: int, limit: timedelta) -> bool:
        """Wait until the row was delivered, by whichever process; False if it was not within `limit`."""
        until_ns = self._clock.monotonic_ns() + ns_of(limit)
        while await self._waits(outbox_id):
            if self._clock.monotonic_ns() >= until_ns:
                return False
            await self._clock.sleep(DELIVERED_POLL)
        return True

    async def _waits(self, outbox_id: int) -> bool:
        async with postgres.connection(self._pool) as connection:
            found = await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE outbox_id = $1)", outbox_id)
        return bool(found)

    async def _serve(self, destination: str, deliver: Deliver) -> None:
        """Hold the destination's lease and deliver; on any failure let go, wait, and begin again."""
        backoff = Backoff(self._clock, self._entropy)
        while True:
            try:
                async with leased(self._pool, f"outbox {destination}", self._clock) as connection:
                    told = await _told(connection)
                    while True:
                        await self._deliver_all(connection, destination, deliver, backoff)
                        await self._pause(told)
            except Exception as error:
                _log.warning("outbox_waits", destination=destination, error=str(error) or type(error).__name__)
                await backoff.pause()

    async def _deliver_all(self, connection: Connection, destination: str, deliver: Deliver, backoff: Backoff) -> None:
        while rows := await _oldest(connection, destination):
            for row in rows:
                self._lag.labels(destination).set((self._clock.now() - row.created_at).total_seconds())
                await deliver(row)
                await connection.execute("DELETE FROM outbox WHERE outbox_id = $1", row.outbox_id)
                backoff.reset()
        self._lag.labels(destination).set(0)

    async def _pause(self, told: asyncio.Event) -> None:
        """Wait for a commit, or for the time to look anyway."""
        try:
            async with asyncio.timeout(POLL.total_seconds()):
                await told.wait()
        except TimeoutError:
            pass
        told.clear()


async def _oldest(connection: Connection, destination: str) -> list[Row]:
    records = await connection.fetch(
        """
        SELECT outbox_id, key, payload, trace_context, created_at
        FROM outbox WHERE destination = $1 ORDER BY outbox_id LIMIT $2
        """,
        destination,
        BATCH,
    )
    return [_row(record) for record in records]


def _row(record: asyncpg.Record) -> Row:
    return Row(
        outbox_id=record["outbox_id"],
        key=record["key"],
        payload=record["payload"],
        trace_context=json.loads(record["trace_context"]),
        created_at=record["created_at"],
    )


async def _told(connection: Connection) -> asyncio.Event:
    """Give an event that is set whenever a transaction that wrote to the outbox commits, as long as the lease lasts."""
    event = asyncio.Event()

    def tell(*_notification: object) -> None:
        event.set()

    await connection.add_listener(CHANNEL, tell)
    return event
