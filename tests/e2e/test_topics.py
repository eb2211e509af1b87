"""Kafka's topics carry every order and trade: each once after deduplication, whatever was killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from exchange.auth.v1.user_events_pb2 import UserEvent
from exchange.engine.v1.engine_events_pb2 import OrderEvent, TradeEvent
from stack import kafka
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Patient, Trader

INSTRUMENT = "ETH-KK99"
WIRE_HEAD = 5  # magic byte and schema id; the message index follows
PATIENCE_S = 60

M = TypeVar("M", OrderEvent, TradeEvent, UserEvent)
Ends: TypeAlias = Mapping[TopicPartition, int]


async def test_every_order_and_trade_arrives_once_across_kills_of_engine_and_broker(
    exchange: Exchange, new_grpc_client: NewClient
) -> None:
    began = await _ends(exchange, "trade-events", "order-events")
    seller = await Trader(Patient(new_grpc_client())).join(ETH="100")
    buyer = await Trader(Patient(new_grpc_client())).join(KK99="100000")
    trades = await _trade(seller, buyer)
    exchange.stack.kill("kafka")
    trades |= await _trade(seller, buyer)  # trading does not need Kafka
    exchange.stack.kill("engine")
    exchange.stack.restart("engine")
    exchange.stack.restart("kafka")
    trades |= await _trade(seller, buyer)

    await buyer.client.call("market_data.MarketDataService/GetBook", {"instrument": INSTRUMENT})
    orders = {order["order_id"]: order for trader in (seller, buyer) for order in await trader.orders()}
    accounts = {int(seller.account_id), int(buyer.account_id)}

    def told_trades(events: dict[str, TradeEvent]) -> bool:
        return {str(event.trade.trade_id) for event in events.values()} >= trades

    def told_orders(events: dict[str, OrderEvent]) -> bool:
        final = {str(e.update.order.order_id): e.update.order.version for e in events.values()}
        return all(final.get(number) == order["version"] for number, order in orders.items())

    seen = await _read(exchange, "trade-events", began, TradeEvent, told_trades)
    ours = [event.trade for event in seen.values() if event.trade.taker_account_id in accounts]
    assert sorted(str(trade.trade_id) for trade in ours) == sorted(trades)
    assert {event.instrument.symbol for event in seen.values() if event.trade in ours} == {INSTRUMENT}

    changes = await _read(exchange, "order-events", began, OrderEvent, told_orders)
    versions: dict[int, list[int]] = {}
    for event in changes.values():
        if event.update.order.account_id in accounts:
            versions.setdefault(event.update.order.order_id, []).append(event.update.order.version)
    assert all(told == list(range(1, len(told) + 1)) for told in versions.values()), versions


async def test_users_are_told_of(exchange: Exchange, new_grpc_client: NewClient) -> None:
    began = await _ends(exchange, "user-events")
    trader = await Trader(new_grpc_client()).join()
    account = int(trader.account_id)

    def told(events: dict[str, UserEvent]) -> bool:
        return sum(event.account_id == account for event in events.values()) >= 2

    events = (await _read(exchange, "user-events", began, UserEvent, told)).values()
    assert [e.WhichOneof("event") for e in events if e.account_id == account] == ["registered", "session_started"]


async def _trade(seller: Trader, buyer: Trader) -> set[str]:
    """Trade five times, and return the numbers of the trades."""
    trades = set()
    for _ in range(5):
        for trader, side in ((seller, "SELL"), (buyer, "BUY")):
            answer = await trader.place(INSTRUMENT, side, "0.1", "50")
        trades |= {fill["trade_id"] for fill in answer["fills"]}
    assert len(trades) == 5
    return trades


async def _ends(exchange: Exchange, *topics: str) -> Ends:
    """Tell where topics end: what stands before was written by others, whose exchanges numbered their events alike."""
    async with _consumer(exchange, *topics) as consumer:
        ends: Ends = await consumer.end_offsets(consumer.assignment())
        return ends


async def _read(
    exchange: Exchange, topic: str, began: Ends, kind: type[M], enough: Callable[[dict[str, M]], bool]
) -> dict[str, M]:
    """Read a topic from where it ended until it holds enough; events by id, in the order of their first arrival."""
    events: dict[str, M] = {}
    async with _consumer(exchange, topic) as consumer, asyncio.timeout(PATIENCE_S):
        for partition in consumer.assignment():
            consumer.seek(partition, began[partition])
        while not enough(events):
            record = await consumer.getone()
            event = kind.FromString(_payload(record.value))
            first = events.setdefault(event.header.event_id, event)
            assert first == event, "an id means one event"
    return events


@asynccontextmanager
async def _consumer(exchange: Exchange, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka.bootstrap(exchange.stack.site))
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


def _payload(value: bytes) -> bytes:
    """Return the message behind the registry's wire format; a first message of its file has the short index 0."""
    assert value[0] == 0
    count, at = _varint(value, WIRE_HEAD)
    for _ in range(count):
        _, at = _varint(value, at)
    return value[at:]


def _varint(value: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag varint; return it and where it ends."""
    number = shift = 0
    while True:
        number |= (value[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if value[at - 1] < 0x80:
            return (number >> 1) ^ -(number & 1), at


def test_the_wire_format_is_read_as_written() -> None:
    assert _payload(b"\x00\x00\x00\x00\x07\x00abc") == b"abc"
    assert _payload(b"\x00\x00\x00\x00\x07\x02\x16abc") == b"abc"
    with pytest.raises(AssertionError):
        _payload(b"\x01abc")
