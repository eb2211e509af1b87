"""Randomness as a port: the domain asks an `Entropy`, never the operating system."""

import random
import secrets
from typing import Protocol


class Entropy(Protocol):
    """Gives random bytes."""

    def take(self, count: int) -> bytes:
        """Return `count` random bytes."""
        ...


class SystemEntropy:
    """Unpredictable bytes, fit for secrets."""

    def take(self, count: int) -> bytes:
        """Return `count` random bytes."""
        return secrets.token_bytes(count)


class SeededEntropy:
    """The same bytes for the same seed; for tests and simulations only."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def take(self, count: int) -> bytes:
        """Return `count` bytes of the seeded sequence."""
        return self._random.randbytes(count)
