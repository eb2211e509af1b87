import secrets

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from stack.kafka import TOPICS
from stack.launcher import Stack


async def test_the_topics_have_their_partitions(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        await admin.start()
        described = await admin.describe_topics(list(TOPICS))
    finally:
        await admin.close()

    assert {topic["topic"]: len(topic["partitions"]) for topic in described} == TOPICS


async def test_acknowledged_records_survive_kill_and_restart(stack: Stack, kafka: str) -> None:
    key = secrets.token_bytes(8)
    partition, offset = await send(kafka, key)

    stack.kill("kafka")
    stack.restart("kafka")

    assert await read(kafka, partition, offset) == key


async def send(servers: str, key: bytes) -> tuple[int, int]:
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        sent = await producer.send_and_wait("order-events", b"value", key=key)
    finally:
        await producer.stop()
    return sent.partition, sent.offset


async def read(servers: str, partition: int, offset: int) -> bytes:
    consumer = AIOKafkaConsumer("order-events", bootstrap_servers=servers, auto_offset_reset="earliest")
    try:
        await consumer.start()
        async for record in consumer:
            if (record.partition, record.offset) == (partition, offset):
                return bytes(record.key)
    finally:
        await consumer.stop()
    raise AssertionError("the consumer ended without the record")
