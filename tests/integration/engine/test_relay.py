"""The relay brings each order and trade to Kafka: once after dedupe by id, also across kill -9 of engine and broker."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from exchange.engine.v1.engine_events_pb2 import OrderEvent, TradeEvent
from services.engine.relay.app import build
from services.engine.relay.position_file import PositionFileFault
from services.engine.relay.settings import RelaySettings
from services.runtime.run import Process, running
from stack.launcher import Stack
from tests.contract.engine.market import ORDERS, all_blocks, open_market, submit
from tests.integration.engine.engine_process import engine_process
from tests.mesh import Mesh
from tests.unit.engine.samples import BTC_KK99, BUYER, SELLER, order

TOPICS = ("order-events", "trade-events")
LIMIT_S = 120


@asynccontextmanager
async def topics(servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Read what is published from now on."""
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=servers, auto_offset_reset="latest")
    try:
        await consumer.start()
        await consumer.seek_to_end()
        for partition in consumer.assignment():
            await consumer.position(partition)
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def relay(mesh: Mesh, folder: Path, engine_port: int, kafka: str, registry: str) -> AsyncIterator[Process]:
    settings = RelaySettings(
        **mesh.process("relay"),
        engine_target=f"127.0.0.1:{engine_port}",
        kafka_servers=kafka,
        registry_url=registry,
        position_file=folder / "relay" / "position.json",
    )
    async with running("relay", settings, build) as process:
        yield process


def event_of(record: ConsumerRecord) -> OrderEvent | TradeEvent:
    """Read a value in the wire format: magic, schema id, the path to the message, the message."""
    assert (record.value[0], record.value[5]) == (0, 2)
    kind = OrderEvent if record.topic == "order-events" else TradeEvent
    return kind.FromString(record.value[7:])


async def published(
    consumer: AIOKafkaConsumer, count: int, before: Mapping[str, ConsumerRecord] | None = None
) -> dict[str, ConsumerRecord]:
    """Read on until there are so many different events; what comes twice is told by its id."""
    seen = dict(before or {})
    async with asyncio.timeout(LIMIT_S):
        while len(seen) < count:
            record = await consumer.getone()
            event_id = dict(record.headers)["event_id"].decode()
            assert event_of(record).header.event_id == event_id
            seen.setdefault(event_id, record)
    return seen


async def expected_ids(mesh: Mesh, port: int) -> set[str]:
    """Give the ids of all orders' and trades' events in the log."""
    async with mesh.channel(ORDERS, port) as channel:
        return {
            f"0:1:{block.engine_seq}:{index}"
            for block in await all_blocks(channel)
            for index, event in enumerate(block.events)
            if event.WhichOneof("event") in ("order_updated", "trade")
        }


async def trade(mesh: Mesh, port: int, count: int) -> None:
    async with mesh.channel(ORDERS, port) as channel:
        for n in range(count):
            name = f"{secrets.token_hex(4)}-{n}"
            both = order(f"s{name}", SELLER, 5_000_000), order(f"b{name}", BUYER, 5_000_000)
            assert not any(result.reason for result in (await submit(channel, *both)).results)


async def test_each_event_arrives_with_its_instrument_under_its_key(
    mesh: Mesh, tmp_path: Path, kafka: str, schema_registry: str
) -> None:
    async with engine_process(mesh, tmp_path / "engine") as engine, topics(kafka) as consumer:
        await open_market(mesh, engine.port)
        await trade(mesh, engine.port, 1)
        async with relay(mesh, tmp_path, engine.port, kafka, schema_registry):
            wanted = await expected_ids(mesh, engine.port)
            records = await published(consumer, len(wanted))
    assert records.keys() == wanted
    for record in records.values():
        event = event_of(record)
        assert event.instrument == BTC_KK99
        by_account = isinstance(event, OrderEvent)
        key = str(event.update.order.account_id) if by_account else event.instrument.symbol
        assert record.key == key.encode()


async def test_nothing_is_published_while_the_position_cannot_be_kept(
    mesh: Mesh, tmp_path: Path, kafka: str, schema_registry: str
) -> None:
    in_its_way = tmp_path / "relay" / "position.tmp"
    in_its_way.mkdir(parents=True)
    async with engine_process(mesh, tmp_path / "engine") as engine, topics(kafka) as consumer:
        await open_market(mesh, engine.port)
        await trade(mesh, engine.port, 1)
        async with relay(mesh, tmp_path, engine.port, kafka, schema_registry) as process:
            async with asyncio.timeout(LIMIT_S):
                while "cannot be written" not in process.health.faults.get("relay", ""):
                    await process.health.check_all()
                    await asyncio.sleep(0)
            assert await consumer.getmany(timeout_ms=0) == {}
            in_its_way.rmdir()
            wanted = await expected_ids(mesh, engine.port)
            assert (await published(consumer, len(wanted))).keys() == wanted


async def test_a_relay_whose_position_is_damaged_does_not_start(mesh: Mesh, tmp_path: Path) -> None:
    damaged = tmp_path / "relay" / "position.json"
    damaged.parent.mkdir()
    damaged.write_text('{"shard": 0, "epoch')
    with pytest.raises(PositionFileFault, match="holds no position"):
        async with relay(mesh, tmp_path, 1, "127.0.0.1:1", "http://127.0.0.1:1"):
            raise AssertionError
    assert damaged.read_text() == '{"shard": 0, "epoch'


async def test_events_arrive_once_after_dedupe_across_kills_of_engine_broker_and_relay(
    mesh: Mesh, tmp_path: Path, stack: Stack, kafka: str, schema_registry: str
) -> None:
    async with topics(kafka) as consumer:
        async with engine_process(mesh, tmp_path / "engine") as engine:
            await open_market(mesh, engine.port)
            async with relay(mesh, tmp_path, engine.port, kafka, schema_registry):
                await trade(mesh, engine.port, 10)
                first = await published(consumer, 20)
                stack.kill("kafka")
                await trade(mesh, engine.port, 10)
                await engine.kill()
        stack.restart("kafka")
        async with (
            engine_process(mesh, tmp_path / "engine") as engine,
            relay(mesh, tmp_path, engine.port, kafka, schema_registry),
        ):
            await trade(mesh, engine.port, 10)
            wanted = await expected_ids(mesh, engine.port)
            everything = await published(consumer, len(wanted), first)
    assert everything.keys() == wanted
