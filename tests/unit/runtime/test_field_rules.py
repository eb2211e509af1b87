"""The contract's rules on fields, told with the path that the caller wrote."""

import pytest

from exchange.engine.v1.admin_service_pb2 import CreateInstrumentRequest
from exchange.engine.v1.instrument_pb2 import Asset, Instrument
from services.kernel.refusal import InvalidField
from services.runtime.validation import MAX_VIOLATIONS, FieldRules


def violations(message: CreateInstrumentRequest) -> dict[str, str]:
    with pytest.raises(InvalidField) as caught:
        FieldRules().check(message)
    return {each.field: each.description for each in caught.value.violations}


def test_paths_lead_into_messages() -> None:
    told = violations(CreateInstrumentRequest(instrument=Instrument(base=Asset(symbol="btc"))))
    assert told["instrument.base.asset_id"].startswith("must be greater than 0")
    assert told["instrument.quote"] == "value is required"
    assert len(told) <= MAX_VIOLATIONS


def test_a_missing_message_is_named() -> None:
    assert violations(CreateInstrumentRequest()) == {"instrument": "value is required"}
