"""A fill on private streams and its public trade: what clients behind the edge can tell by the numbers they are given.

Two streams promise no order between each other. The engine's blocks do: both fills of a trade come before it; and by
`engine_seq` and `seq` the streams tell of the same order.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any

import grpc

from exchange.engine.v1.engine_events_pb2 import ORDER_UPDATE_CAUSE_FILLED, EventBlock
from exchange.engine.v1.engine_service_pb2 import EventsRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from stack.authority import authority_of
from stack.services import credentials
from stack.site import Site
from tests.e2e.clients import Client, Json
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Trader

INSTRUMENT = "SOL-KK99"
PRICES = ("30.00", "30.01", "30.02")
LAST = "29.99"
ROUNDS = 5


async def test_fills_come_before_their_trade_and_all_streams_tell_one_order(
    exchange: Exchange, new_grpc_client: NewClient
) -> None:
    seller = await Trader(new_grpc_client()).join(SOL="100")
    buyer = await Trader(new_grpc_client()).join(KK99="10000")
    async with AsyncExitStack() as opened:
        sold, bought = [Followed(each.client, "orders.OrdersService/StreamAccount", {}) for each in (seller, buyer)]
        public = Followed(new_grpc_client(), "market_data.MarketDataService/StreamTrades", {"instrument": INSTRUMENT})
        for each in (sold, bought, public):
            await opened.enter_async_context(aclosing(each.stream))
        await asyncio.gather(sold.begin("heartbeat"), bought.begin("heartbeat"), public.begin("seq"))
        for _ in range(ROUNDS):
            for price in PRICES:
                await seller.place(INSTRUMENT, "SELL", "1.000", price)
            for quantity in ("2.500", "0.500"):
                await buyer.place(INSTRUMENT, "BUY", quantity, PRICES[-1])
        await buyer.place(INSTRUMENT, "BUY", "2.000", LAST)
        await seller.place(INSTRUMENT, "SELL", "2.000", LAST)
        fills = [await each.fills_until(LAST) for each in (sold, bought)]
        trades = await public.trades(len(fills[0]))
    assert len(trades) == ROUNDS * (len(PRICES) + 1) + 1
    assert by_number(fills[0]) == by_number(fills[1])
    assert by_number(fills[0]) == [trade["trade_id"] for trade in sorted(trades, key=lambda each: int(each["seq"]))]
    first, last = (int(fills[0][place]["engine_seq"]) for place in (0, -1))
    blocks = await blocks_of(exchange.stack.site, sold.epoch, first, last)
    assert told_in_order(blocks, {int(trade["trade_id"]) for trade in trades}) == len(trades)


class Followed:
    """One stream, and what it told since it began."""

    def __init__(self, client: Client, method: str, request: Json) -> None:
        self.stream: Any = client.stream(method, request)
        self.epoch = 0

    async def begin(self, field: str) -> None:
        """Read up to the first message with that field."""
        async for message in self.stream:
            self.epoch = message["epoch"]
            if field in message:
                return

    async def fills_until(self, price: str) -> list[Json]:
        """Read the account's fills up to the first at that price."""
        fills: list[Json] = []
        async for message in self.stream:
            for event in message.get("events", {}).get("events", []):
                update = event.get("order_update", {})
                if "fill" in update:
                    fills.append(event)
                    if update["fill"]["price"] == price:
                        return fills
        raise AssertionError("the stream ended")

    async def trades(self, count: int) -> list[Json]:
        """Read so many trades."""
        told: list[Json] = []
        async for message in self.stream:
            told += message.get("trades", [])
            if len(told) >= count:
                break
        return told


def by_number(fills: Sequence[Json]) -> list[str]:
    """Give the trades of fills, in the order that the numbers of their events tell."""
    ordered = sorted(fills, key=lambda each: (int(each["engine_seq"]), int(each["account_seq"])))
    return [each["order_update"]["fill"]["trade_id"] for each in ordered]


async def blocks_of(site: Site, epoch: int, first: int, last: int) -> list[EventBlock]:
    """Read the engine's blocks as its consumers do."""
    blocks: list[EventBlock] = []
    request = EventsRequest(after=Position(epoch=epoch, engine_seq=first - 1))
    identity = authority_of(site).process("market_data")
    async with grpc.aio.secure_channel(site.address("engine"), credentials(identity)) as channel:
        async for response in EngineServiceStub(channel).Events(request):
            blocks += response.blocks
            if blocks and blocks[-1].engine_seq >= last:
                break
    return blocks


def told_in_order(blocks: Sequence[EventBlock], wanted: set[int]) -> int:
    """Require of each of these trades that its two fills come before it in its block; return how many there were."""
    told = 0
    for block in blocks:
        filled: list[int] = []
        for event in block.events:
            if event.order_updated.cause == ORDER_UPDATE_CAUSE_FILLED:
                filled.append(event.order_updated.fill.trade_id)
            if event.HasField("trade") and event.trade.trade_id in wanted:
                assert filled.count(event.trade.trade_id) == 2
                told += 1
    return told
