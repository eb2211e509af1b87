"""What ends the trading of an account, in its private events."""

from exchange.engine.v1 import account_events_pb2 as account
from exchange.engine.v1.engine_events_pb2 import Event
from services.kernel.ids import EngineSeq, InstrumentId
from services.orders.model.account_stream import PrivateEvent
from services.orders.model.twap import Ending
from services.orders.model.words import EndReason, Side

_REASONS = {
    account.MASS_CANCEL_CAUSE_REQUESTED: EndReason.MASS_CANCEL,
    account.MASS_CANCEL_CAUSE_CANCEL_ALL_AFTER: EndReason.CANCEL_ALL_AFTER,
    account.MASS_CANCEL_CAUSE_KILL_SWITCH: EndReason.KILL_SWITCH,
    account.MASS_CANCEL_CAUSE_LIQUIDATION: EndReason.LIQUIDATION,
    account.MASS_CANCEL_CAUSE_BUST: EndReason.BUST,
    account.MASS_CANCEL_CAUSE_DISCONNECTED: EndReason.DISCONNECTED,
}
"""Why the engine cancels orders together; told also when none was open, but for a liquidation."""

_MAY_BE_NARROW = (account.MASS_CANCEL_CAUSE_REQUESTED, account.MASS_CANCEL_CAUSE_DISCONNECTED)
"""What may mean some orders only: from before the events said which, nobody can tell."""


def ending_of(event: PrivateEvent) -> Ending | None:
    """Return what an event ends; None if nothing."""
    told = Event.FromString(event.content)
    if told.liquidation_changed.state == account.LIQUIDATION_STATE_STARTED:
        return Ending(EndReason.LIQUIDATION, event.engine_seq, event.time_ns)
    return _ending_of(told.mass_cancel_done, event) if told.HasField("mass_cancel_done") else None


def _ending_of(done: account.MassCancelDone, event: PrivateEvent) -> Ending | None:
    if done.cause not in _REASONS or (done.cause in _MAY_BE_NARROW and not done.HasField("filter")):
        return None
    asked_seq = EngineSeq(done.mass_cancel_id)
    wanted = done.filter
    return Ending(
        _REASONS[done.cause],
        asked_seq if done.cause == account.MASS_CANCEL_CAUSE_REQUESTED else event.engine_seq,
        event.time_ns,
        instrument_id=InstrumentId(wanted.instrument_id) if wanted.HasField("instrument_id") else None,
        side=Side(wanted.side) if wanted.side else None,
        session_id=wanted.session_id if wanted.HasField("session_id") else None,
        tag=wanted.tag if wanted.HasField("tag") else None,
    )
