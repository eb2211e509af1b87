"""Refusals carry a reason, a sentence and facts, and cannot be changed on their way."""

import pytest

from services.kernel.refusal import FieldViolation, InvalidField, LimitExceeded, Refusal, RelayedRefusal


def test_a_refusal_without_a_reason_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        Refusal("no reason")


def test_a_refusal_keeps_what_it_says() -> None:
    refusal = LimitExceeded("Ask for less.", metadata={"max": "500"}, retry_after_ms=10)
    assert (refusal.reason, str(refusal), refusal.retry_after_ms) == ("LIMIT_EXCEEDED", "Ask for less.", 10)
    with pytest.raises(TypeError):
        refusal.metadata["max"] = "1"  # type: ignore[index]


def test_a_relayed_refusal_keeps_the_reason_of_the_other_side() -> None:
    assert RelayedRefusal("ORDER_NOT_FOUND", "No such order.").reason == "ORDER_NOT_FOUND"
    assert RelayedRefusal.reason == ""


def test_the_first_violation_makes_the_message() -> None:
    refusal = InvalidField([FieldViolation("price", "is no decimal"), FieldViolation("quantity", "is zero")])
    assert refusal.message == "price: is no decimal"
    assert InvalidField([FieldViolation("", "both are missing")]).message == "both are missing"
