"""Places for streams, so that no client keeps the others out. Unary calls end by themselves and need none."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.kernel.refusal import LimitExceeded

RETRY_AFTER_MS = 1_000


class StreamPlaces:
    """Counts the open streams of each client; what a client is, the caller decides."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, client: str) -> Iterator[None]:
        """Hold a place of the client; raises `LimitExceeded` if it has as many streams open as it may."""
        if self._taken[client] >= self._limit:
            raise LimitExceeded(
                f"This client has {self._limit} streams open, as many as it may: close some first.",
                metadata={"limit": str(self._limit)},
                retry_after_ms=RETRY_AFTER_MS,
            )
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]
