"""Decimals of the owner become integers of the engine, exactly or not at all."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.kernel.money import INT64_MAX, INT64_MIN
from services.kernel.refusal import Refusal
from services.orders.model.request import Draft
from services.orders.model.words import OrderType, TimeInForce
from services.orders.usecases.translate import DEFAULT_VALIDITY_NS, translate
from tests.unit.orders.samples import INSTRUMENT, draft

NOW_NS = 1_700_000_000_000_000_000

WHOLE = st.integers(0, 10**18 - 1).map(str)
FRACTION = st.text("0123456789", min_size=1, max_size=18)
DECIMAL_TEXT = st.builds(
    lambda sign, whole, fraction: sign + whole + fraction,
    st.sampled_from(["", "-"]),
    WHOLE | st.integers(0, 999).map(str),
    st.just("") | FRACTION.map(lambda digits: f".{digits}") | st.sampled_from([".5", ".10", ".25000"]),
)


def refused(order: Draft) -> Refusal:
    with pytest.raises(Refusal) as caught:
        translate(order, INSTRUMENT, NOW_NS)
    return caught.value


def test_writes_price_and_quantity_at_the_scales_of_the_instrument() -> None:
    order = translate(draft(price="12345.6", quantity="0.0001"), INSTRUMENT, NOW_NS)
    assert (order.price, order.quantity, order.quote_budget) == (1_234_560, 1, 0)


def test_zeros_beyond_the_scale_change_nothing() -> None:
    order = translate(draft(price="100.000000000000000000", quantity="1.00000"), INSTRUMENT, NOW_NS)
    assert (order.price, order.quantity) == (10_000, 10_000)


def test_a_budget_is_in_units_of_the_quote_asset() -> None:
    market = draft(type=OrderType.MARKET, time_in_force=TimeInForce.IOC, price="", quantity="", quote_budget="12.5")
    order = translate(market, INSTRUMENT, NOW_NS)
    assert (order.price, order.quantity, order.quote_budget) == (0, 0, 12_500_000)


def test_stays_valid_as_long_as_its_owner_says_or_nearly_ten_minutes() -> None:
    assert translate(draft(), INSTRUMENT, NOW_NS).valid_until_ns == NOW_NS + DEFAULT_VALIDITY_NS
    assert translate(draft(valid_until_ns=5), INSTRUMENT, NOW_NS).valid_until_ns == 5


@pytest.mark.parametrize(
    ("field", "text", "reason", "metadata"),
    [
        ("price", "100.001", "PRICE_NOT_ON_TICK", {"tick": "0.01"}),
        ("price", "999999999999999999", "PRICE_OUT_OF_RANGE", {"tick": "0.01"}),
        ("price", "-999999999999999999", "PRICE_OUT_OF_RANGE", {"tick": "0.01"}),
        ("quantity", "0.00005", "QUANTITY_NOT_ON_LOT", {"lot": "0.0001"}),
        ("quantity", "999999999999999999", "QUANTITY_OUT_OF_RANGE", {"min": "0.0001", "max": "100000.0000"}),
        ("quantity", "0", "QUANTITY_OUT_OF_RANGE", {"min": "0.0001", "max": "100000.0000"}),
        ("quantity", "-1", "QUANTITY_OUT_OF_RANGE", {"min": "0.0001", "max": "100000.0000"}),
        ("quote_budget", "1.0000001", "AMOUNT_OUT_OF_RANGE", {"asset": "KK99", "scale": "6"}),
        (
            "quote_budget",
            "99999999999999",
            "NOTIONAL_OUT_OF_RANGE",
            {"min": "1.000000", "max": "1000000000.000000", "asset": "KK99"},
        ),
        (
            "quote_budget",
            "-0.000000",
            "NOTIONAL_OUT_OF_RANGE",
            {"min": "1.000000", "max": "1000000000.000000", "asset": "KK99"},
        ),
    ],
)
def test_what_the_scales_cannot_hold_is_refused(field: str, text: str, reason: str, metadata: dict[str, str]) -> None:
    refusal = refused(draft(**{field: text}))
    assert (refusal.reason, dict(refusal.metadata)) == (reason, metadata)


@given(DECIMAL_TEXT)
@example("92233720368547758.07")
@example("92233720368547758.08")
@example("-92233720368547758.08")
@example("-0.00")
def test_a_price_is_exact_or_refused(text: str) -> None:
    assert price_or_reason(text) == expected(Fraction(text) * 100)


def price_or_reason(text: str) -> int | str:
    try:
        return translate(draft(price=text), INSTRUMENT, NOW_NS).price
    except Refusal as refusal:
        return refusal.reason


def expected(units: Fraction) -> int | str:
    if units.denominator != 1:
        return "PRICE_NOT_ON_TICK"
    return int(units) if INT64_MIN <= units <= INT64_MAX else "PRICE_OUT_OF_RANGE"
