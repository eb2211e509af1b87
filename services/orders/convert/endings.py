"""What ends the trading of an account, in its private events."""

from exchange.engine.v1 import account_events_pb2 as account
from exchange.engine.v1.engine_events_pb2 import Event
from services.orders.model.account_stream import PrivateEvent
from services.orders.model.twap import Ending
from services.orders.model.words import EndReason

_OF_MASS_CANCEL = {
    account.MASS_CANCEL_CAUSE_KILL_SWITCH: EndReason.KILL_SWITCH,
    account.MASS_CANCEL_CAUSE_LIQUIDATION: EndReason.LIQUIDATION,
    account.MASS_CANCEL_CAUSE_BUST: EndReason.BUST,
}
"""Why the engine cancels all. What an owner asks for meets some orders only, and comes by the call; a guard and a
session have events of their own, told also when no order was open."""


def ending_of(event: PrivateEvent) -> Ending | None:
    """Return what an event ends; None if nothing."""
    told = Event.FromString(event.content)
    reason, session_id = EndReason.NONE, None
    if told.HasField("mass_cancel_done"):
        reason = _OF_MASS_CANCEL.get(told.mass_cancel_done.cause, EndReason.NONE)
    elif told.HasField("cancel_all_after_changed"):
        fired = told.cancel_all_after_changed.state == account.CANCEL_ALL_AFTER_STATE_FIRED
        reason = EndReason.CANCEL_ALL_AFTER if fired else EndReason.NONE
    elif told.HasField("session_changed"):
        fired = told.session_changed.state == account.SESSION_STATE_FIRED
        reason, session_id = (EndReason.DISCONNECTED if fired else EndReason.NONE), told.session_changed.session_id
    return Ending(reason, event.engine_seq, event.time_ns, session_id) if reason else None
