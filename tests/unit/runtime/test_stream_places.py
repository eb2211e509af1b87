"""Places for streams are counted for each client alone, and given back."""

import pytest

from services.kernel.refusal import LimitExceeded
from services.runtime.stream_places import StreamPlaces


def test_a_place_is_given_back_however_the_stream_ends() -> None:
    places = StreamPlaces(1)
    for _ in range(3):
        with pytest.raises(RuntimeError), places.one("ada"):
            raise RuntimeError
    with (
        places.one("ada"),
        places.one("bob"),
        pytest.raises(LimitExceeded, match="close some first"),
        places.one("ada"),
    ):
        raise AssertionError
    with places.one("ada"):
        pass
