"""Decimals of the owner become integers of the engine, exactly or not at all."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.kernel.money import INT64_MAX, INT64_MIN
from services.kernel.refusal import Refusal
from services.orders.model.instrument import DAY_NS
from services.orders.model.order import Terms
from services.orders.model.request import Draft, DraftTerms
from services.orders.model.words import OrderType, TimeInForce, TriggerReference
from services.orders.usecases.translate import DEFAULT_VALIDITY_NS, refused_numbers, translate
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


def test_terms_are_written_at_the_scales_of_the_instrument() -> None:
    asked = DraftTerms(
        trigger_price="99.5",
        trigger_reference=TriggerReference.MARK,
        trailing_ticks=3,
        trailing_bps=4,
        display_quantity="0.1",
        min_quantity="0.0001",
        expire_time_ns=5,
        post_only_reprice=True,
        tag=6,
    )
    assert translate(draft(terms=asked), INSTRUMENT, NOW_NS).terms == Terms(
        trigger_price=9_950,
        trigger_reference=TriggerReference.MARK,
        trailing_ticks=3,
        trailing_bps=4,
        display_quantity=1_000,
        min_quantity=1,
        expire_time_ns=5,
        post_only_reprice=True,
        tag=6,
    )


@pytest.mark.parametrize(
    ("terms", "reason", "metadata"),
    [
        ({"trigger_price": "1.001"}, "PRICE_NOT_ON_TICK", {"tick": "0.01", "field": "trigger_price"}),
        ({"trigger_price": "9" * 18}, "PRICE_OUT_OF_RANGE", {"tick": "0.01", "field": "trigger_price"}),
        ({"display_quantity": "0.00001"}, "DISPLAY_QUANTITY_OUT_OF_RANGE", {"lot": "0.0001"}),
        ({"display_quantity": "0"}, "DISPLAY_QUANTITY_OUT_OF_RANGE", {"lot": "0.0001"}),
        ({"display_quantity": "9" * 18}, "DISPLAY_QUANTITY_OUT_OF_RANGE", {"lot": "0.0001"}),
        ({"min_quantity": "0.00001"}, "MIN_QUANTITY_OUT_OF_RANGE", {"lot": "0.0001"}),
        ({"min_quantity": "-1"}, "MIN_QUANTITY_OUT_OF_RANGE", {"lot": "0.0001"}),
        ({"min_quantity": "9" * 18}, "MIN_QUANTITY_OUT_OF_RANGE", {"lot": "0.0001"}),
    ],
)
def test_terms_that_the_scales_cannot_hold_are_refused(
    terms: dict[str, str], reason: str, metadata: dict[str, str]
) -> None:
    wrong = draft(terms=DraftTerms(**terms))
    refusal = refused(wrong)
    assert (refusal.reason, dict(refusal.metadata)) == (reason, metadata)
    assert [each.reason for each in refused_numbers(wrong, INSTRUMENT)] == [reason]


MIDNIGHT_NS = NOW_NS // DAY_NS * DAY_NS


@pytest.mark.parametrize(
    ("now_ns", "close_ns"),
    [
        (MIDNIGHT_NS - 1, MIDNIGHT_NS),
        (MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS),
        (MIDNIGHT_NS + 1, MIDNIGHT_NS + DAY_NS),
    ],
)
def test_a_day_ends_at_the_next_midnight_of_utc(now_ns: int, close_ns: int) -> None:
    order = translate(draft(time_in_force=TimeInForce.DAY), INSTRUMENT, now_ns)
    assert order.terms.expire_time_ns == close_ns


def test_a_time_long_past_is_still_a_time() -> None:
    for expire_time_ns in (0, -(2**63)):
        asked = draft(time_in_force=TimeInForce.GTD, terms=DraftTerms(expire_time_ns=expire_time_ns))
        assert translate(asked, INSTRUMENT, NOW_NS).terms.expire_time_ns == 1


@given(DECIMAL_TEXT, DECIMAL_TEXT, DECIMAL_TEXT)
def test_what_is_refused_when_judged_is_refused_when_sent(price: str, quantity: str, display: str) -> None:
    asked = draft(price=price, quantity=quantity, terms=DraftTerms(display_quantity=display, min_quantity=quantity))
    expected = refused_numbers(asked, INSTRUMENT)
    if expected:
        assert refused(asked).reason in {each.reason for each in expected}
    else:
        translate(asked, INSTRUMENT, NOW_NS)


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
