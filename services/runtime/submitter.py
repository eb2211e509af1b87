"""Commands to the engine: all that is submitted within one turn of the event loop travels as one batch.

1. Without a stream, and beyond MAX_PENDING, commands are refused at once: nothing queues behind a lost engine.
2. A caller that stops waiting does not take its command back.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from exchange.engine.v1.command_pb2 import Command, CommandResult
from exchange.engine.v1.engine_service_pb2 import BatchTimes, SubmitRequest, SubmitResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from services.kernel.refusal import LimitExceeded, RelayedRefusal
from services.runtime.backoff import Backoff
from services.runtime.grpc_client import outgoing_metadata
from services.runtime.refusals import name_of
from services.runtime.submit_stream import RETRY_AFTER_MS, SubmitStream, fail, lost

MAX_BATCH = 4_096
MAX_PENDING = 16_384


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a command, and when its batch had its turn in the engine."""

    result: CommandResult
    times: BatchTimes


Answer: TypeAlias = "asyncio.Future[Submitted]"


class Submitter:
    """The commands of one process on their way to the engine."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock, entropy: Entropy) -> None:
        stub = EngineServiceStub(channel)
        self._queue = _Commands()
        self._stream = SubmitStream(
            lambda: stub.Submit(metadata=outgoing_metadata()), self._queue, Backoff(clock, entropy)
        )

    async def submit(self, command: Command) -> CommandResult:
        """Give a command and wait for its durable result, whatever its reason.

        Raises `Unavailable` if the engine is lost or the outcome unknown, `LimitExceeded` if too much is on its way,
        and the engine's refusal of a whole batch.
        """
        return (await self.submit_timed(command)).result

    async def submit_timed(self, command: Command) -> Submitted:
        """Do the same, and tell when the command's batch had its turn."""
        self._stream.require()
        answer = self._queue.add(command)
        self._stream.wake()
        return await answer

    async def ready(self) -> None:
        """Wait until the stream is open."""
        await self._stream.ready()

    async def check(self) -> None:
        """Raise unless the stream is open."""
        self._stream.require()

    async def run(self) -> None:
        """Keep a stream open for ever."""
        await self._stream.run()


class _Commands:
    """The queue of single commands."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Command, Answer]] = deque()
        self._sent: deque[list[Answer]] = deque()
        self._in_doubt = 0

    def add(self, command: Command) -> Answer:
        if self._in_doubt >= MAX_PENDING:
            raise LimitExceeded("The engine has as much to do as it may.", retry_after_ms=RETRY_AFTER_MS)
        answer: Answer = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        self._in_doubt += 1
        return answer

    def next_batch(self) -> SubmitRequest | None:
        if not self._waiting:
            return None
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        self._sent.append([answer for _, answer in batch])
        return SubmitRequest(commands=[command for command, _ in batch])

    def settle(self, response: SubmitResponse) -> None:
        answers = self._sent.popleft()
        self._in_doubt -= len(answers)
        if response.reason:
            refusal = RelayedRefusal(name_of(response.reason), "The engine refused the batch that the command came in.")
            fail(answers, refusal)
            return
        for answer, result in zip(answers, response.results, strict=True):
            if not answer.done():
                answer.set_result(Submitted(result, response.times))

    def give_up(self) -> None:
        for answers in self._sent:
            fail(answers, lost())
        fail([answer for _, answer in self._waiting], lost())
        self._sent.clear()
        self._waiting.clear()
        self._in_doubt = 0
