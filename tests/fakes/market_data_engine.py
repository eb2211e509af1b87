"""The engine's event log, written by hand, and served as the engine serves it.

The log passes the suite of tests/contract/market_data, as the real engine does. Beyond that it can fail on purpose:
cut its streams, lose a block, forget old ones, and begin a new epoch from an older state.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from exchange.engine.v1 import engine_events_pb2, engine_service_pb2, instrument_pb2, order_pb2
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceServicer
from exchange.event.v1 import event_pb2
from exchange.type.v1 import instrument_pb2 as type_instrument_pb2
from exchange.type.v1 import order_pb2 as t
from services.kernel.refusal import Unavailable
from services.market_data.errors import PositionUnknown

BLOCKS_AT_ONCE = 100
ORDERS_AT_ONCE = 3
HEARTBEAT_S = 1.0
STEP_NS = 1_000_000

Block = engine_events_pb2.EventBlock
Event = engine_events_pb2.Event
Instrument = instrument_pb2.Instrument
Response = engine_service_pb2.EventsResponse
Side: TypeAlias = "t.Side.ValueType"
Levels: TypeAlias = "dict[tuple[Side, int], int]"
"""Quantities by side and price."""


def instrument(number: int = 1, symbol: str = "BTC-KK99", price_scale: int = 2, quantity_scale: int = 4) -> Instrument:
    return Instrument(
        instrument_id=number,
        symbol=symbol,
        asset_class=type_instrument_pb2.ASSET_CLASS_CRYPTO,
        base=instrument_pb2.Asset(asset_id=10 + number, symbol=symbol.partition("-")[0], scale=8),
        quote=instrument_pb2.Asset(asset_id=1, symbol="KK99", scale=6),
        price_scale=price_scale,
        quantity_scale=quantity_scale,
        tick=1,
        lot=1,
        min_quantity=1,
        max_quantity=10_000_000,
        min_notional=1_000_000,
        max_notional=10**15,
        market_protection_bps=500,
        phase=type_instrument_pb2.TRADING_PHASE_CONTINUOUS,
    )


@dataclass
class Market:
    instrument: Instrument
    book_seq: int = 0
    trade_seq: int = 0
    levels: Levels = field(default_factory=dict)

    def resting(self) -> Iterator[order_pb2.Order]:
        """Yield one order for each unit of the first three of a level, and one for the rest."""
        for (side, price), quantity in self.levels.items():
            for part in (*[1] * min(quantity - 1, 2), quantity - min(quantity - 1, 2)):
                yield order_pb2.Order(
                    instrument_id=self.instrument.instrument_id, side=side, price=price, leaves_quantity=part
                )


class ScriptedEngine:
    def __init__(self, *instruments: Instrument) -> None:
        self.shard, self.epoch = 1, 1
        self.blocks: list[Block] = []
        self.markets: dict[str, Market] = {}
        self.streams_begun = 0
        self.silent = False
        self._forgotten = 0
        self._losing = False
        self._cuts = 0
        self._changed = asyncio.Event()
        for each in instruments or (instrument(),):
            self.enlist(each)

    @property
    def engine_seq(self) -> int:
        return self.blocks[-1].engine_seq if self.blocks else self._forgotten

    def enlist(self, listed: Instrument) -> None:
        self.command(Event(instrument_updated=engine_events_pb2.InstrumentUpdated(instrument=listed)))

    def put(self, symbol: str, side: Side, price: int, quantity: int) -> None:
        """Let the quantity at a price become `quantity`."""
        market = self.markets[symbol]
        self.command(
            Event(balance_changed=engine_events_pb2.BalanceChanged(account_id=7)),
            Event(
                book_changed=engine_events_pb2.BookChanged(
                    instrument_id=market.instrument.instrument_id,
                    book_seq=market.book_seq + 1,
                    side=side,
                    price=price,
                    quantity=quantity,
                )
            ),
        )

    def trade(self, symbol: str, price: int, quantity: int, taker: Side = t.SIDE_BUY) -> None:
        market = self.markets[symbol]
        self.command(
            Event(
                trade=engine_events_pb2.Trade(
                    instrument_id=market.instrument.instrument_id,
                    trade_id=1_000 + self.engine_seq,
                    trade_seq=market.trade_seq + 1,
                    price=price,
                    quantity=quantity,
                    taker_side=taker,
                )
            )
        )

    def command(self, *events: Event) -> None:
        """Log all that one command caused."""
        seq = self.engine_seq + 1
        block = Block(engine_seq=seq, engine_time_ns=seq * STEP_NS, events=events)
        self._apply(block)
        self.blocks.append(block)
        if self._losing:
            self.blocks[-1] = Block(engine_seq=seq, engine_time_ns=block.engine_time_ns)
            self._losing = False
        self._wake()

    def lose_next(self) -> None:
        """Fail: the events of the next command are not in the log."""
        self._losing = True

    def forget(self, engine_seq: int) -> None:
        """Keep only what comes after a command."""
        self._forgotten = engine_seq
        self.blocks = [block for block in self.blocks if block.engine_seq > engine_seq]

    def cut(self) -> None:
        """End every stream."""
        self._cuts += 1
        self._wake()

    def restore(self, engine_seq: int) -> None:
        """Come back from a backup: a new epoch goes on after an older command."""
        kept = [block for block in self.blocks if block.engine_seq <= engine_seq]
        self.epoch += 1
        self.blocks, self.markets = kept, {}
        for block in kept:
            self._apply(block)
        self.cut()

    def deliver(self, blocks: list[Block] | None = None) -> Response:
        return Response(shard=self.shard, epoch=self.epoch, durable_seq=self.engine_seq, blocks=blocks)

    def snapshot(self) -> list[Response]:
        """Return the parts of a snapshot: small ones, so that there are several."""
        books = [
            engine_service_pb2.BookState(instrument=each.instrument, book_seq=each.book_seq, trade_seq=each.trade_seq)
            for each in self.markets.values()
        ]
        orders = [order for market in self.markets.values() for order in market.resting()]
        cuts = range(0, max(1, len(orders)), ORDERS_AT_ONCE)
        parts = [engine_service_pb2.SnapshotPart(orders=orders[cut : cut + ORDERS_AT_ONCE]) for cut in cuts]
        parts[0].books.extend(books)
        parts[-1].last = True
        responses = []
        for part in parts:
            part.engine_seq = self.engine_seq
            responses.append(self.deliver())
            responses[-1].snapshot.CopyFrom(part)
        return responses

    async def serve(self, request: engine_service_pb2.EventsRequest) -> AsyncGenerator[Response]:
        """Answer `Events`."""
        cuts = self._cuts
        self.streams_begun += 1
        position = self._start(request)
        if request.HasField("snapshot"):
            for part in self.snapshot():
                yield part
        yield self.deliver()
        while self._cuts == cuts:
            first = bisect_right(self.blocks, position, key=lambda block: block.engine_seq)
            blocks = self.blocks[first : first + BLOCKS_AT_ONCE]
            position = blocks[-1].engine_seq if blocks else position
            if (blocks or await self._quiet()) and not self.silent:
                yield self.deliver(blocks)
        raise Unavailable("The stream was cut.")

    def _start(self, request: engine_service_pb2.EventsRequest) -> int:
        if request.HasField("snapshot"):
            return self.engine_seq
        after = request.after
        if after.engine_seq and (after.shard, after.epoch) != (self.shard, self.epoch):
            raise PositionUnknown("The position is of another history.")
        if not self._forgotten <= after.engine_seq <= self.engine_seq:
            raise PositionUnknown("The position is not kept.")
        return after.engine_seq

    async def _quiet(self) -> bool:
        """Wait for a change; True if there was none for as long as a heartbeat takes."""
        changed = self._changed
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                await changed.wait()
        return not changed.is_set()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _apply(self, block: Block) -> None:
        by_id = {market.instrument.instrument_id: market for market in self.markets.values()}
        for event in block.events:
            match event.WhichOneof("event"):
                case "instrument_updated":
                    listed = event.instrument_updated.instrument
                    self.markets.setdefault(listed.symbol, Market(listed)).instrument = listed
                case "trade":
                    by_id[event.trade.instrument_id].trade_seq = event.trade.trade_seq
                case "book_changed":
                    _put(by_id[event.book_changed.instrument_id], event.book_changed)


def _put(market: Market, change: engine_events_pb2.BookChanged) -> None:
    market.book_seq = change.book_seq
    market.levels[change.side, change.price] = change.quantity
    if not change.quantity:
        del market.levels[change.side, change.price]


class ScriptedService(EngineServiceServicer):
    """`EngineService.Events` over a scripted log."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine

    async def Events(  # noqa: N802
        self, request: engine_service_pb2.EventsRequest, context: object
    ) -> AsyncIterator[Response]:
        async for response in self._engine.serve(request):
            yield response


def after(engine: ScriptedEngine, engine_seq: int) -> engine_service_pb2.EventsRequest:
    position = event_pb2.Position(shard=engine.shard, epoch=engine.epoch, engine_seq=engine_seq)
    return engine_service_pb2.EventsRequest(after=position)
