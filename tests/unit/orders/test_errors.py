"""Every reason that the engine may give has words of its own, and the contract knows every reason."""

import pytest

from exchange.error.v1 import reason_pb2
from services.kernel.ids import EngineSeq
from services.kernel.refusal import Refusal
from services.orders import errors, relayed
from services.orders.model.request import Cancel, Outcome
from services.orders.usecases.translate import translate
from tests.unit.orders.samples import ALICE, INSTRUMENT, draft

ORDER = translate(draft(), INSTRUMENT, 0)
OF_OTHER_COMMANDS = {
    "INSTRUMENT_CONFLICT",
    "INSTRUMENT_INVALID",
    "ACCOUNT_CONFLICT",
    "MALFORMED_COMMAND",
    "UNKNOWN_FEE_SCHEDULE",
    "RULES_VERSION_UNKNOWN",
    "INSTRUMENT_BUSY",
    "UNKNOWN_TRADE",
    "TRADE_NOT_BUSTABLE",
    "DATE_NOT_AFTER_LAST",
    "EXERCISE_NOT_ALLOWED",
    "TIMEOUT_OUT_OF_RANGE",
    "MARGIN_PARAMETERS_INVALID",
    "FEE_SCHEDULE_INVALID",
    "SESSION_OPTIONS_OUT_OF_RANGE",
    "TOO_MANY_SESSIONS",
    "UNKNOWN_GATEWAY",
}
OF_CANCELS_AND_AMENDS = {"ORDER_NOT_FOUND", "ORDER_NOT_OPEN", "VERSION_MISMATCH"}
OF_ORDERS = [
    name.removeprefix("REASON_")
    for name, number in reason_pb2.Reason.items()
    if 200 <= number < 300 and name.removeprefix("REASON_") not in OF_OTHER_COMMANDS | OF_CANCELS_AND_AMENDS
]


def outcome(reason: str) -> Outcome:
    return Outcome(EngineSeq(5), reason, replayed=False, order=None, fills=())


@pytest.mark.parametrize("reason", OF_ORDERS)
def test_an_order_refused_by_the_engine_is_told_what_to_do(reason: str) -> None:
    refusal = relayed.refusal_of_order(ORDER, outcome(reason))
    assert refusal.reason == reason
    assert refusal.message.endswith(".")
    assert refusal.message != relayed.refusal_of_order(ORDER, outcome("INTERNAL")).message


@pytest.mark.parametrize("reason", ["IDEMPOTENCY_WINDOW_FULL", "ENGINE_FULL"])
def test_what_is_full_says_when_to_come_back(reason: str) -> None:
    assert relayed.refusal_of_order(ORDER, outcome(reason)).retry_after_ms == 1_000


def test_a_cancel_that_another_reason_refuses_keeps_the_reason() -> None:
    refusal = relayed.refusal_of_cancel(Cancel(ALICE, ORDER.client_order_id, None, 0), outcome("REQUEST_EXPIRED"), None)
    assert (refusal.reason, refusal.metadata["engine_seq"]) == ("REQUEST_EXPIRED", "5")


def test_the_contract_knows_every_reason() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal)]
    stated = {kind.reason for kind in kinds if kind.reason}
    assert {f"REASON_{reason}" for reason in stated} <= set(reason_pb2.Reason.keys())
