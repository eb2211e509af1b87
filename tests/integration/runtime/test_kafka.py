"""The producer against a real broker."""

import asyncio
import secrets

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from services.runtime import kafka as kafka_client
from services.runtime.kafka import Record

TOPIC = "user-events"


async def test_what_was_acknowledged_is_there_in_order(kafka: str) -> None:
    key = secrets.token_bytes(8)
    async with kafka_client.connect(kafka, "test") as producer:
        await producer.send(Record(TOPIC, key, str(n).encode(), {"traceparent": "t"}) for n in range(100))
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            got = await records_of(consumer, key, 100)
    finally:
        await consumer.stop()
    assert [record.value for record in got] == [str(n).encode() for n in range(100)]
    assert got[0].headers == (("traceparent", b"t"),)


async def records_of(consumer: AIOKafkaConsumer, key: bytes, count: int) -> list[ConsumerRecord]:
    """Read until `count` records of the key have come; the topic is shared with other tests."""
    got: list[ConsumerRecord] = []
    while len(got) < count:
        record = await consumer.getone()
        got += [record] if record.key == key else []
    return got


async def test_no_broker_is_one_sentence() -> None:
    with pytest.raises(ConnectionError, match=r"Kafka cannot be used at 127\.0\.0\.1:1"):
        async with kafka_client.connect("127.0.0.1:1", "test"):
            raise AssertionError
