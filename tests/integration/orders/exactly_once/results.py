"""What answers say: the same each time, in the order of what was asked, and nothing that the history does not know."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from google.rpc import error_details_pb2

from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import order_pb2
from exchange.type.v1 import order_pb2 as t
from services.kernel.ids import AccountId
from tests.integration.orders.exactly_once.clients import Answers
from tests.integration.orders.exactly_once.plans import TOO_MUCH, Plan
from tests.integration.orders.exactly_once.sources import (
    AMENDED,
    CANCELLED,
    MASS_CANCELLED,
    PLACED,
    REFUSED,
    Deed,
)

_WHERE_IT_STANDS = ("status", "end_reason", "price", "cum_quantity", "leaves_quantity", "cum_notional", "version")
"""What a result without the whole order says of it."""


def require_repeat(later: pb.OrderBatchResult, first: pb.OrderBatchResult) -> None:
    """Require that an answer says that all has been answered before, and says what the first one said."""
    for again, told in zip(later.results, first.results, strict=True):
        assert again.replayed
        assert _what(again) == _what(told), (_what(again), _what(told))


def _what(result: pb.OrderItemResult) -> Sequence[object]:
    """Return what each answer says, a repeated one too; the facts of a refusal travel in any order."""
    said = pb.OrderItemResult()
    said.CopyFrom(result)
    for name in ("replayed", "fills", "refusal"):
        said.ClearField(name)
    info = error_details_pb2.ErrorInfo()
    for each in result.refusal.details:
        each.Unpack(info)
    facts = {name: fact for name, fact in info.metadata.items() if name != "replayed"}
    return str(said), result.refusal.code, result.refusal.message, info.reason, facts


def require_order(answer: pb.OrderBatchResult) -> None:
    """Require that what was new of a request came to the engine in its order."""
    numbers = [int(each.engine_seq) for each in answer.results if not each.replayed]
    assert numbers == sorted(numbers)


def require_reasons(plan: Plan, answers: Answers) -> None:
    """Require that nothing was refused for what is not its own fault."""
    for _, item, result in _items(plan, answers):
        reasons = _REASONS[str(item.WhichOneof("request"))]
        if item.place_order.quantity == TOO_MUCH:
            reasons = {reason_pb2.REASON_INSUFFICIENT_FUNDS}
        assert result.reason in reasons or (plan.may_lose_orders and result.reason == SESSION_NOT_OPEN), result


SESSION_NOT_OPEN = reason_pb2.REASON_SESSION_NOT_OPEN
"""Of an order that came to the engine after the end of the stream that it came by."""

_ITS_ORDER = {0, reason_pb2.REASON_ORDER_NOT_OPEN, reason_pb2.REASON_ORDER_NOT_FOUND}
"""What became of the order that it is about."""

_REASONS: Mapping[str, set[int]] = {
    "place_order": {0},
    "amend_order": _ITS_ORDER,
    "cancel_order": _ITS_ORDER,
    "mass_cancel": {0},
}


def deeds_of(plan: Plan, answers: Answers) -> Counter[Deed]:
    """Count what was done, as the answers say."""
    done: Counter[Deed] = Counter()
    for account, item, result in _items(plan, answers):
        what = _deed(item, accepted=not result.reason)
        if what is not None:
            done[Deed(account, int(result.engine_seq), what, _target(item))] += 1
    return done


def agree(plan: Plan, answers: Answers, account: AccountId, history: Sequence[order_pb2.Order]) -> None:
    """Require that the history knows of all that was asked to enter, as the answers say, and of nothing else."""
    known = {order.client_order_id: order for order in history}
    assert len(known) == len(history)
    assert known.keys() == set(entered_by(plan, account))
    for owner, item, result in _items(plan, answers):
        if owner == account and _target(item) in known:
            _agree(known[_target(item)], result)


def lost(plan: Plan, answers: Answers, history: Sequence[order_pb2.Order]) -> Sequence[str]:
    """Return which orders were cancelled because their session was lost: only such as came by the first one."""
    names = [order.client_order_id for order in history if order.end_reason == t.ORDER_END_REASON_DISCONNECTED]
    anew = {item.place_order.client_order_id for _, item, result in _items(plan, answers) if not result.replayed}
    assert not names or plan.may_lose_orders
    assert not anew & set(names)
    return names


def entered_by(plan: Plan, account: AccountId) -> Sequence[str]:
    """Return the ids of all orders that the account asks to enter."""
    own = (each.batch.items for each in plan.requests if each.account == account)
    return [item.place_order.client_order_id for items in own for item in items if item.HasField("place_order")]


def _items(plan: Plan, answers: Answers) -> Iterator[tuple[AccountId, pb.OrderItem, pb.OrderItemResult]]:
    for each in plan.requests:
        for item, result in zip(each.batch.items, answers[each.batch.correlation_id].results, strict=True):
            yield each.account, item, result


_DONE: Mapping[str, str] = {
    "place_order": PLACED,
    "amend_order": AMENDED,
    "cancel_order": CANCELLED,
    "mass_cancel": MASS_CANCELLED,
}


def _deed(item: pb.OrderItem, *, accepted: bool) -> str | None:
    if accepted:
        return _DONE[str(item.WhichOneof("request"))]
    return REFUSED if item.HasField("place_order") else None


def _target(item: pb.OrderItem) -> str:
    """Return the client's id of the order that an item is about; empty for a mass cancel."""
    asked = getattr(item, str(item.WhichOneof("request")))
    return "" if item.HasField("mass_cancel") else str(asked.client_order_id)


def _agree(order: order_pb2.Order, result: pb.OrderItemResult) -> None:
    """Require that the order is the one of the result, and as it says unless it has changed since."""
    number, version = result.order.order_id or result.order_id, result.order.version or result.version
    assert number in ("", order.order_id)
    assert version <= order.version
    if version == order.version and result.HasField("order"):
        assert result.order == order
    elif version == order.version:
        assert all(getattr(result, name) == getattr(order, name) for name in _WHERE_IT_STANDS)
