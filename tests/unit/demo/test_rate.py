"""The bound on commands, and the waits between attempts, on a clock that the test moves."""

from services.kernel.entropy import SystemEntropy
from stack.demo.backoff import Backoff
from stack.demo.rate import TokenBucket


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_passes_at_once_and_the_rest_in_turn() -> None:
    bucket = TokenBucket(per_second=4.0, burst=2, clock=Clock())
    assert [bucket.reserve_s() for _ in range(5)] == [0.0, 0.0, 0.25, 0.5, 0.75]


def test_tokens_return_with_time_up_to_the_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(per_second=4.0, burst=2, clock=clock)
    for _ in range(2):
        bucket.reserve_s()
    clock.now_s += 1_000
    assert [bucket.reserve_s() for _ in range(3)] == [0.0, 0.0, 0.25]


def test_no_second_sees_more_than_the_rate_and_the_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(per_second=45.0, burst=10, clock=clock)
    sent_at_s = []
    for _ in range(2_000):
        clock.now_s += bucket.reserve_s()
        sent_at_s.append(clock.now_s)
    busiest = max(sum(start <= at_s < start + 1 for at_s in sent_at_s) for start in sent_at_s)
    assert busiest <= 45 + 10


def test_delays_double_to_a_bound_and_start_again() -> None:
    backoff = Backoff(SystemEntropy(), first_s=1.0, ceiling_s=8.0)
    steps = [1.0, 2.0, 4.0, 8.0, 8.0]
    assert all(step / 2 <= backoff.next_delay_s() <= step for step in steps)
    for _ in range(2_000):
        assert backoff.next_delay_s() <= 8.0
    backoff.reset()
    assert backoff.next_delay_s() <= 1.0
