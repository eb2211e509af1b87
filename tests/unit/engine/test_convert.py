"""Between the contract's messages and the engine's words."""

import pytest

from exchange.engine.v1.command_pb2 import CommandResult
from exchange.engine.v1.engine_service_pb2 import SubmitResponse
from exchange.error.v1 import reason_pb2
from services.engine import convert
from services.engine.errors import ClockStepped
from services.kernel.refusal import Refusal


def test_kinds_are_a_bit_for_each_field_of_command() -> None:
    assert convert.kinds_of([]) == 0
    assert convert.kinds_of(["place_order", "cancel_order", "place_order"]) == 0b110
    assert convert.kinds_of(["transfer_in", "transfer_out"]) == 0b11000
    assert convert.kinds_of(["open_account", "create_instrument"]) == 0b110_0000
    with pytest.raises(KeyError):
        convert.kinds_of(["place_any_order"])


def test_a_batch_refused_whole_says_why() -> None:
    answer = SubmitResponse.FromString(convert.refused_batch(ClockStepped()))
    assert answer == SubmitResponse(reason=reason_pb2.REASON_CLOCK_STEPPED)


def test_the_only_result_is_its_place_or_its_refusal() -> None:
    assert convert.only_result(SubmitResponse(results=[CommandResult(engine_seq=7)]).SerializeToString()) == 7
    conflict = CommandResult(engine_seq=8, reason=reason_pb2.REASON_ACCOUNT_CONFLICT)
    for answer in (SubmitResponse(results=[conflict]), SubmitResponse(reason=reason_pb2.REASON_ACCOUNT_CONFLICT)):
        with pytest.raises(Refusal) as refused:
            convert.only_result(answer.SerializeToString())
        assert refused.value.reason == "ACCOUNT_CONFLICT"
