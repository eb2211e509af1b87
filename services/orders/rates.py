"""Counts how often accounts and keys ask: in Redis for all gateways, each for its own share while Redis is lost."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.kernel.clock import Clock
from services.kernel.ids import AccountId, SessionId
from services.orders.model.rates import Bucket, Cost, RateLimits, Usage, buckets_of, take, usage_of

MAX_BUCKETS_IN_MEMORY = 60_000
LOOK_AGAIN = timedelta(seconds=1)
"""How often a lost Redis is asked whether it is back."""

_NS_PER_US = 1_000

_log = structlog.get_logger(__name__)

_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before, after, wait = {}, {}, 0
for i, key in ipairs(KEYS) do
  local cost, interval, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  before[i] = math.max(tonumber(redis.call('GET', key) or now), now)
  after[i] = before[i] + cost * interval
  if cost > 0 then wait = math.max(wait, after[i] - now - burst * interval) end
end
local answer = {tostring(wait)}
for i, key in ipairs(KEYS) do
  local full_at = wait > 0 and before[i] or after[i]
  if full_at > before[i] then
    redis.call('SET', key, string.format('%.3f', full_at), 'PX', math.ceil((full_at - now) / 1000))
  end
  answer[i + 1] = tostring(full_at - now)
end
return answer
"""
"""What `take` does, from all buckets or from none, by Redis' own clock; answers the wait, then the time until each is
full, in microseconds."""


class OwnShare:
    """The buckets of one gateway that cannot ask the others; those used last, a bounded number of them."""

    def __init__(self, clock: Clock, limits: RateLimits, gateways: int) -> None:
        self._clock = clock
        self._limits = RateLimits(
            {token: rate.share_of(gateways) for token, rate in limits.account.items()},
            {token: rate.share_of(gateways) for token, rate in limits.key.items()},
        )
        self._full_at_us: OrderedDict[str, float] = OrderedDict()

    async def take(self, account_id: AccountId, key: SessionId, cost: Cost) -> Usage:
        """Take what a request costs, or nothing; tell how the buckets stand."""
        buckets = buckets_of(account_id, key, cost, self._limits)
        names = [_name(each) for each in buckets]
        now_us = self._clock.monotonic_ns() / _NS_PER_US
        usage, full_at_us = take(buckets, [self._full_at_us.get(name, 0.0) for name in names], now_us)
        for name, at_us in zip(names, full_at_us, strict=True):
            self._full_at_us[name] = at_us
            self._full_at_us.move_to_end(name)
        while len(self._full_at_us) > MAX_BUCKETS_IN_MEMORY:
            self._full_at_us.popitem(last=False)
        return usage


class SharedRates:
    """The buckets of all gateways."""

    def __init__(
        self, redis: Redis, limits: RateLimits, own_share: OwnShare, *, clock: Clock, registry: CollectorRegistry
    ) -> None:
        self._take = redis.register_script(_TAKE)
        self._redis = redis
        self._limits = limits
        self._own_share = own_share
        self._clock = clock
        self._lost = False
        self._alone = Gauge("exchange_rates_alone", "1 while rates are counted without Redis.", registry=registry)

    async def take(self, account_id: AccountId, key: SessionId, cost: Cost) -> Usage:
        """Take what a request costs, or nothing; tell how the buckets stand."""
        if self._lost:
            return await self._own_share.take(account_id, key, cost)
        buckets = buckets_of(account_id, key, cost, self._limits)
        try:
            wait_us, *full_in_us = await self._take(keys=[_name(each) for each in buckets], args=_arguments(buckets))
        except RedisError as error:
            self._lose(error)
            return await self._own_share.take(account_id, key, cost)
        return usage_of(buckets, [float(each) for each in full_in_us], float(wait_us))

    async def watch(self) -> None:
        """Ask a lost Redis again and again, so that no request waits for one that is away; never returns."""
        while True:
            await self._clock.sleep(LOOK_AGAIN)
            if self._lost:
                await self._look()

    async def _look(self) -> None:
        try:
            await self._redis.ping()
        except RedisError:
            return
        self._lost = False
        self._alone.set(0)
        _log.info("rates_with_redis_again")

    def _lose(self, error: RedisError) -> None:
        self._lost = True
        self._alone.set(1)
        _log.warning("rates_without_redis", error=str(error))


def _name(bucket: Bucket) -> str:
    return f"rates:{bucket.subject}:{bucket.token.value}"


def _arguments(buckets: Sequence[Bucket]) -> list[float]:
    return [number for each in buckets for number in (each.cost, each.rate.interval_us, each.rate.burst)]
