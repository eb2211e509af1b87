"""Identifiers: RFC 9562's layout, order in time, repeatable where they should be."""

from datetime import timedelta

from services.kernel.clock import ManualClock, SystemClock
from services.kernel.entropy import SeededEntropy, SystemEntropy
from services.kernel.ids import Uuid7Ids


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    made = Uuid7Ids(ManualClock(start_ns=0x017F22E279B0 * 1_000_000), SeededEntropy(1)).new()
    assert (made.version, made.variant, made.int >> 80) == (7, "specified in RFC 4122", 0x017F22E279B0)


def test_ids_sort_by_the_time_of_their_making() -> None:
    clock = ManualClock()
    ids = Uuid7Ids(clock, SeededEntropy(1))
    made = []
    for _ in range(1_000):
        made.append(ids.new())
        clock.advance(timedelta(microseconds=1))
    assert made == sorted(made)


def test_the_same_seed_makes_the_same_ids() -> None:
    one, other = (Uuid7Ids(ManualClock(), SeededEntropy(7)) for _ in range(2))
    assert [one.new() for _ in range(9)] == [other.new() for _ in range(9)]


def test_ids_of_one_moment_differ() -> None:
    ids = Uuid7Ids(ManualClock(), SystemEntropy())
    assert len({ids.new() for _ in range(10_000)}) == 10_000


def test_ids_of_the_system_are_of_now() -> None:
    clock = SystemClock()
    made = Uuid7Ids(clock, SystemEntropy()).new()
    assert abs((made.int >> 80) - clock.now_ns() // 1_000_000) < 60_000
