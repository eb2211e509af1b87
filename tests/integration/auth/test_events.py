"""What becomes of auth's events: with the broker, and without it for a while."""

import asyncio
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from exchange.auth.v1.user_events_pb2 import UserEvent
from stack.launcher import Stack
from tests.integration.auth.site import Site

WIRE_HEAD = 6
"""Octets before the message: magic, schema id, index of the first message in its file."""


@pytest.fixture
def full_site(site: Site, kafka: str, schema_registry: str) -> Site:
    return replace(site, kafka_servers=kafka, registry_url=schema_registry)


async def published(servers: str, user_id: str, count: int) -> list[ConsumerRecord]:
    """Wait for so many different events of a user; what comes twice is told by its id."""
    seen: dict[str, ConsumerRecord] = {}
    consumer = AIOKafkaConsumer("user-events", bootstrap_servers=servers, auto_offset_reset="earliest")
    try:
        await consumer.start()
        async with asyncio.timeout(60):
            while len(seen) < count:
                record = await consumer.getone()
                if event_of(record).user_id == user_id:
                    seen.setdefault(event_of(record).header.event_id, record)
    finally:
        await consumer.stop()
    return list(seen.values())


def event_of(record: ConsumerRecord) -> UserEvent:
    assert record.value[:1] == b"\x00"
    return UserEvent.FromString(record.value[WIRE_HEAD:])


async def test_events_reach_their_topic_in_order(full_site: Site) -> None:
    async with full_site.up() as client:
        user = await client.register()
        pair = await client.login(scopes=["account:read"])
        await client.logout(pair.access_token)
        records = await published(full_site.kafka_servers, user.user_id, 3)
    events = [event_of(record) for record in records]
    assert [event.WhichOneof("event") for event in events] == ["registered", "session_started", "session_ended"]
    assert events[1].session_started.session_id == events[2].session_ended.session_id
    assert [dict(record.headers)["event_id"].decode() for record in records] == [e.header.event_id for e in events]
    assert {(record.key, event.account_id) for record, event in zip(records, events, strict=True)} == {(b"1001", 1001)}


async def test_a_lost_broker_holds_up_nothing_but_its_events(full_site: Site, stack: Stack) -> None:
    async with full_site.up() as client:
        user = await client.register()
        await published(full_site.kafka_servers, user.user_id, 1)
        stack.kill("kafka")
        try:
            await client.login()
            assert len(await full_site.outbox()) == 1
        finally:
            stack.restart("kafka")
        await client.login()
        records = await published(full_site.kafka_servers, user.user_id, 3)
    assert [event_of(record).WhichOneof("event") for record in records] == ["registered", *["session_started"] * 2]


async def test_events_of_a_process_without_broker_and_registry_are_published_by_the_next(full_site: Site) -> None:
    async with replace(full_site, kafka_servers="127.0.0.1:1", registry_url="http://127.0.0.1:1").up() as client:
        user = await client.register()
        assert len(await full_site.outbox()) == 1
    async with full_site.up():
        await published(full_site.kafka_servers, user.user_id, 1)
