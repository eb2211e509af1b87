"""Decimal text and scaled integers: exact both ways, and refused where they cannot be."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.money import INT64_MAX, INT64_MIN, NotADecimal, OutOfRange, TooManyDecimals, text_of, units_of

WIRE = re.compile(r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$")
SCALES = st.integers(0, 18)


@pytest.mark.parametrize(
    ("text", "scale", "units"),
    [
        ("0", 0, 0),
        ("-0", 2, 0),
        ("-0.00", 2, 0),
        ("1", 2, 100),
        ("1.5", 2, 150),
        ("1.500", 1, 15),
        ("-37.63", 2, -3763),
        ("0.000000000000000001", 18, 1),
        ("9.223372036854775807", 18, INT64_MAX),
        ("-9.223372036854775808", 18, INT64_MIN),
        ("999999999999999999", 0, 999999999999999999),
    ],
)
def test_text_becomes_units(text: str, scale: int, units: int) -> None:
    assert units_of(text, scale) == units


@pytest.mark.parametrize(
    "text", ["", "-", "+1", "01", ".5", "1.", "1e5", " 1", "1 ", "1\n", "1,5", "NaN", "٣", "1" * 19, "0." + "1" * 19]
)
def test_what_the_wire_forbids_is_no_decimal(text: str) -> None:
    with pytest.raises(NotADecimal):
        units_of(text, 18)


def test_digits_beyond_the_scale_are_refused_not_rounded() -> None:
    with pytest.raises(TooManyDecimals):
        units_of("1.001", 2)


@pytest.mark.parametrize("text", ["9.223372036854775808", "-9.223372036854775809", "100"])
def test_what_64_bits_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(OutOfRange):
        units_of(text, 18)


@pytest.mark.parametrize(
    ("units", "scale", "text"),
    [
        (150, 2, "1.50"),
        (0, 2, "0.00"),
        (-1, 2, "-0.01"),
        (7, 0, "7"),
        (-7, 0, "-7"),
        (INT64_MIN, 18, "-9.223372036854775808"),
    ],
)
def test_units_become_text_with_every_decimal(units: int, scale: int, text: str) -> None:
    assert text_of(units, scale) == text


@given(st.integers(INT64_MIN, INT64_MAX), SCALES)
def test_text_and_back_is_the_same_amount(units: int, scale: int) -> None:
    text = text_of(units, scale)
    assert Fraction(text) == Fraction(units, 10**scale)
    if WIRE.match(text):
        assert units_of(text, scale) == units


@given(st.from_regex(WIRE, fullmatch=True), SCALES)
def test_units_are_the_exact_decimal_or_refused(text: str, scale: int) -> None:
    exact = Fraction(text) * 10**scale
    try:
        units = units_of(text, scale)
    except TooManyDecimals:
        assert exact != int(exact)
    except OutOfRange:
        assert not INT64_MIN <= exact <= INT64_MAX
    else:
        assert units == exact
