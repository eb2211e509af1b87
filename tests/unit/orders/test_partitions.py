"""Months of the history's tables."""

from datetime import UTC, datetime

from services.orders.partitions import months


def ns(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[arg-type,misc]


def test_months_lie_between_two_times_over_the_ends_of_years() -> None:
    assert list(months(ns(2026, 11, 30), ns(2027, 2, 1))) == [(2026, 11), (2026, 12), (2027, 1), (2027, 2)]


def test_the_last_nanosecond_of_a_month_is_its_own() -> None:
    assert list(months(ns(2027, 1, 1) - 1, ns(2027, 1, 1) - 1)) == [(2026, 12)]
    assert list(months(ns(2027, 1, 1), ns(2027, 1, 1))) == [(2027, 1)]
