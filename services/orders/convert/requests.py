"""What callers ask, from their messages."""

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.orders.v1 import orders_service_pb2
from exchange.orders.v1.account_stream_pb2 import StreamAccountRequest
from services.kernel.ids import (
    AccountId,
    ClientOrderId,
    OrderId,
    RequestId,
)
from services.kernel.money import INT64_MAX, INT64_MIN
from services.kernel.refusal import FieldViolation, InvalidField
from services.orders.model.account_stream import Places
from services.orders.model.history import OPEN, OrderFilter, Span, TradeFilter
from services.orders.model.order import OrderRef, Schedule
from services.orders.model.request import AmendDraft, Draft, DraftTerms, MassCancelDraft
from services.orders.model.session import DEFAULT_GRACE_MS, DEFAULT_HEARTBEAT_TIMEOUT_MS, SessionDraft
from services.orders.model.words import (
    DisconnectScope,
    OrderStatus,
    OrderType,
    PegReference,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)
from services.orders.usecases.listing import Asked

_NS_PER_S = 1_000_000_000


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
        terms=DraftTerms(
            trigger_price=request.trigger_price,
            trigger_reference=TriggerReference(request.trigger_reference),
            trailing_ticks=request.trailing_ticks,
            trailing_bps=request.trailing_bps,
            display_quantity=request.display_quantity,
            min_quantity=request.min_quantity,
            expire_time_ns=_ns_of(request.expire_time) if request.HasField("expire_time") else None,
            post_only_reprice=request.post_only_reprice,
            reduce_only=request.reduce_only,
            peg_reference=PegReference(request.peg_reference),
            peg_offset_ticks=request.peg_offset_ticks,
            tag=request.tag,
            session_id=session_of(request.session_id) if request.session_id else 0,
            survive_disconnect=request.survive_disconnect,
            schedule=_schedule_of(request) if request.HasField("twap") else None,
        ),
    )


def _schedule_of(request: orders_service_pb2.PlaceOrderRequest) -> Schedule:
    return Schedule(request.twap.duration_s, request.twap.interval_s)


def amend_draft_of(request: orders_service_pb2.AmendOrderRequest, account_id: AccountId) -> AmendDraft:
    """Read the change of an order."""
    return AmendDraft(
        account_id=account_id,
        order=order_ref_of(request),
        symbol=request.instrument or None,
        quantity=request.quantity,
        price=request.price,
        display_quantity=request.display_quantity,
        expire_time_ns=_ns_of(request.expire_time) if request.HasField("expire_time") else None,
        trigger_price=request.trigger_price,
        expected_version=request.expected_version,
        request_id=RequestId(request.request_id) if request.request_id else None,
        valid_until_ns=_ns_of(request.valid_until) if request.HasField("valid_until") else None,
    )


def mass_cancel_draft_of(request: orders_service_pb2.MassCancelRequest, account_id: AccountId) -> MassCancelDraft:
    """Read which orders to cancel."""
    return MassCancelDraft(
        account_id=account_id,
        symbol=request.instrument or None,
        side=Side(request.side) if request.HasField("side") else None,
        session_id=session_of(request.session_id) if request.session_id else None,
        tag=request.tag if request.HasField("tag") else None,
        request_id=RequestId(request.request_id) if request.request_id else None,
        valid_until_ns=_ns_of(request.valid_until) if request.HasField("valid_until") else None,
    )


def order_filter_of(request: orders_service_pb2.ListOrdersRequest, account_id: AccountId) -> OrderFilter:
    """Read which orders to list; raises `InvalidField`."""
    return OrderFilter(
        account_id=account_id,
        symbol=request.instrument or None,
        statuses=_statuses_of(request),
        side=Side(request.side) if request.HasField("side") else None,
        session_id=session_of(request.session_id) if request.session_id else None,
        tag=request.tag if request.HasField("tag") else None,
        span=_span_of(request),
    )


def trade_filter_of(request: orders_service_pb2.ListTradesRequest, account_id: AccountId) -> TradeFilter:
    """Read which trades to list; raises `InvalidField`."""
    return TradeFilter(
        account_id=account_id,
        order=order_ref_of(request) if request.WhichOneof("target") else None,
        symbol=request.instrument or None,
        side=Side(request.side) if request.HasField("side") else None,
        span=_span_of(request),
    )


def asked_of(request: orders_service_pb2.ListOrdersRequest | orders_service_pb2.ListTradesRequest) -> Asked:
    """Read which page to show."""
    return Asked(request.page_size, request.page_token)


def _statuses_of(request: orders_service_pb2.ListOrdersRequest) -> tuple[OrderStatus, ...] | None:
    """Return the statuses that both `statuses` and `open_only` allow, each once; None if all are."""
    named = {OrderStatus(number) for number in request.statuses} or set(OrderStatus)
    allowed = named & OPEN if request.open_only else named
    return tuple(sorted(allowed)) if request.statuses or request.open_only else None


def _span_of(request: orders_service_pb2.ListOrdersRequest | orders_service_pb2.ListTradesRequest) -> Span:
    span = Span(
        _ns_of(request.from_time) if request.HasField("from_time") else INT64_MIN,
        _ns_of(request.until_time) if request.HasField("until_time") else INT64_MAX,
    )
    if request.HasField("until_time") and request.HasField("from_time") and span.from_ns >= span.until_ns:
        raise InvalidField([FieldViolation("until_time", "Give a time after from_time, or leave one of them out.")])
    return span


def session_draft_of(request: orders_service_pb2.OpenSessionRequest, account_id: AccountId) -> SessionDraft:
    """Read how a session shall be."""
    return SessionDraft(
        account_id=account_id,
        session_id=session_of(request.session_id) if request.session_id else None,
        scope=DisconnectScope(request.scope),
        grace_ms=request.grace_ms if request.HasField("grace_ms") else DEFAULT_GRACE_MS,
        heartbeat_timeout_ms=(
            request.heartbeat_timeout_ms if request.HasField("heartbeat_timeout_ms") else DEFAULT_HEARTBEAT_TIMEOUT_MS
        ),
    )


def order_ref_of(
    request: orders_service_pb2.AmendOrderRequest
    | orders_service_pb2.CancelOrderRequest
    | orders_service_pb2.GetOrderRequest
    | orders_service_pb2.ListTradesRequest,
) -> OrderRef:
    """Read which order is meant."""
    if request.WhichOneof("target") == "order_id":
        return OrderId(int(request.order_id))
    return ClientOrderId(request.client_order_id)


def places_of(request: StreamAccountRequest, account_id: AccountId) -> Places | None:
    """Read where a subscriber stands in the account, or in those of the firm, if it says so."""
    if request.firm.HasField("resume"):
        firm = request.firm.resume
        return Places(firm.epoch, {AccountId(int(place.account_id)): place.account_seq for place in firm.places})
    if request.HasField("resume"):
        return Places(request.resume.epoch, {account_id: request.resume.account_seq})
    return None


def session_of(text: str) -> int:
    """Return the number of a session; raises `InvalidField` for one that no session has."""
    if int(text) > INT64_MAX:
        raise InvalidField([FieldViolation("session_id", "Give the number of a session, as OpenSession tells it.")])
    return int(text)


def _ns_of(timestamp: Timestamp) -> int:
    """Return nanoseconds since 1970, held within 64 bits: what lies beyond is too far for any purpose."""
    return min(max(timestamp.seconds * _NS_PER_S + timestamp.nanos, INT64_MIN), INT64_MAX)
