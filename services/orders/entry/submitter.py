"""Batches of commands on their way to the engine, as bytes: what comes within one turn of the loop travels together.

1. One stream, one writer, one reader: the engine answers in order, so every sender's batches are applied in its order.
2. A batch is in doubt from its submission to its answer. When the stream breaks, every batch in doubt is `Unavailable`;
   it may be sent again, because its ids keep it from acting twice.
3. Without a stream, and beyond MAX_PENDING commands, batches are refused at once: nothing queues behind a lost engine.
4. Only batches whose results say equally much travel together, and at most MAX_COMMANDS commands.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
import structlog

from exchange.engine.v1.engine_service_pb2 import SubmitRequest, SubmitResponse
from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from services.kernel.refusal import LimitExceeded, Refusal, RelayedRefusal, Unavailable
from services.orders._codec import split_results
from services.runtime.backoff import Backoff
from services.runtime.grpc_client import outgoing_metadata
from services.runtime.refusals import PeerFailed, name_of, refusal_of

SUBMIT = "/exchange.engine.v1.EngineService/Submit"
MAX_COMMANDS = 4_096
MAX_PENDING = 65_536
RETRY_AFTER_MS = 100

Results: TypeAlias = "asyncio.Future[bytes]"
if TYPE_CHECKING:
    Stream: TypeAlias = grpc.aio.StreamStreamCall[bytes, bytes]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    commands: bytes
    count: int
    mode: int
    results: Results


class BatchSubmitter:
    """The batches of one process on their way to the engine."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock, entropy: Entropy) -> None:
        self._open_stream: Any = channel.stream_stream(SUBMIT)
        self._backoff = Backoff(clock, entropy)
        self._open = False
        self._waiting: deque[_Waiting] = deque()
        self._sent: deque[list[_Waiting]] = deque()
        self._pending = 0
        self._wanted = asyncio.Event()

    def submit(self, commands: bytes, count: int, mode: int) -> Results:
        """Give a SubmitRequest without its mode; the future has the SubmitResponse's results, once they are durable.

        Raises `Unavailable` without an engine, `LimitExceeded` if too much is on its way. The future has `Unavailable`
        if the outcome is unknown, or the engine's refusal of the whole batch.
        """
        if not self._open:
            raise _lost()
        if self._pending + count > MAX_PENDING:
            raise LimitExceeded("The engine has as much to do as it may.", retry_after_ms=RETRY_AFTER_MS)
        results: Results = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(commands, count, mode, results))
        self._pending += count
        self._wanted.set()
        return results

    async def check(self) -> None:
        """Raise unless the stream is open."""
        if not self._open:
            raise _lost()

    async def run(self) -> None:
        """Keep a stream open for ever."""
        while True:
            try:
                await self._serve(self._open_stream(metadata=outgoing_metadata()))
            except* (Refusal, PeerFailed, grpc.aio.AioRpcError, EOFError) as broken:
                _log.warning("batch_submitter_waits", error=str(broken.exceptions[0]))
            finally:
                self._open = False
                self._give_up()
            await self._backoff.pause()

    async def _serve(self, stream: "Stream") -> None:
        """Write and read until the stream breaks."""
        try:
            await stream.wait_for_connection()
            self._open = True
            self._backoff.reset()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(stream))
                group.create_task(self._read(stream))
        finally:
            stream.cancel()

    async def _write(self, stream: "Stream") -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting:
                batch = self._next_batch()
                try:
                    await stream.write(batch)
                except asyncio.InvalidStateError as error:  # grpc.aio's word for a stream that broke meanwhile
                    raise EOFError("the engine's stream has ended") from error

    def _next_batch(self) -> bytes:
        """Take what may travel together. Messages put end to end are one message with the fields of all."""
        together = [self._waiting.popleft()]
        count, mode = together[0].count, together[0].mode
        while self._waiting and self._waiting[0].mode == mode and count + self._waiting[0].count <= MAX_COMMANDS:
            together.append(self._waiting.popleft())
            count += together[-1].count
        self._sent.append(together)
        return b"".join((*(each.commands for each in together), _MODES[mode]))

    async def _read(self, stream: "Stream") -> None:
        responses: AsyncIterator[bytes] = stream.__aiter__()
        try:
            async for response in responses:
                self._settle(self._sent.popleft(), response)
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) from error
        raise EOFError("the engine ended the stream")

    def _settle(self, together: list[_Waiting], response: bytes) -> None:
        self._pending -= sum(each.count for each in together)
        try:
            parts = split_results(response, [each.count for each in together])
        except ValueError:
            _fail(together, _refusal_in(response))
            return
        for each, part in zip(together, parts, strict=True):
            if not each.results.done():
                each.results.set_result(part)

    def _give_up(self) -> None:
        """Tell everyone in doubt that the outcome is unknown."""
        for together in self._sent:
            _fail(together, _lost())
        _fail(self._waiting, _lost())
        self._sent.clear()
        self._waiting.clear()
        self._pending = 0


_MODES = {mode: SubmitRequest(response_mode=mode).SerializeToString() for mode in (1, 2, 3)}  # type: ignore[arg-type]
"""The end of a SubmitRequest, which says how much its results say."""


def _refusal_in(response: bytes) -> Refusal:
    """Return why a whole batch was refused."""
    reason = SubmitResponse.FromString(response).reason
    return RelayedRefusal(name_of(reason), "The engine refused the batch that the commands came in; retry.")


def _fail(together: "deque[_Waiting] | list[_Waiting]", refusal: Refusal) -> None:
    for each in together:
        if not each.results.done():
            each.results.set_exception(refusal)


def _lost() -> Unavailable:
    return Unavailable("The engine does not answer; retry with the same ids.", retry_after_ms=RETRY_AFTER_MS)
