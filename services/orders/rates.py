"""Counts how often accounts and keys ask: in Redis for all gateways, each for its own share while Redis is lost."""

from collections import OrderedDict
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.kernel.clock import Clock
from services.kernel.ids import AccountId, SessionId
from services.orders.model.rates import Cost, RateLimits, Usage, buckets_of, take, usage_of
from services.orders.take_script import TakeScript, name_of

MAX_BUCKETS_IN_MEMORY = 60_000
LOOK_AGAIN = timedelta(seconds=1)
"""How often a lost Redis is asked whether it is back."""

_NS_PER_US = 1_000

_log = structlog.get_logger(__name__)


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
        names = [name_of(each) for each in buckets]
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
        self._take = TakeScript(redis)
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
            wait_us, full_in_us = await self._take(buckets)
        except RedisError as error:
            self._lose(error)
            return await self._own_share.take(account_id, key, cost)
        return usage_of(buckets, full_in_us, wait_us)

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
