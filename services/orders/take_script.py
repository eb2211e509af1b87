"""The script that takes tokens from the buckets in Redis.

1. What is asked for while an answer is on its way goes out together, with the next: a call of its own for each message
   costs more than all else that a gateway does with a small one.
2. A caller that goes away takes nothing from the others.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from services.orders.model.rates import Bucket

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
"""What `model.rates.take` does, from all buckets or from none, by Redis' own clock; answers the wait, then the time
until each is full, in microseconds."""


@dataclass(frozen=True, slots=True)
class _Asked:
    buckets: Sequence[Bucket]
    answer: asyncio.Future[list[bytes]]


class TakeScript:
    """Runs the script, for as many at a time as there are."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sha = redis.register_script(_TAKE).sha
        self._one_at_a_time = asyncio.Lock()
        self._asked: list[_Asked] = []

    async def __call__(self, buckets: Sequence[Bucket]) -> tuple[float, list[float]]:
        """Take what the buckets are to lose; return the wait, then the time until each is full, in microseconds.

        Raises RedisError.
        """
        asked = _Asked(buckets, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        try:
            async with self._one_at_a_time:
                if not asked.answer.done():
                    await asyncio.shield(self._ask())
            wait_us, *full_in_us = map(float, await asked.answer)
        finally:
            asked.answer.cancel()  # if nobody waits for it any more
        return wait_us, full_in_us

    async def _ask(self) -> None:
        asked = [each for each in self._asked if not each.answer.done()]
        self._asked = []
        try:
            answers = await self._answers(asked)
        except Exception as error:
            answers = [error] * len(asked)
        for each, answer in zip(asked, answers, strict=True):
            _settle(each.answer, answer)

    async def _answers(self, asked: Sequence[_Asked]) -> list[Any]:
        answers = await self._run(asked)
        forgotten = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if forgotten:
            await self._redis.script_load(_TAKE)
            again = await self._run([asked[place] for place in forgotten])
            for place, answer in zip(forgotten, again, strict=True):
                answers[place] = answer
        return answers

    async def _run(self, asked: Sequence[_Asked]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for each in asked:
            names = [name_of(bucket) for bucket in each.buckets]
            pipeline.evalsha(self._sha, len(names), *names, *_arguments(each.buckets))
        return list(await pipeline.execute(raise_on_error=False))


def name_of(bucket: Bucket) -> str:
    """Return the key under which a bucket is counted."""
    return f"rates:{bucket.subject}:{bucket.token.value}"


def _settle(future: asyncio.Future[list[bytes]], answer: list[bytes] | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _arguments(buckets: Sequence[Bucket]) -> list[float]:
    return [number for each in buckets for number in (each.cost, each.rate.interval_us, each.rate.burst)]
