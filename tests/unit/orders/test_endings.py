"""What private events say ended the TWAPs of an account."""

from typing import Any

import pytest

from exchange.engine.v1 import account_events_pb2 as account
from exchange.engine.v1.engine_events_pb2 import Event
from exchange.type.v1 import order_pb2 as t
from services.kernel.ids import EngineSeq, InstrumentId
from services.orders.convert.endings import ending_of
from services.orders.model.account_stream import PrivateEvent
from services.orders.model.twap import Ending
from services.orders.model.words import EndReason, Side
from tests.unit.orders.samples import ALICE


def told(**content: Any) -> PrivateEvent:
    return PrivateEvent(ALICE, 5, EngineSeq(20), 99, Event(**content).SerializeToString())


def done(cause: int, **fields: Any) -> PrivateEvent:
    return told(mass_cancel_done=account.MassCancelDone(cause=cause, mass_cancel_id=12, **fields))


def test_a_mass_cancel_means_what_it_names_and_what_was_there_when_it_was_asked_for() -> None:
    wanted = account.OrderFilter(instrument_id=3, side=t.SIDE_SELL, session_id=0, tag=0)
    ending = ending_of(done(account.MASS_CANCEL_CAUSE_REQUESTED, filter=wanted))
    assert ending == Ending(EndReason.MASS_CANCEL, EngineSeq(12), 99, InstrumentId(3), Side.SELL, session_id=0, tag=0)
    everything = ending_of(done(account.MASS_CANCEL_CAUSE_REQUESTED, filter=account.OrderFilter()))
    assert everything == Ending(EndReason.MASS_CANCEL, EngineSeq(12), 99)


@pytest.mark.parametrize("wanted", [account.OrderFilter(), account.OrderFilter(session_id=7)])
def test_a_lost_session_means_its_own_or_all_from_when_it_fired(wanted: account.OrderFilter) -> None:
    ending = ending_of(done(account.MASS_CANCEL_CAUSE_DISCONNECTED, filter=wanted))
    session_id = 7 if wanted.session_id else None
    assert ending == Ending(EndReason.DISCONNECTED, EngineSeq(20), 99, session_id=session_id)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (account.MASS_CANCEL_CAUSE_CANCEL_ALL_AFTER, EndReason.CANCEL_ALL_AFTER),
        (account.MASS_CANCEL_CAUSE_KILL_SWITCH, EndReason.KILL_SWITCH),
        (account.MASS_CANCEL_CAUSE_LIQUIDATION, EndReason.LIQUIDATION),
        (account.MASS_CANCEL_CAUSE_BUST, EndReason.BUST),
    ],
)
def test_others_mean_all_whether_or_not_they_say_so(cause: int, reason: EndReason) -> None:
    assert ending_of(done(cause)) == ending_of(done(cause, filter=account.OrderFilter()))
    assert ending_of(done(cause)) == Ending(reason, EngineSeq(20), 99)


def test_a_liquidation_means_all_from_its_start_though_no_order_was_open() -> None:
    started = account.LiquidationChanged(state=account.LIQUIDATION_STATE_STARTED)
    assert ending_of(told(liquidation_changed=started)) == Ending(EndReason.LIQUIDATION, EngineSeq(20), 99)


@pytest.mark.parametrize(
    "event",
    [
        done(account.MASS_CANCEL_CAUSE_REQUESTED),
        done(account.MASS_CANCEL_CAUSE_DISCONNECTED),
        done(account.MASS_CANCEL_CAUSE_UNSPECIFIED, filter=account.OrderFilter()),
        told(session_changed=account.SessionChanged(state=account.SESSION_STATE_FIRED, session_id=7)),
        told(cancel_all_after_changed=account.CancelAllAfterChanged(state=account.CANCEL_ALL_AFTER_STATE_FIRED)),
        told(liquidation_changed=account.LiquidationChanged(state=account.LIQUIDATION_STATE_DELEVERAGING)),
        told(liquidation_changed=account.LiquidationChanged(state=account.LIQUIDATION_STATE_ENDED)),
    ],
)
def test_what_does_not_say_which_orders_it_means_ends_nothing(event: PrivateEvent) -> None:
    assert ending_of(event) is None
