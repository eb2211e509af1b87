"""The deadline that a call brings: none, a near one, a far one, one that has passed."""

from typing import Any, cast

import pytest

from services.runtime.incoming import UNARY_LIMIT, deadline_of, loop_time


class Remaining:
    """A call with so many seconds left."""

    def __init__(self, left: float | None) -> None:
        self._left = left

    def time_remaining(self) -> float | None:
        return self._left


@pytest.mark.parametrize(
    ("left", "given"),
    [(None, UNARY_LIMIT.total_seconds()), (3600.0, UNARY_LIMIT.total_seconds()), (0.5, 0.5), (0.0, 0.0)],
)
async def test_a_unary_call_has_at_most_the_limit_and_never_more_than_it_brings(
    left: float | None, given: float
) -> None:
    deadline = deadline_of(cast("Any", Remaining(left)), streaming=False)
    assert deadline is not None
    assert deadline - loop_time() == pytest.approx(given, abs=0.1)


async def test_a_stream_without_a_deadline_has_none() -> None:
    assert deadline_of(cast("Any", Remaining(None)), streaming=True) is None
