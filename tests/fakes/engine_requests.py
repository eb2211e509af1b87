"""What the engine in memory does about open orders: cancels, amends, mass cancels, and the guard of an account."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from exchange.engine.v1 import command_pb2, engine_events_pb2, order_pb2
from exchange.error.v1 import reason_pb2
from exchange.type.v1 import order_pb2 as t
from tests.fakes.engine_rules import Refused, check_amend, check_grid, check_timeout

if TYPE_CHECKING:
    from tests.fakes.engine import Account

OPEN = (t.ORDER_STATUS_NEW, t.ORDER_STATUS_PARTIALLY_FILLED)

Block: TypeAlias = engine_events_pb2.EventBlock
Result = command_pb2.CommandResult
Cause = engine_events_pb2.OrderUpdateCause
Request: TypeAlias = command_pb2.CancelOrder | command_pb2.AmendOrder | command_pb2.MassCancel


class RequestsFake:
    """The half of the engine in memory that an account's requests come to; the other half enters and matches."""

    def _cancel_order(self, cancel: command_pb2.CancelOrder, block: Block) -> Result:
        return self._once(cancel, block, lambda account: self._end(account, cancel, block))

    def _amend_order(self, amend: command_pb2.AmendOrder, block: Block) -> Result:
        return self._once(amend, block, lambda account: self._amend(account, amend, block))

    def _mass_cancel(self, cancel: command_pb2.MassCancel, block: Block) -> Result:
        return self._once(cancel, block, lambda account: self._end_all(account, cancel, block))

    def _cancel_all_after(self, guard: command_pb2.CancelAllAfter, block: Block) -> Result:
        account = self._accounts.get(guard.account_id)
        try:
            check_timeout(guard.timeout_ns)
        except Refused as refused:
            return Result(reason=refused.reason)
        if account is None:
            return Result(reason=reason_pb2.REASON_UNKNOWN_ACCOUNT)
        account.silent_at_ns = self.now_ns + guard.timeout_ns if guard.timeout_ns else None
        return Result()

    def _expire(self, block: Block) -> None:
        for account in self._accounts.values():
            for order in _open(account):
                if order.expire_time_ns and order.expire_time_ns <= self.now_ns:
                    day = order.time_in_force == t.TIME_IN_FORCE_DAY
                    reason = t.ORDER_END_REASON_DAY_ENDED if day else t.ORDER_END_REASON_GTD_REACHED
                    self._close(order, t.ORDER_STATUS_EXPIRED, reason)
                    self._tell(block, Cause.ORDER_UPDATE_CAUSE_EXPIRED, order)

    def _fire_guards(self, block: Block) -> None:
        for account in self._accounts.values():
            if account.silent_at_ns is not None and account.silent_at_ns <= self.now_ns:
                account.silent_at_ns = None
                for order in _open(account):
                    self._cancel(order, t.ORDER_END_REASON_CANCEL_ALL_AFTER, block)

    def _once(self, request: Request, block: Block, act: "Callable[[Account], Result]") -> Result:
        """Act on a request, or answer as before if it is remembered."""
        account = self._accounts.get(request.account_id)
        if account is None:
            return Result(reason=reason_pb2.REASON_UNKNOWN_ACCOUNT)
        if request.request_id in account.answers:
            return replayed(*account.answers[request.request_id], request.fingerprint)
        try:
            self._check_time(request.valid_until_ns)
        except Refused as refused:
            return Result(reason=refused.reason)
        result = act(account)
        result.engine_seq = block.engine_seq
        if request.request_id:
            account.answers[request.request_id] = (request.fingerprint, result)
        return result

    def _end(self, account: "Account", cancel: command_pb2.CancelOrder, block: Block) -> Result:
        order = _named(account, cancel)
        if order is None:
            return Result(reason=reason_pb2.REASON_ORDER_NOT_FOUND)
        if order.status not in OPEN:
            return Result(reason=reason_pb2.REASON_ORDER_NOT_OPEN, order=order)
        self._cancel(order, t.ORDER_END_REASON_REQUESTED, block)
        return Result(order=order)

    def _end_all(self, account: "Account", cancel: command_pb2.MassCancel, block: Block) -> Result:
        if cancel.HasField("instrument_id") and cancel.instrument_id not in self._instruments:
            return Result(reason=reason_pb2.REASON_UNKNOWN_INSTRUMENT)
        matching = [order for order in _open(account) if _matches(order, cancel)]
        for order in matching:
            self._cancel(order, t.ORDER_END_REASON_MASS_CANCEL, block)
        return Result(cancelled_count=len(matching))

    def _cancel(self, order: order_pb2.Order, reason: t.OrderEndReason.ValueType, block: Block) -> None:
        self._close(order, t.ORDER_STATUS_CANCELLED, reason)
        self._tell(block, Cause.ORDER_UPDATE_CAUSE_CANCELLED, order)

    def _amend(self, account: "Account", amend: command_pb2.AmendOrder, block: Block) -> Result:
        order = _named(account, amend)
        if order is None or (amend.instrument_id and amend.instrument_id != order.instrument_id):
            return Result(reason=reason_pb2.REASON_ORDER_NOT_FOUND)
        try:
            check_amend(order, amend, is_open=order.status in OPEN)
            changed = self._as_amended(account, order, amend)
        except Refused as refused:
            return Result(reason=refused.reason, order=order)
        if changed.leaves_quantity <= 0:
            self._cancel(order, t.ORDER_END_REASON_AMENDED_AWAY, block)
            return Result(order=order)
        if changed.price != order.price or changed.leaves_quantity > order.leaves_quantity:
            self._queue_last(order)
        order.CopyFrom(changed)
        self._tell(block, Cause.ORDER_UPDATE_CAUSE_AMENDED, order)
        return Result(order=order, fills=self._match(order, block))

    def _as_amended(self, account: "Account", order: order_pb2.Order, amend: command_pb2.AmendOrder) -> order_pb2.Order:
        """Return the order as it would be; raises Refused if it may not be so."""
        changed = order_pb2.Order()
        changed.CopyFrom(order)
        if amend.HasField("quantity"):
            changed.quantity = amend.quantity
            changed.leaves_quantity = amend.quantity - order.cum_quantity - order.prevented_quantity
        if amend.HasField("price"):
            changed.price = amend.price
        if amend.HasField("expire_time_ns"):
            changed.expire_time_ns = amend.expire_time_ns
        if changed.leaves_quantity <= 0:
            return changed
        instrument = self._instruments[order.instrument_id]
        check_grid(instrument, changed, self.now_ns)
        if order.post_only and self._crossing(changed):
            raise Refused(reason_pb2.REASON_POST_ONLY_WOULD_CROSS)
        if self._lacking(account, instrument, changed):
            raise Refused(reason_pb2.REASON_INSUFFICIENT_FUNDS)
        return changed


def _open(account: "Account") -> list[order_pb2.Order]:
    return [order for order in account.orders.values() if order.status in OPEN]


def _matches(order: order_pb2.Order, cancel: command_pb2.MassCancel) -> bool:
    return (
        (not cancel.HasField("instrument_id") or order.instrument_id == cancel.instrument_id)
        and (not cancel.side or order.side == cancel.side)
        and (not cancel.HasField("session_id") or order.session_id == cancel.session_id)
        and (not cancel.HasField("tag") or order.tag == cancel.tag)
    )


def _named(account: "Account", request: command_pb2.CancelOrder | command_pb2.AmendOrder) -> order_pb2.Order | None:
    if request.HasField("order_id"):
        return account.orders.get(request.order_id)
    same: Iterable[order_pb2.Order] = (
        order for order in account.orders.values() if order.client_order_id == request.client_order_id
    )
    return max(same, key=lambda order: order.order_id, default=None)


def replayed(fingerprint: int, first: Result, again: int) -> Result:
    if fingerprint != again:
        return Result(reason=reason_pb2.REASON_CLIENT_ORDER_ID_REUSED)
    answer = Result()
    answer.CopyFrom(first)
    answer.ClearField("fills")
    answer.replayed = True
    return answer
