"""Between the contracts and the model. Pure; the only place that knows the messages of both sides."""

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.engine.v1 import engine_events_pb2, engine_service_pb2, instrument_pb2, order_pb2
from exchange.event.v1 import event_pb2
from exchange.market_data.v1 import book_pb2, market_data_service_pb2, trade_pb2
from exchange.market_data.v1 import instrument_pb2 as public_instrument_pb2
from exchange.type.v1 import order_pb2 as order_types
from services.kernel.ids import InstrumentId
from services.kernel.money import text_of
from services.market_data.model.book import LevelChanged, Side
from services.market_data.model.instrument import Asset, Instrument
from services.market_data.model.mirror import Block, Heading, Listed, Position, PublicEvent, Resting
from services.market_data.model.tape import Trade
from services.market_data.model.view import Resume, SnapshotReason, View
from services.market_data.model.window import Level, Window
from services.market_data.ports import Delivery, SnapshotPart

DEFAULT_DEPTH = 10

_SIDES = {order_types.SIDE_BUY: Side.BUY, order_types.SIDE_SELL: Side.SELL}
_WIRE_SIDES = {side: number for number, side in _SIDES.items()}
_REASONS = {
    SnapshotReason.SUBSCRIBED: book_pb2.SNAPSHOT_REASON_SUBSCRIBED,
    SnapshotReason.RESUME_TOO_OLD: book_pb2.SNAPSHOT_REASON_RESUME_TOO_OLD,
    SnapshotReason.SLOW_CONSUMER: book_pb2.SNAPSHOT_REASON_SLOW_CONSUMER,
    SnapshotReason.NEW_EPOCH: book_pb2.SNAPSHOT_REASON_NEW_EPOCH,
}


def delivery(response: engine_service_pb2.EventsResponse) -> Delivery:
    """Read what the engine sends at once; private events are left out."""
    return Delivery(
        shard=response.shard,
        epoch=response.epoch,
        durable_seq=response.durable_seq,
        part=_part(response.snapshot) if response.HasField("snapshot") else None,
        blocks=[_block(block) for block in response.blocks],
    )


def events_request(after: Position | None) -> engine_service_pb2.EventsRequest:
    """Ask for the events after a position, or for a snapshot first."""
    if after is None:
        return engine_service_pb2.EventsRequest(snapshot=engine_service_pb2.SnapshotStart())
    position = event_pb2.Position(shard=after.shard, epoch=after.epoch, engine_seq=after.engine_seq, index=after.index)
    return engine_service_pb2.EventsRequest(after=position)


def _part(part: engine_service_pb2.SnapshotPart) -> SnapshotPart:
    return SnapshotPart(
        engine_seq=part.engine_seq,
        headings=[Heading(_instrument(book.instrument), book.book_seq, book.trade_seq) for book in part.books],
        resting=[_resting(order) for order in part.orders],
        last=part.last,
    )


def _resting(order: order_pb2.Order) -> Resting:
    return Resting(order.instrument_id, _SIDES[order.side], order.price, order.leaves_quantity)


def _block(block: engine_events_pb2.EventBlock) -> Block:
    events: list[PublicEvent] = []
    for event in block.events:
        match event.WhichOneof("event"):
            case "book_changed":
                events.append(_level_changed(event.book_changed))
            case "trade":
                events.append(_trade(event.trade, block.engine_time_ns))
            case "instrument_updated":
                events.append(Listed(_instrument(event.instrument_updated.instrument)))
    return Block(block.engine_seq, block.engine_time_ns, max(0, len(block.events) - 1), events)


def _level_changed(change: engine_events_pb2.BookChanged) -> LevelChanged:
    return LevelChanged(change.instrument_id, change.book_seq, _SIDES[change.side], change.price, change.quantity)


def _trade(trade: engine_events_pb2.Trade, time_ns: int) -> Trade:
    return Trade(
        instrument_id=trade.instrument_id,
        trade_id=trade.trade_id,
        seq=trade.trade_seq,
        price=trade.price,
        quantity=trade.quantity,
        taker_side=_SIDES[trade.taker_side],
        time_ns=time_ns,
    )


def _instrument(instrument: instrument_pb2.Instrument) -> Instrument:
    return Instrument(
        instrument_id=InstrumentId(instrument.instrument_id),
        symbol=instrument.symbol,
        asset_class=instrument.asset_class,
        base=Asset(instrument.base.symbol, instrument.base.scale),
        quote=Asset(instrument.quote.symbol, instrument.quote.scale),
        price_scale=instrument.price_scale,
        quantity_scale=instrument.quantity_scale,
        tick=instrument.tick,
        lot=instrument.lot,
        min_quantity=instrument.min_quantity,
        max_quantity=instrument.max_quantity,
        min_notional=instrument.min_notional,
        max_notional=instrument.max_notional,
        phase=instrument.phase,
    )


def public_instrument(instrument: Instrument) -> public_instrument_pb2.Instrument:
    """Write an instrument with decimals."""
    return public_instrument_pb2.Instrument(
        instrument=instrument.symbol,
        asset_class=instrument.asset_class,  # type: ignore[arg-type] # the engine's number of the same enum
        base_asset=instrument.base.symbol,
        quote_asset=instrument.quote.symbol,
        price_scale=instrument.price_scale,
        quantity_scale=instrument.quantity_scale,
        tick=text_of(instrument.tick, instrument.price_scale),
        lot=text_of(instrument.lot, instrument.quantity_scale),
        min_quantity=text_of(instrument.min_quantity, instrument.quantity_scale),
        max_quantity=text_of(instrument.max_quantity, instrument.quantity_scale),
        min_notional=text_of(instrument.min_notional, instrument.quote.scale),
        max_notional=text_of(instrument.max_notional, instrument.quote.scale),
        phase=instrument.phase,  # type: ignore[arg-type] # the engine's number of the same enum
    )


def book(instrument: Instrument, view: View) -> market_data_service_pb2.GetBookResponse:
    """Write a book with decimals."""
    return market_data_service_pb2.GetBookResponse(
        epoch=view.epoch,
        seq=view.seq,
        checksum=view.checksum,
        bids=_levels(instrument, view.window.bids),
        asks=_levels(instrument, view.window.asks),
    )


def depth(asked: int) -> int:
    """Return how many levels a side were asked for."""
    return asked or DEFAULT_DEPTH


def resume(
    request: market_data_service_pb2.StreamBookRequest | market_data_service_pb2.StreamTradesRequest,
) -> Resume | None:
    """Return where a client stands, if it says so."""
    return Resume(request.resume.epoch, request.resume.seq) if request.HasField("resume") else None


class BookMessages:
    """The messages of StreamBook, in bytes."""

    def snapshot(self, instrument: Instrument, view: View, reason: SnapshotReason) -> bytes:
        """Encode the whole view."""
        message = book_pb2.BookSnapshot(
            reason=_REASONS[reason],
            bids=_levels(instrument, view.window.bids),
            asks=_levels(instrument, view.window.asks),
        )
        return _book_message(view, snapshot=message)

    def update(self, instrument: Instrument, view: View, prev_seq: int, changed: Window) -> bytes:
        """Encode what changed since `prev_seq`."""
        message = book_pb2.BookUpdate(
            prev_seq=prev_seq, bids=_levels(instrument, changed.bids), asks=_levels(instrument, changed.asks)
        )
        return _book_message(view, update=message)

    def heartbeat(self, view: View) -> bytes:
        """Encode that nothing changed."""
        return _book_message(view, heartbeat=book_pb2.BookHeartbeat())


class TradeMessages:
    """The messages of StreamTrades, in bytes."""

    def trades(self, instrument: Instrument, epoch: int, seq: int, trades: Sequence[Trade]) -> bytes:
        """Encode trades, the last of them number `seq`; none: a heartbeat."""
        return market_data_service_pb2.StreamTradesResponse(
            epoch=epoch, seq=seq, trades=[_public_trade(instrument, trade) for trade in trades]
        ).SerializeToString()


def _book_message(
    view: View,
    *,
    snapshot: book_pb2.BookSnapshot | None = None,
    update: book_pb2.BookUpdate | None = None,
    heartbeat: book_pb2.BookHeartbeat | None = None,
) -> bytes:
    return market_data_service_pb2.StreamBookResponse(
        epoch=view.epoch,
        seq=view.seq,
        checksum=view.checksum,
        snapshot=snapshot,
        update=update,
        heartbeat=heartbeat,
    ).SerializeToString()


def _levels(instrument: Instrument, levels: Sequence[Level]) -> list[book_pb2.PriceLevel]:
    return [
        book_pb2.PriceLevel(
            price=text_of(price, instrument.price_scale), quantity=text_of(quantity, instrument.quantity_scale)
        )
        for price, quantity in levels
    ]


def _public_trade(instrument: Instrument, trade: Trade) -> trade_pb2.Trade:
    time = Timestamp()
    time.FromNanoseconds(trade.time_ns)
    return trade_pb2.Trade(
        trade_id=str(trade.trade_id),
        price=text_of(trade.price, instrument.price_scale),
        quantity=text_of(trade.quantity, instrument.quantity_scale),
        taker_side=_WIRE_SIDES[trade.taker_side],
        trade_time=time,
        seq=trade.seq,
    )
