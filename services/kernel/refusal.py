"""Refusals as types: why a request is turned away, in a form that both code and callers can act on.

1. A subclass states its `reason`: the name of a value of the contract's enum `Reason`, without the prefix. The gRPC
   code and the retry advice stand there, once.
2. The message tells the caller, in one sentence, what to do; it never quotes secrets or internals.
3. A refusal changes no state. What fails in a way nobody planned is an ordinary exception, never a refusal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


class Refusal(Exception):  # noqa: N818 - the trade's word
    """A request is turned away: a sentence for the caller, facts beside it, and how long to wait before a retry."""

    reason: str = ""
    """Name of the contract's Reason, e.g. "ORDER_NOT_FOUND"."""

    def __init__(
        self,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        assert self.reason, f"{type(self).__name__} states no reason"
        super().__init__(message)
        self.message = message
        self.metadata: Mapping[str, str] = MappingProxyType(dict(metadata or {}))
        self.retry_after_ms = retry_after_ms


class RelayedRefusal(Refusal):
    """A refusal that another part of the exchange gave, passed on with the reason that it named."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        self.reason = reason
        super().__init__(message, metadata=metadata, retry_after_ms=retry_after_ms)


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field, by its path such as `order.price`, and the rule it breaks."""

    field: str
    description: str


class InvalidField(Refusal):
    """Fields break the rules of the contract; at least one is named, and the first makes the message."""

    reason = "INVALID_FIELD"

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        assert violations
        self.violations = tuple(violations)
        first = self.violations[0]
        super().__init__(f"{first.field}: {first.description}" if first.field else first.description)


class Unavailable(Refusal):
    """A part that is needed does not answer; the same request, with the same ids, may be sent again."""

    reason = "UNAVAILABLE"


class LimitExceeded(Refusal):
    """More was asked for than one request, stream or queue may hold."""

    reason = "LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Whose allowance is used up, such as "account 7", and of what."""

    subject: str
    description: str


class RateLimited(Refusal):
    """Someone asks too often; after `retry_after_ms` the same request, with the same ids, may be sent again."""

    reason = "RATE_LIMITED"

    def __init__(self, used_up: Sequence[UsedUp], retry_after_ms: int) -> None:
        assert used_up
        assert retry_after_ms > 0
        self.used_up = tuple(used_up)
        what = "; ".join(f"{each.subject}: {each.description}" for each in used_up)
        super().__init__(
            f"Too many requests ({what}); send the same again in {retry_after_ms} ms.", retry_after_ms=retry_after_ms
        )


class UnknownInstrument(Refusal):
    """No instrument has this symbol."""

    reason = "UNKNOWN_INSTRUMENT"

    def __init__(self, symbol: str) -> None:
        super().__init__(
            f"There is no instrument {symbol}; ListInstruments shows those that exist.", metadata={"instrument": symbol}
        )
