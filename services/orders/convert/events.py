"""What the engine says, from its messages. Names of reasons travel in the model without the contract's prefix."""

from exchange.engine.v1 import command_pb2, instrument_pb2
from exchange.engine.v1 import order_pb2 as engine_order_pb2
from exchange.error.v1 import reason_pb2
from services.kernel.ids import (
    AccountId,
    ClientOrderId,
    EngineSeq,
    InstrumentId,
    OrderId,
    TradeId,
)
from services.orders.model.instrument import Instrument, Scales
from services.orders.model.order import Fill, Order, Terms
from services.orders.model.request import OrderCost, Outcome
from services.orders.model.words import (
    EndReason,
    Liquidity,
    OrderStatus,
    OrderType,
    PegReference,
    Phase,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)

_REASONS = {
    value.number: value.name.removeprefix("REASON_") if value.number else ""
    for value in reason_pb2.Reason.DESCRIPTOR.values
}

UNKNOWN_REASON = "INTERNAL"


def reason_name(number: int) -> str:
    """Return the name of a Reason without its prefix: empty if unspecified, INTERNAL if this build does not know it."""
    return _REASONS.get(number, UNKNOWN_REASON)


def outcome_of(result: command_pb2.CommandResult) -> Outcome:
    """Read what became of a command."""
    return Outcome(
        engine_seq=EngineSeq(result.engine_seq),
        reason=reason_name(result.reason),
        replayed=result.replayed,
        order=order_of(result.order) if result.HasField("order") else None,
        fills=tuple(fill_of(fill) for fill in result.fills),
        cancelled_count=result.cancelled_count,
        all_reasons=tuple(map(reason_name, result.all_reasons)),
        cost=_cost_of(result.cost) if result.HasField("cost") else None,
    )


def _cost_of(cost: command_pb2.OrderCost) -> OrderCost:
    return OrderCost(
        asset_id=cost.asset_id,
        worst_price=cost.worst_price,
        notional=cost.notional,
        worst_fee=cost.worst_fee,
        required=cost.required,
        available=cost.available,
    )


def order_of(order: engine_order_pb2.Order) -> Order:
    """Read an order."""
    return Order(
        order_id=OrderId(order.order_id),
        account_id=AccountId(order.account_id),
        client_order_id=ClientOrderId(order.client_order_id),
        instrument_id=InstrumentId(order.instrument_id),
        side=Side(order.side),
        type=OrderType(order.type),
        time_in_force=TimeInForce(order.time_in_force),
        post_only=order.post_only,
        self_trade_prevention=SelfTradePrevention(order.self_trade_prevention or SelfTradePrevention.CANCEL_MAKER),
        price=order.price,
        quantity=order.quantity,
        quote_budget=order.quote_budget,
        cum_quantity=order.cum_quantity,
        leaves_quantity=order.leaves_quantity,
        prevented_quantity=order.prevented_quantity,
        cancelled_quantity=order.cancelled_quantity,
        cum_notional=order.cum_notional,
        cum_fee=order.cum_fee,
        status=OrderStatus(order.status),
        end_reason=EndReason(order.end_reason),
        reject_reason=reason_name(order.reject_reason),
        version=order.version,
        accepted_time_ns=order.accepted_time_ns,
        updated_time_ns=order.updated_time_ns,
        terms=terms_of(order),
        watermark_price=order.watermark_price if order.HasField("watermark_price") else None,
        triggered_time_ns=order.triggered_time_ns,
        displayed_quantity=order.displayed_quantity,
        working_price=order.working_price if order.HasField("working_price") else None,
    )


def terms_of(order: engine_order_pb2.Order) -> Terms:
    """Read what an order asks for beyond side, price and quantity."""
    return Terms(
        trigger_price=order.trigger_price if order.HasField("trigger_price") else None,
        trigger_reference=TriggerReference(order.trigger_reference),
        trailing_ticks=order.trailing_ticks,
        trailing_bps=order.trailing_bps,
        display_quantity=order.display_quantity,
        min_quantity=order.min_quantity,
        expire_time_ns=order.expire_time_ns,
        post_only_reprice=order.post_only_reprice,
        reduce_only=order.reduce_only,
        peg_reference=PegReference(order.peg_reference),
        peg_offset_ticks=order.peg_offset_ticks,
        tag=order.tag,
        session_id=order.session_id,
        survive_disconnect=order.survive_disconnect,
    )


def fill_of(fill: engine_order_pb2.Fill) -> Fill:
    """Read one part of an order that traded."""
    return Fill(
        trade_id=TradeId(fill.trade_id),
        price=fill.price,
        quantity=fill.quantity,
        notional=fill.notional,
        fee=fill.fee,
        liquidity=Liquidity(fill.liquidity),
    )


def instrument_of(instrument: instrument_pb2.Instrument) -> Instrument:
    """Read an instrument."""
    return Instrument(
        instrument_id=InstrumentId(instrument.instrument_id),
        scales=scales_of(instrument),
        base=instrument.base.symbol,
        quote=instrument.quote.symbol,
        tick=instrument.tick,
        lot=instrument.lot,
        min_quantity=instrument.min_quantity,
        max_quantity=instrument.max_quantity,
        min_notional=instrument.min_notional,
        max_notional=instrument.max_notional,
        phase=Phase(instrument.phase),
    )


def scales_of(instrument: instrument_pb2.Instrument) -> Scales:
    """Read an instrument's name and the decimals of its numbers."""
    return Scales(
        symbol=instrument.symbol,
        price=instrument.price_scale,
        quantity=instrument.quantity_scale,
        quote=instrument.quote.scale,
    )
