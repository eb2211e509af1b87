"""Engine time follows the wall clock until it steps."""

from datetime import timedelta

import pytest

from services.engine.errors import ClockStepped
from services.engine.usecases.tell_time import EngineTime
from services.kernel.clock import ManualClock


def test_it_is_the_wall_clock() -> None:
    clock = ManualClock()
    time = EngineTime(clock, not_before_ns=0)
    clock.advance(timedelta(days=100))
    assert time.now_ns() == clock.now_ns()


@pytest.mark.parametrize("step", [timedelta(seconds=5), timedelta(seconds=-5)])
def test_small_corrections_pass(step: timedelta) -> None:
    clock = ManualClock()
    time = EngineTime(clock, not_before_ns=0)
    clock.step(step)
    assert time.now_ns() == clock.now_ns()


@pytest.mark.parametrize("step", [timedelta(seconds=5.001), timedelta(seconds=-5.001), timedelta(days=365)])
def test_a_step_stops_it_for_good(step: timedelta) -> None:
    clock = ManualClock()
    time = EngineTime(clock, not_before_ns=0)
    clock.step(step)
    with pytest.raises(ClockStepped):
        time.now_ns()
    clock.step(-step)
    with pytest.raises(ClockStepped):
        time.now_ns()


def test_it_does_not_start_before_the_last_command() -> None:
    clock = ManualClock()
    time = EngineTime(clock, not_before_ns=clock.now_ns() + 5_000_000_001)
    with pytest.raises(ClockStepped):
        time.now_ns()
