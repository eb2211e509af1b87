"""How long to wait before the next attempt.

The demo is a client like any other and shares no runtime with the services; it also needs the delay as a number,
because it waits longer where the venue asks for that.
"""

from dataclasses import dataclass, field

from services.kernel.entropy import Entropy


@dataclass
class Backoff:
    """Delays that double from `first_s` to `ceiling_s`, each cut at random so that clients do not return together."""

    entropy: Entropy
    first_s: float = 2.0
    ceiling_s: float = 30.0
    _attempts: int = field(default=0, init=False)

    def next_delay_s(self) -> float:
        """Return the next delay, between half of the step and the step."""
        # The exponent is bounded too: a float overflows after a thousand failures.
        step_s = min(self.ceiling_s, self.first_s * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        return step_s * (1 + self.entropy.take(1)[0] / 255) / 2

    def reset(self) -> None:
        """Start again from the first delay."""
        self._attempts = 0
