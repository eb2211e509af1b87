"""What is asked of the engine, as its commands."""

from exchange.engine.v1 import command_pb2
from exchange.type.v1 import order_pb2 as type_pb2
from services.orders.fingerprint import fingerprint_of_cancel, fingerprint_of_order
from services.orders.model.request import Cancel, NewOrder


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
