"""Argon2id, off the event loop.

1. At most MAX_CONCURRENT hashes run at once, each in a thread of its own pool and with the memory that the settings
   name; at most MAX_WAITING callers wait for a turn, beyond that they are refused at once.
2. An unknown user costs the same time as a wrong password: the password is checked against a hash that no password has.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import argon2
from argon2.exceptions import VerificationError

from services.auth.passwords import canonical
from services.kernel.entropy import Entropy
from services.kernel.refusal import LimitExceeded

MAX_CONCURRENT = 2
MAX_WAITING = 64
RETRY_AFTER_MS = 1_000
SALT_BYTES = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HashCost:
    """What one hash costs; the defaults are the second choice that RFC 9106 recommends."""

    passes: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


class Argon2Hasher:
    """Hashes and verifies with one set of costs; hashes made with others stay valid, since each names its own."""

    def __init__(self, pool: ThreadPoolExecutor, entropy: Entropy, cost: HashCost) -> None:
        self._pool = pool
        self._entropy = entropy
        self._argon2 = argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        self._nobodys_hash = self._argon2.hash(entropy.take(32), salt=entropy.take(SALT_BYTES))
        self._turns = asyncio.Semaphore(MAX_CONCURRENT)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return a salted hash in PHC format; raises `LimitExceeded`."""
        salt = self._entropy.take(SALT_BYTES)
        return await self._in_turn(lambda: self._argon2.hash(canonical(password), salt=salt))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password made the hash; raises `LimitExceeded`."""
        return await self._in_turn(lambda: self._matches(password_hash, password))

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            self._argon2.verify(password_hash or self._nobodys_hash, canonical(password))
        except VerificationError:
            return False
        return password_hash is not None

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise LimitExceeded("Too many logins at this moment; try again.", retry_after_ms=RETRY_AFTER_MS)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


@asynccontextmanager
async def hashing_pool() -> AsyncIterator[ThreadPoolExecutor]:
    """Open the threads that hash."""
    with ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="argon2") as pool:
        yield pool
