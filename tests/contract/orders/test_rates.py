"""What all counts of rates promise: those in Redis, one gateway's own, and those of a gateway that has lost Redis."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from services.kernel.clock import ManualClock
from services.kernel.ids import AccountId, SessionId
from services.kernel.refusal import RateLimited
from services.orders.model.rates import Cost, Rate, RateLimits, Token
from services.orders.ports import Rates
from services.orders.rates import OwnShare, SharedRates
from services.runtime import redis

ALICE, BOB = AccountId(1), AccountId(2)
DESK, LAPTOP = SessionId(UUID(int=1)), SessionId(UUID(int=2))
LIMITS = RateLimits(
    account={Token.ORDERS: Rate(1, 300), Token.CANCELS: Rate(1, 200), Token.MESSAGES: Rate(1, 500)},
    key={Token.ORDERS: Rate(1, 200), Token.CANCELS: Rate(1, 200), Token.MESSAGES: Rate(1, 400)},
)
"""A token a second: hundreds do not come back while a test runs."""


@pytest.fixture(params=["own share", "redis", "redis lost"])
async def rates(request: pytest.FixtureRequest) -> AsyncIterator[Rates]:
    if request.param == "own share":
        yield OwnShare(ManualClock(), LIMITS, gateways=1)
        return
    url = request.getfixturevalue("redis_url") if request.param == "redis" else "redis://127.0.0.1:1/0"
    async with redis.connect(url) as client:
        yield shared(client)


def shared(client: Redis) -> SharedRates:
    clock = ManualClock()
    return SharedRates(client, LIMITS, OwnShare(clock, LIMITS, gateways=1), clock=clock, registry=CollectorRegistry())


async def orders(rates: Rates, count: int, account_id: AccountId = ALICE, key: SessionId = DESK) -> None:
    (await rates.take(account_id, key, Cost(orders=count, messages=1))).require()


async def test_what_is_left_is_told(rates: Rates) -> None:
    usage = await rates.take(ALICE, DESK, Cost(orders=50, messages=1))
    assert usage.wait_us == 0
    level = usage.binding
    assert (level.bucket.subject, level.bucket.token, level.remaining) == (f"key {DESK}", Token.ORDERS, 150)
    assert 49_000_000 < level.full_in_us <= 50_000_000
    assert [usage.tightest(token).used for token in Token] == [50, 0, 1]


async def test_a_key_that_used_up_its_part_waits_as_long_as_is_told(rates: Rates) -> None:
    await orders(rates, 150)
    with pytest.raises(RateLimited, match="1 orders a second") as refused:
        await orders(rates, 100)
    assert [each.subject for each in refused.value.used_up] == [f"key {DESK}"]
    assert refused.value.retry_after_ms is not None
    assert 1_000 < refused.value.retry_after_ms <= 50_000


async def test_keys_share_what_the_account_may(rates: Rates) -> None:
    await orders(rates, 200, key=DESK)
    with pytest.raises(RateLimited) as refused:
        await orders(rates, 150, key=LAPTOP)
    assert [each.subject for each in refused.value.used_up] == [f"account {ALICE}"]
    await orders(rates, 200, account_id=BOB, key=LAPTOP)


async def test_what_is_refused_takes_nothing(rates: Rates) -> None:
    await orders(rates, 150)
    for _ in range(3):
        with pytest.raises(RateLimited):
            await orders(rates, 100)
    await orders(rates, 50)


async def test_cancels_have_tokens_of_their_own(rates: Rates) -> None:
    await orders(rates, 200)
    assert (await rates.take(ALICE, DESK, Cost(cancels=1))).wait_us == 0


async def test_a_batch_larger_than_the_burst_needs_a_full_bucket(rates: Rates) -> None:
    await orders(rates, 1_024)
    with pytest.raises(RateLimited):
        await orders(rates, 1_024)


async def test_tokens_come_back_at_the_rate() -> None:
    clock = ManualClock()
    own_share = OwnShare(clock, LIMITS, gateways=1)
    await orders(own_share, 200)
    clock.advance(timedelta(seconds=30))
    await orders(own_share, 30)
    with pytest.raises(RateLimited) as refused:
        await orders(own_share, 1)
    assert refused.value.retry_after_ms == 1_000


async def test_a_gateway_that_is_alone_lets_its_part_through() -> None:
    own_share = OwnShare(ManualClock(), LIMITS, gateways=4)
    await orders(own_share, 50)
    with pytest.raises(RateLimited):
        await orders(own_share, 1)


async def test_gateways_count_together_in_redis(redis_url: str) -> None:
    async with redis.connect(redis_url) as one, redis.connect(redis_url) as other:
        here, there = (
            SharedRates(
                client, LIMITS, OwnShare(ManualClock(), LIMITS, 2), clock=ManualClock(), registry=CollectorRegistry()
            )
            for client in (one, other)
        )
        await orders(here, 150)
        with pytest.raises(RateLimited):
            await orders(there, 100)
        await orders(there, 50)


async def test_nothing_is_left_in_redis_of_those_who_are_quiet(redis_url: str) -> None:
    async with redis.connect(redis_url) as client:
        await orders(shared(client), 20)
        names = await client.keys("rates:*")
        assert len(names) == 4  # cancels were never touched
        assert all([0 < await client.pttl(name) <= 20_000 for name in names])


async def test_those_who_ask_at_once_are_each_counted(rates: Rates) -> None:
    usages = await asyncio.gather(*(rates.take(ALICE, DESK, Cost(orders=1, messages=1)) for _ in range(250)))
    assert sum(usage.wait_us == 0 for usage in usages) == 200


async def test_a_redis_that_has_forgotten_the_script_is_told_it_again(redis_url: str) -> None:
    async with redis.connect(redis_url) as client:
        rates = shared(client)
        for _ in range(2):
            await orders(rates, 10)
            await client.script_flush()
        usage = await rates.take(ALICE, DESK, Cost(messages=1))
        assert usage.tightest(Token.ORDERS).used == 20


async def test_who_goes_away_takes_nothing_from_those_who_asked_at_the_same_time(redis_url: str) -> None:
    async with redis.connect(redis_url) as client:
        rates = shared(client)
        gone, *others = [asyncio.ensure_future(orders(rates, 10)) for _ in range(4)]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(*others)
        assert (await rates.take(ALICE, DESK, Cost(messages=1))).tightest(Token.ORDERS).used >= 30
