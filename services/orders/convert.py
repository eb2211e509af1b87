"""Between the contract's messages and the model; pure.

Orders' own contract carries decimals as text, the engine's carries integers. Names of reasons travel in the model
without the contract's prefix.
"""

from collections.abc import Callable

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.engine.v1 import command_pb2, instrument_pb2
from exchange.engine.v1 import order_pb2 as engine_order_pb2
from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import order_pb2, orders_service_pb2
from exchange.type.v1 import order_pb2 as type_pb2
from services.kernel.ids import (
    AccountId,
    ClientOrderId,
    EngineSeq,
    InstrumentId,
    OrderId,
    TradeId,
)
from services.kernel.money import INT64_MAX, INT64_MIN
from services.orders.fingerprint import fingerprint_of_cancel, fingerprint_of_order
from services.orders.model import (
    Answer,
    Cancel,
    Draft,
    EndReason,
    Fill,
    Instrument,
    Liquidity,
    NewOrder,
    Order,
    OrderRef,
    OrderStatus,
    OrderType,
    Outcome,
    Phase,
    Scales,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Told,
)

_NS_PER_S = 1_000_000_000

_REASONS = {
    value.number: value.name.removeprefix("REASON_") if value.number else ""
    for value in reason_pb2.Reason.DESCRIPTOR.values
}


def reason_name(number: int) -> str:
    """Return the name of a Reason without its prefix: empty if unspecified, INTERNAL if this build does not know it."""
    return _REASONS.get(number, "INTERNAL")


# From callers.


def draft_of(request: orders_service_pb2.PlaceOrderRequest, account_id: AccountId) -> Draft:
    """Read the order to enter."""
    stp = request.self_trade_prevention if request.HasField("self_trade_prevention") else 0
    return Draft(
        account_id=account_id,
        client_order_id=ClientOrderId(request.client_order_id),
        symbol=request.instrument,
        side=Side(request.side),
        type=OrderType(request.type),
        time_in_force=TimeInForce(request.time_in_force),
        price=request.price,
        quantity=request.quantity,
        quote_budget=request.quote_budget,
        post_only=request.post_only,
        self_trade_prevention=SelfTradePrevention(stp or SelfTradePrevention.CANCEL_MAKER),
        valid_until_ns=_ns_of(request.valid_until) if request.HasField("valid_until") else None,
    )


def order_ref_of(
    request: orders_service_pb2.CancelOrderRequest | orders_service_pb2.GetOrderRequest,
) -> OrderRef:
    """Read which order is meant."""
    if request.WhichOneof("target") == "order_id":
        return OrderId(int(request.order_id))
    return ClientOrderId(request.client_order_id)


# To the engine.


def place_command(order: NewOrder) -> command_pb2.Command:
    """Write the command that enters an order."""
    return command_pb2.Command(
        place_order=command_pb2.PlaceOrder(
            account_id=order.account_id,
            client_order_id=order.client_order_id,
            instrument_id=order.instrument.instrument_id,
            side=type_pb2.Side.ValueType(order.side),
            type=type_pb2.OrderType.ValueType(order.type),
            time_in_force=type_pb2.TimeInForce.ValueType(order.time_in_force),
            post_only=order.post_only,
            self_trade_prevention=type_pb2.SelfTradePrevention.ValueType(order.self_trade_prevention),
            price=order.price,
            quantity=order.quantity,
            quote_budget=order.quote_budget,
            valid_until_ns=order.valid_until_ns,
            fingerprint=fingerprint_of_order(order),
        )
    )


def cancel_command(cancel: Cancel) -> command_pb2.Command:
    """Write the command that takes an order out of the book."""
    command = command_pb2.CancelOrder(
        account_id=cancel.account_id,
        request_id=cancel.request_id or "",
        valid_until_ns=cancel.valid_until_ns,
        fingerprint=fingerprint_of_cancel(cancel),
    )
    if isinstance(cancel.order, int):
        command.order_id = cancel.order
    else:
        command.client_order_id = cancel.order
    return command_pb2.Command(cancel_order=command)


# From the engine.


def outcome_of(result: command_pb2.CommandResult) -> Outcome:
    """Read what became of a command."""
    return Outcome(
        engine_seq=EngineSeq(result.engine_seq),
        reason=reason_name(result.reason),
        replayed=result.replayed,
        order=order_of(result.order) if result.HasField("order") else None,
        fills=tuple(fill_of(fill) for fill in result.fills),
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
        scales=Scales(
            symbol=instrument.symbol,
            price=instrument.price_scale,
            quantity=instrument.quantity_scale,
            quote=instrument.quote.scale,
        ),
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


# To callers.


def place_response(answer: Answer) -> orders_service_pb2.PlaceOrderResponse:
    """Write the answer to an order entered."""
    return orders_service_pb2.PlaceOrderResponse(
        order=order_message(answer.told),
        fills=fill_messages(answer.told),
        engine_seq=str(answer.engine_seq),
        replayed=answer.replayed,
    )


def cancel_response(answer: Answer) -> orders_service_pb2.CancelOrderResponse:
    """Write the answer to a cancel."""
    return orders_service_pb2.CancelOrderResponse(
        order=order_message(answer.told), engine_seq=str(answer.engine_seq), replayed=answer.replayed
    )


def order_message(told: Told) -> order_pb2.Order:
    """Write an order with the decimals of its instrument."""
    order = told.order
    price, quantity, quote = told.scales.price_text, told.scales.quantity_text, told.scales.quote_text
    return order_pb2.Order(
        order_id=str(order.order_id),
        client_order_id=order.client_order_id,
        instrument=told.scales.symbol,
        side=type_pb2.Side.ValueType(order.side),
        type=type_pb2.OrderType.ValueType(order.type),
        time_in_force=type_pb2.TimeInForce.ValueType(order.time_in_force),
        price=price(order.price) if order.type is OrderType.LIMIT else "",
        quantity=quantity(order.quantity),
        quote_budget=quote(order.quote_budget) if order.quote_budget else "",
        post_only=order.post_only,
        self_trade_prevention=type_pb2.SelfTradePrevention.ValueType(order.self_trade_prevention),
        status=type_pb2.OrderStatus.ValueType(order.status),
        end_reason=type_pb2.OrderEndReason.ValueType(order.end_reason),
        cum_quantity=quantity(order.cum_quantity),
        leaves_quantity=quantity(order.leaves_quantity),
        prevented_quantity=quantity(order.prevented_quantity),
        cancelled_quantity=quantity(order.cancelled_quantity),
        cum_notional=quote(order.cum_notional),
        cum_fee=quote(order.cum_fee),
        average_price=_text_or_empty(order.average_price(told.scales), quote),
        version=order.version,
        reject_reason=order.reject_reason,
        accept_time=_timestamp_of(order.accepted_time_ns),
        update_time=_timestamp_of(order.updated_time_ns),
    )


def fill_messages(told: Told) -> list[order_pb2.Fill]:
    """Write what an order traded with the decimals of its instrument."""
    scales = told.scales
    return [
        order_pb2.Fill(
            trade_id=str(fill.trade_id),
            price=scales.price_text(fill.price),
            quantity=scales.quantity_text(fill.quantity),
            notional=scales.quote_text(fill.notional),
            fee=scales.quote_text(fill.fee),
            liquidity=type_pb2.Liquidity.ValueType(fill.liquidity),
        )
        for fill in told.fills
    ]


def _text_or_empty(units: int | None, write: Callable[[int], str]) -> str:
    return "" if units is None else write(units)


def _timestamp_of(ns: int) -> Timestamp:
    seconds, nanos = divmod(ns, _NS_PER_S)
    return Timestamp(seconds=seconds, nanos=nanos)


def _ns_of(timestamp: Timestamp) -> int:
    """Return nanoseconds since 1970, held within 64 bits: what lies beyond is too far for any purpose."""
    return min(max(timestamp.seconds * _NS_PER_S + timestamp.nanos, INT64_MIN), INT64_MAX)
