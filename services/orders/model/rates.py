"""How often one may ask: what a request takes, what there is, and what is left of it.

A bucket holds at most its burst and fills at its rate. It is kept as one moment, that at which it will be full again
(the generic cell rate algorithm), so a bucket that nobody uses needs no upkeep and no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil

from services.kernel.ids import AccountId, SessionId
from services.kernel.refusal import RateLimited, UsedUp

_US_PER_S = 1_000_000
_US_PER_MS = 1_000


class Token(Enum):
    """What requests are counted in."""

    ORDERS = "orders"
    """Orders entered or amended, each item of a batch."""
    CANCELS = "cancels"
    """Requests that take orders out; they need nothing else, so that nobody is kept from leaving the market."""
    MESSAGES = "messages"
    """All other requests, whatever they carry."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens a second, and the most that are saved up."""

    per_s: int
    burst: int

    def __post_init__(self) -> None:
        """Check what comes from settings."""
        if self.per_s < 1 or self.burst < 1:
            raise ValueError(f"a rate of {self.per_s} a second and a burst of {self.burst} let nothing through")

    def share_of(self, parts: int) -> "Rate":
        """Return what each of so many has who cannot ask the others; at least one token."""
        return Rate(max(self.per_s // parts, 1), max(self.burst // parts, 1))

    @property
    def interval_us(self) -> float:
        """Microseconds in which a token comes."""
        return _US_PER_S / self.per_s


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes of each kind."""

    orders: int = 0
    cancels: int = 0
    messages: int = 0

    def of(self, token: Token) -> int:
        """Return how many of one kind."""
        return {Token.ORDERS: self.orders, Token.CANCELS: self.cancels, Token.MESSAGES: self.messages}[token]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Rates of an account over all its keys, and of each key; a key is what a token's session was opened with."""

    account: dict[Token, Rate]
    key: dict[Token, Rate]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a request takes tokens, and how many: `cost` is at most the burst, so a full bucket always suffices."""

    subject: str
    token: Token
    rate: Rate
    cost: int


@dataclass(frozen=True, slots=True)
class Level:
    """What is left in a bucket, and when it will be full again."""

    bucket: Bucket
    remaining: int
    full_in_us: float

    @property
    def used(self) -> int:
        """Tokens of the burst that are not there."""
        return self.bucket.rate.burst - self.remaining


@dataclass(frozen=True, slots=True)
class Usage:
    """How the buckets stand. Nothing was taken if there is anything to wait for."""

    levels: Sequence[Level]
    wait_us: float

    @property
    def binding(self) -> Level:
        """The bucket that the request takes from and that has least left."""
        taken = [level for level in self.levels if level.bucket.cost]
        return min(taken, key=lambda level: level.remaining)

    def tightest(self, token: Token) -> Level:
        """Return the bucket of a kind that has least left."""
        return min((each for each in self.levels if each.bucket.token is token), key=lambda level: level.remaining)

    def require(self) -> None:
        """Raise `RateLimited` if there is something to wait for."""
        if self.wait_us <= 0:
            return
        short = [level.bucket for level in self.levels if level.bucket.cost > level.remaining] or [self.binding.bucket]
        raise RateLimited(
            [UsedUp(each.subject, f"{each.rate.per_s} {each.token.value} a second") for each in short],
            retry_after_ms=ceil(self.wait_us / _US_PER_MS),
        )


def buckets_of(account_id: AccountId, key: SessionId, cost: Cost, limits: RateLimits) -> list[Bucket]:
    """Return all buckets of a caller, in a fixed order."""
    holders = ((f"account {account_id}", limits.account), (f"key {key}", limits.key))
    return [
        Bucket(subject, token, rate, min(cost.of(token), rate.burst))
        for subject, rates in holders
        for token, rate in rates.items()
    ]


def take(buckets: Sequence[Bucket], full_at_us: Sequence[float], now_us: float) -> tuple[Usage, list[float]]:
    """Return how the buckets stand after the request, and when each is full; before it, if one has too little.

    `full_at_us` is when each bucket would be full, any time in the past if it is.
    """
    before = [max(at, now_us) for at in full_at_us]
    after = [at + each.cost * each.rate.interval_us for at, each in zip(before, buckets, strict=True)]
    waits = [
        at - now_us - each.rate.burst * each.rate.interval_us
        for at, each in zip(after, buckets, strict=True)
        if each.cost
    ]
    wait_us = max([0.0, *waits])
    stands = before if wait_us > 0 else after
    return usage_of(buckets, [at - now_us for at in stands], wait_us), stands


def usage_of(buckets: Sequence[Bucket], full_in_us: Sequence[float], wait_us: float) -> Usage:
    """Tell how buckets stand by the time in which each will be full."""
    return Usage([_level(each, time_us) for each, time_us in zip(buckets, full_in_us, strict=True)], wait_us)


def _level(bucket: Bucket, full_in_us: float) -> Level:
    missing = ceil(full_in_us / bucket.rate.interval_us - _ROUNDING)
    return Level(bucket, max(bucket.rate.burst - missing, 0), full_in_us)


_ROUNDING = 0.01
"""A part of a token that moments in floating point may be off by."""
