"""What callers are told, as their messages, with the decimals of the instrument."""

from collections.abc import Callable

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.orders.v1 import order_pb2, orders_service_pb2, trade_pb2
from exchange.type.v1 import order_pb2 as type_pb2
from services.kernel.money import text_of
from services.orders.model.history import Bust, Trade
from services.orders.model.order import Progress, Told
from services.orders.model.request import Answer, MassCancelled
from services.orders.model.session import OpenSession
from services.orders.usecases.validate_order import Judgement

_NS_PER_S = 1_000_000_000


def place_response(answer: Answer) -> orders_service_pb2.PlaceOrderResponse:
    """Write the answer to an order entered."""
    return orders_service_pb2.PlaceOrderResponse(
        order=order_message(answer.told),
        fills=fill_messages(answer.told),
        engine_seq=str(answer.engine_seq),
        replayed=answer.replayed,
    )


def judgement_response(judgement: Judgement) -> orders_service_pb2.PlaceOrderResponse:
    """Write what an order would be refused for."""
    return orders_service_pb2.PlaceOrderResponse(
        engine_seq=str(judgement.engine_seq),
        failed_checks=[
            orders_service_pb2.FailedCheck(reason=each.reason, message=each.message, metadata=each.metadata)
            for each in judgement.refusals
        ],
    )


def preview_response(judgement: Judgement) -> orders_service_pb2.PreviewOrderResponse:
    """Write what an order would cost, and what it would be refused for."""
    response = orders_service_pb2.PreviewOrderResponse(
        engine_seq=str(judgement.engine_seq), failed_checks=judgement_response(judgement).failed_checks
    )
    if (told := judgement.cost) is not None:
        cost, quote = told.cost, told.scales.quote_text
        response.asset = told.asset.symbol
        response.worst_price = told.scales.price_text(cost.worst_price)
        response.notional = quote(cost.notional)
        response.worst_fee = quote(cost.worst_fee)
        response.required = text_of(cost.required, told.asset.scale)
        response.available = text_of(cost.available, told.asset.scale)
    return response


def cancel_response(answer: Answer) -> orders_service_pb2.CancelOrderResponse:
    """Write the answer to a cancel."""
    return orders_service_pb2.CancelOrderResponse(
        order=order_message(answer.told), engine_seq=str(answer.engine_seq), replayed=answer.replayed
    )


def amend_response(answer: Answer) -> orders_service_pb2.AmendOrderResponse:
    """Write the answer to a change of an order."""
    return orders_service_pb2.AmendOrderResponse(
        order=order_message(answer.told),
        fills=fill_messages(answer.told),
        engine_seq=str(answer.engine_seq),
        replayed=answer.replayed,
    )


def mass_cancel_response(done: MassCancelled) -> orders_service_pb2.MassCancelResponse:
    """Write the answer to a mass cancel."""
    return orders_service_pb2.MassCancelResponse(
        cancelled_count=done.count, engine_seq=str(done.engine_seq), replayed=done.replayed
    )


def session_response(session: OpenSession) -> orders_service_pb2.OpenSessionResponse:
    """Write that a session is open."""
    return orders_service_pb2.OpenSessionResponse(
        session_id=str(session.session_id),
        grace_ms=session.grace_ms,
        heartbeat_timeout_ms=session.heartbeat_timeout_ms,
        engine_seq=str(session.epoch),
    )


def order_message(told: Told) -> order_pb2.Order:
    """Write an order with the decimals of its instrument."""
    order = told.order
    price, quantity, quote = told.scales.price_text, told.scales.quantity_text, told.scales.quote_text
    message = order_pb2.Order(
        order_id=str(order.order_id),
        client_order_id=order.client_order_id,
        instrument=told.scales.symbol,
        side=type_pb2.Side.ValueType(order.side),
        type=type_pb2.OrderType.ValueType(order.type),
        time_in_force=type_pb2.TimeInForce.ValueType(order.time_in_force),
        price=price(order.price) if order.type.has_limit or (order.progress and order.price) else "",
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
    message.MergeFrom(_terms_message(told))
    if (parent_id := order.parent_id) is not None:
        message.parent_id = str(parent_id)
    if order.progress is not None:
        _put_progress(order.progress, message)
    return message


def _put_progress(progress: Progress, message: order_pb2.Order) -> None:
    schedule = progress.schedule
    message.twap.CopyFrom(order_pb2.TwapSchedule(duration_s=schedule.duration_s, interval_s=schedule.interval_s))
    message.twap_progress.CopyFrom(
        order_pb2.TwapProgress(
            slice_count=schedule.slice_count,
            passed_count=progress.passed,
            sent_count=progress.sent,
            next_slice_time=None if progress.next_due_ns is None else _timestamp_of(progress.next_due_ns),
        )
    )


def _terms_message(told: Told) -> order_pb2.Order:
    """Write what an order asks for beyond side, price and quantity, and how that stands."""
    order, terms = told.order, told.order.terms
    price, quantity = told.scales.price_text, told.scales.quantity_text
    return order_pb2.Order(
        trigger_price=_text_or_empty(terms.trigger_price, price),
        trigger_reference=type_pb2.TriggerReference.ValueType(terms.trigger_reference),
        trailing_ticks=terms.trailing_ticks,
        trailing_bps=terms.trailing_bps,
        watermark_price=_text_or_empty(order.watermark_price, price),
        trigger_time=_timestamp_of(order.triggered_time_ns) if order.triggered_time_ns else None,
        display_quantity=_text_or_empty(terms.display_quantity or None, quantity),
        displayed_quantity=quantity(order.displayed_quantity) if terms.display_quantity else "",
        min_quantity=_text_or_empty(terms.min_quantity or None, quantity),
        expire_time=_timestamp_of(terms.expire_time_ns) if terms.expire_time_ns else None,
        post_only_reprice=terms.post_only_reprice,
        working_price=_text_or_empty(order.working_price, price),
        tag=terms.tag,
        reduce_only=terms.reduce_only,
        peg_reference=type_pb2.PegReference.ValueType(terms.peg_reference),
        peg_offset_ticks=terms.peg_offset_ticks,
        session_id=str(terms.session_id) if terms.session_id else "",
        survive_disconnect=terms.survive_disconnect,
    )


def trade_message(trade: Trade) -> trade_pb2.Trade:
    """Write a trade with the decimals of its instrument."""
    fill, scales = trade.fill, trade.scales
    return trade_pb2.Trade(
        trade_id=str(fill.trade_id),
        order_id=str(trade.order_id),
        client_order_id=trade.client_order_id,
        instrument=scales.symbol,
        side=type_pb2.Side.ValueType(trade.side),
        price=scales.price_text(fill.price),
        quantity=scales.quantity_text(fill.quantity),
        notional=scales.quote_text(fill.notional),
        fee=scales.quote_text(fill.fee),
        liquidity=type_pb2.Liquidity.ValueType(fill.liquidity),
        engine_seq=str(trade.event.engine_seq),
        event_id=str(trade.event),
        trade_time=_timestamp_of(trade.time_ns),
        busted=trade.bust is not None,
        bust=_bust_message(trade.bust) if trade.bust else None,
    )


def _bust_message(bust: Bust) -> trade_pb2.TradeBust:
    return trade_pb2.TradeBust(
        event_id=str(bust.event), engine_seq=str(bust.event.engine_seq), bust_time=_timestamp_of(bust.time_ns)
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
