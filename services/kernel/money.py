r"""Exact decimal text and integers of a fixed scale. No float touches an amount.

On the public wire an amount is text, `-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?`; inside it is a signed 64-bit integer
that counts units of 10^-scale. Nothing is ever rounded.
"""

import re

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
MAX_SCALE = 18

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,18}))?", re.ASCII)


class AmountError(ValueError):
    """A text is no amount of the asked scale."""


class NotADecimal(AmountError):  # noqa: N818 - named as what it says
    """The text breaks the pattern of the wire."""


class TooManyDecimals(AmountError):  # noqa: N818 - named as what it says
    """The text has digits, other than zeros, beyond the scale."""


class OutOfRange(AmountError):  # noqa: N818 - named as what it says
    """The amount does not fit a signed 64-bit integer at the scale."""


def units_of(text: str, scale: int) -> int:
    """Return the amount `text` in units of 10^-scale, exactly.

    Zeros beyond the scale are harmless: "1.500" is 15 at scale 1. Raises `NotADecimal`, `TooManyDecimals` or
    `OutOfRange`.
    """
    assert 0 <= scale <= MAX_SCALE, scale
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise NotADecimal(f"{text[:40]!r} is not a plain decimal such as 12.50")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if fraction[scale:].strip("0"):
        raise TooManyDecimals(f"{text} has more than {scale} decimals")
    units = int(sign + whole + fraction[:scale].ljust(scale, "0"))
    if not INT64_MIN <= units <= INT64_MAX:
        raise OutOfRange(f"{text} is too large")
    return units


def text_of(units: int, scale: int) -> str:
    """Write `units` of 10^-scale as text with exactly `scale` decimals, trailing zeros kept: (150, 2) is "1.50"."""
    assert 0 <= scale <= MAX_SCALE, scale
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
