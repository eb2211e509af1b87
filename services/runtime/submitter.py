"""Commands to the engine: all that is submitted within one turn of the event loop travels as one batch.

1. One stream, one writer, one reader: batches are answered in order, and so are the commands of a batch.
2. A command is in doubt from its submission to its answer. When the stream breaks, every command in doubt is
   `Unavailable`; the same command may be sent again, because its id keeps it from acting twice.
3. Without a stream, and beyond MAX_PENDING, commands are refused at once: nothing queues behind a lost engine.
4. A caller that stops waiting does not take its command back.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

import grpc
import structlog

from exchange.engine.v1.command_pb2 import Command, CommandResult
from exchange.engine.v1.engine_service_pb2 import BatchTimes, SubmitRequest, SubmitResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from services.kernel.refusal import LimitExceeded, Refusal, RelayedRefusal, Unavailable
from services.runtime.backoff import Backoff
from services.runtime.grpc_client import outgoing_metadata
from services.runtime.refusals import PeerFailed, name_of, refusal_of

MAX_BATCH = 4_096
MAX_PENDING = 16_384
RETRY_AFTER_MS = 100


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a command, and when its batch had its turn in the engine."""

    result: CommandResult
    times: BatchTimes


Answer: TypeAlias = "asyncio.Future[Submitted]"
Stream: TypeAlias = "grpc.aio.StreamStreamCall[SubmitRequest, SubmitResponse]"

_log = structlog.get_logger(__name__)


class Submitter:
    """The commands of one process on their way to the engine."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock, entropy: Entropy) -> None:
        self._stub = EngineServiceStub(channel)
        self._backoff = Backoff(clock, entropy)
        self._open = asyncio.Event()
        self._waiting: deque[tuple[Command, Answer]] = deque()
        self._sent: deque[list[Answer]] = deque()
        self._in_doubt = 0
        self._wanted = asyncio.Event()

    async def submit(self, command: Command) -> CommandResult:
        """Give a command and wait for its durable result, whatever its reason.

        Raises `Unavailable` if the engine is lost or the outcome unknown, `LimitExceeded` if too much is on its way,
        and the engine's refusal of a whole batch.
        """
        return (await self.submit_timed(command)).result

    async def submit_timed(self, command: Command) -> "Submitted":
        """Do the same, and tell when the command's batch had its turn."""
        if not self._open.is_set():
            raise _lost()
        if self._in_doubt >= MAX_PENDING:
            raise LimitExceeded("The engine has as much to do as it may.", retry_after_ms=RETRY_AFTER_MS)
        answer: Answer = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        self._in_doubt += 1
        self._wanted.set()
        return await answer

    async def ready(self) -> None:
        """Wait until the stream is open."""
        await self._open.wait()

    async def check(self) -> None:
        """Raise unless the stream is open."""
        if not self._open.is_set():
            raise _lost()

    async def run(self) -> None:
        """Keep a stream open for ever."""
        while True:
            try:
                await self._serve(self._stub.Submit(metadata=outgoing_metadata()))
            except* (Refusal, PeerFailed, grpc.aio.AioRpcError, EOFError) as broken:
                _log.warning("submitter_waits", error=str(broken.exceptions[0]))
            finally:
                self._open.clear()
                self._give_up()
            await self._backoff.pause()

    async def _serve(self, stream: Stream) -> None:
        """Write and read until the stream breaks."""
        try:
            await stream.wait_for_connection()
            self._open.set()
            self._backoff.reset()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(stream))
                group.create_task(self._read(stream))
        finally:
            stream.cancel()

    async def _write(self, stream: Stream) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting:
                batch = self._next_batch()
                try:
                    await stream.write(batch)
                except asyncio.InvalidStateError as error:  # grpc.aio's word for a stream that broke meanwhile
                    raise EOFError("the engine's stream has ended") from error

    def _next_batch(self) -> SubmitRequest:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        self._sent.append([answer for _, answer in batch])
        return SubmitRequest(commands=[command for command, _ in batch])

    async def _read(self, stream: Stream) -> None:
        try:
            async for response in stream:
                self._settle(self._sent.popleft(), response)
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) from error
        raise EOFError("the engine ended the stream")

    def _settle(self, answers: list[Answer], response: SubmitResponse) -> None:
        self._in_doubt -= len(answers)
        if response.reason:
            refusal = RelayedRefusal(name_of(response.reason), "The engine refused the batch that the command came in.")
            _fail(answers, refusal)
            return
        for answer, result in zip(answers, response.results, strict=True):
            if not answer.done():
                answer.set_result(Submitted(result, response.times))

    def _give_up(self) -> None:
        """Tell everyone in doubt that the outcome is unknown."""
        for answers in self._sent:
            _fail(answers, _lost())
        _fail([answer for _, answer in self._waiting], _lost())
        self._sent.clear()
        self._waiting.clear()
        self._in_doubt = 0


def _fail(answers: list[Answer], refusal: Refusal) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(refusal)


def _lost() -> Unavailable:
    return Unavailable("The engine does not answer; retry with the same ids.", retry_after_ms=RETRY_AFTER_MS)
