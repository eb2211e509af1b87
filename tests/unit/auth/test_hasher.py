"""Argon2id off the loop: what is stored, and how many may wait."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth.hasher import MAX_CONCURRENT, MAX_WAITING, Argon2Hasher, HashCost, hashing_pool
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import LimitExceeded
from tests.unit.auth.world import CHEAP


@pytest.fixture
async def pool() -> AsyncIterator[ThreadPoolExecutor]:
    async with hashing_pool() as pool:
        yield pool


def hasher(pool: ThreadPoolExecutor, cost: HashCost = CHEAP) -> Argon2Hasher:
    return Argon2Hasher(pool, SystemEntropy(), cost)


async def test_a_password_matches_its_own_hash_only(pool: ThreadPoolExecutor) -> None:
    argon2 = hasher(pool)
    stored = await argon2.hash("battery horse staple")
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert stored != await argon2.hash("battery horse staple")
    assert await argon2.verify(stored, "battery horse staple")
    assert not await argon2.verify(stored, "battery horse stapler")


async def test_nobody_has_no_password(pool: ThreadPoolExecutor) -> None:
    assert not await hasher(pool).verify(None, "")


async def test_hashes_of_other_costs_stay_valid(pool: ThreadPoolExecutor) -> None:
    stored = await hasher(pool, HashCost(passes=2, memory_kib=16, lanes=1)).hash("battery horse staple")
    assert await hasher(pool).verify(stored, "battery horse staple")


async def test_beyond_the_queue_callers_are_refused_at_once(pool: ThreadPoolExecutor) -> None:
    argon2 = hasher(pool)
    gate = threading.Event()
    for _ in range(MAX_CONCURRENT):
        pool.submit(gate.wait)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(argon2.verify(None, "guess")) for _ in range(MAX_WAITING)]
        refused = group.create_task(_refused(argon2))
        await refused
        gate.set()
    assert not any(task.result() for task in waiting)


async def _refused(argon2: Argon2Hasher) -> None:
    with pytest.raises(LimitExceeded):
        await argon2.verify(None, "guess")
