"""What is asked of the engine, as its commands."""

from collections.abc import Sequence

from exchange.engine.v1 import command_pb2
from exchange.type.v1 import order_pb2 as type_pb2
from services.kernel.ids import AccountId, ClientOrderId
from services.orders.fingerprint import (
    fingerprint_of_amend,
    fingerprint_of_cancel,
    fingerprint_of_mass_cancel,
    fingerprint_of_order,
)
from services.orders.model.order import MAX_ORDER_ID, OrderRef
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder
from services.orders.model.session import NewSession


def place_command(order: NewOrder) -> command_pb2.Command:
    """Write the command that enters an order."""
    return command_pb2.Command(place_order=_place(order))


def judge_command(order: NewOrder) -> command_pb2.Command:
    """Write the command that makes every check of an order and enters nothing."""
    place = _place(order)
    place.validate_only = True
    return command_pb2.Command(place_order=place)


def _place(order: NewOrder) -> command_pb2.PlaceOrder:
    terms = order.terms
    return command_pb2.PlaceOrder(
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
        trigger_price=terms.trigger_price,
        trigger_reference=type_pb2.TriggerReference.ValueType(terms.trigger_reference),
        trailing_ticks=terms.trailing_ticks,
        trailing_bps=terms.trailing_bps,
        display_quantity=terms.display_quantity,
        min_quantity=terms.min_quantity,
        expire_time_ns=terms.expire_time_ns,
        post_only_reprice=terms.post_only_reprice,
        reduce_only=terms.reduce_only,
        peg_reference=type_pb2.PegReference.ValueType(terms.peg_reference),
        peg_offset_ticks=terms.peg_offset_ticks,
        tag=terms.tag,
        session_id=terms.session_id,
        survive_disconnect=terms.survive_disconnect,
    )


def cancel_command(cancel: Cancel) -> command_pb2.Command:
    """Write the command that takes an order out of the book."""
    command = command_pb2.CancelOrder(
        account_id=cancel.account_id,
        request_id=cancel.request_id or "",
        valid_until_ns=cancel.valid_until_ns,
        fingerprint=fingerprint_of_cancel(cancel),
    )
    _name(cancel.order, command)
    return command_pb2.Command(cancel_order=command)


def reserve_command(
    account_id: AccountId, client_order_id: ClientOrderId, fingerprint: int, valid_until_ns: int
) -> command_pb2.Command:
    """Write a command that uses an id and does nothing else: the cancel of an order that cannot be."""
    return command_pb2.Command(
        cancel_order=command_pb2.CancelOrder(
            account_id=account_id,
            order_id=MAX_ORDER_ID,
            request_id=client_order_id,
            valid_until_ns=valid_until_ns,
            fingerprint=fingerprint,
        )
    )


def amend_command(amend: Amend) -> command_pb2.Command:
    """Write the command that changes an open order; a field that is None stays absent."""
    command = command_pb2.AmendOrder(
        account_id=amend.account_id,
        instrument_id=amend.instrument.instrument_id,
        price=amend.price,
        display_quantity=amend.display_quantity,
        expire_time_ns=amend.expire_time_ns,
        trigger_price=amend.trigger_price,
        expected_version=amend.expected_version,
        request_id=amend.request_id or "",
        valid_until_ns=amend.valid_until_ns,
        fingerprint=fingerprint_of_amend(amend),
    )
    _name(amend.order, command)
    if amend.quantity is not None:
        command.quantity = amend.quantity
    return command_pb2.Command(amend_order=command)


def mass_cancel_command(cancel: MassCancel) -> command_pb2.Command:
    """Write the command that cancels all that match; a field that is None stays absent."""
    return command_pb2.Command(
        mass_cancel=command_pb2.MassCancel(
            account_id=cancel.account_id,
            instrument_id=cancel.instrument.instrument_id if cancel.instrument else None,
            side=type_pb2.Side.ValueType(cancel.side or 0),
            session_id=cancel.session_id,
            tag=cancel.tag,
            request_id=cancel.request_id or "",
            valid_until_ns=cancel.valid_until_ns,
            fingerprint=fingerprint_of_mass_cancel(cancel),
        )
    )


def cancel_all_after_command(account_id: AccountId, timeout_ns: int) -> command_pb2.Command:
    """Write the command that arms or disarms an account's guard."""
    return command_pb2.Command(
        cancel_all_after=command_pb2.CancelAllAfter(account_id=account_id, timeout_ns=timeout_ns)
    )


def open_session_command(session: NewSession) -> command_pb2.Command:
    """Write the command that opens a session, or takes it over."""
    return command_pb2.Command(
        open_session=command_pb2.OpenSession(
            account_id=session.account_id,
            session_id=session.session_id,
            gateway_id=session.gateway_id,
            connection_id=session.connection_id,
            scope=type_pb2.DisconnectScope.ValueType(session.scope),
            grace_ms=session.grace_ms,
            heartbeat_timeout_ms=session.heartbeat_timeout_ms,
            valid_until_ns=session.valid_until_ns,
        )
    )


def keep_gateway_command(gateway_id: int, lease_ms: int, epochs: Sequence[int]) -> command_pb2.Command:
    """Write the command that renews a gateway's lease, and tells whom it has heard from."""
    return command_pb2.Command(
        keep_gateway=command_pb2.KeepGateway(gateway_id=gateway_id, lease_ms=lease_ms, session_epochs=epochs)
    )


def end_session_command(account_id: AccountId, epoch: int, *, closed: bool) -> command_pb2.Command:
    """Write the command that closes a session, or says that its connection is lost."""
    end = command_pb2.SESSION_END_CLOSED if closed else command_pb2.SESSION_END_LOST
    return command_pb2.Command(end_session=command_pb2.EndSession(account_id=account_id, session_epoch=epoch, end=end))


def _name(order: OrderRef, command: command_pb2.CancelOrder | command_pb2.AmendOrder) -> None:
    """Say which order is meant."""
    if isinstance(order, int):
        command.order_id = order
    else:
        command.client_order_id = order
