"""Batches of commands on their way to the engine, as bytes: what comes within one turn of the loop travels together.

1. Without a stream, and beyond MAX_PENDING commands, batches are refused at once: nothing queues behind a lost engine.
2. Only batches whose results say equally much travel together, and at most MAX_COMMANDS commands.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from exchange.engine.v1.engine_service_pb2 import SubmitRequest, SubmitResponse
from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from services.kernel.refusal import LimitExceeded, Refusal, RelayedRefusal
from services.orders._codec import split_results
from services.runtime.backoff import Backoff
from services.runtime.grpc_client import outgoing_metadata
from services.runtime.refusals import name_of
from services.runtime.submit_stream import RETRY_AFTER_MS, SubmitStream, fail, lost

SUBMIT = "/exchange.engine.v1.EngineService/Submit"
MAX_COMMANDS = 4_096
MAX_PENDING = 65_536

Results: TypeAlias = "asyncio.Future[tuple[bytes, tuple[int, int, int]]]"
"""The results of a batch as a SubmitResponse holds them, and the turn in the engine that its commands had."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    commands: bytes
    count: int
    mode: int
    results: Results


class BatchSubmitter:
    """The batches of one process on their way to the engine."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock, entropy: Entropy) -> None:
        open_stream: Any = channel.stream_stream(SUBMIT)
        self._queue = _Batches()
        self._stream: SubmitStream[bytes, bytes] = SubmitStream(
            lambda: open_stream(metadata=outgoing_metadata()), self._queue, Backoff(clock, entropy)
        )

    def submit(self, commands: bytes, count: int, mode: int) -> Results:
        """Give a SubmitRequest without its mode; the future has the results, once they are durable.

        Raises `Unavailable` without an engine, `LimitExceeded` if too much is on its way. The future has `Unavailable`
        if the outcome is unknown, or the engine's refusal of the whole batch.
        """
        self._stream.require()
        results = self._queue.add(commands, count, mode)
        self._stream.wake()
        return results

    async def check(self) -> None:
        """Raise unless the stream is open."""
        self._stream.require()

    async def run(self) -> None:
        """Keep a stream open for ever."""
        await self._stream.run()


class _Batches:
    """The queue of batches."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._sent: deque[list[_Waiting]] = deque()
        self._pending = 0

    def add(self, commands: bytes, count: int, mode: int) -> Results:
        if self._pending + count > MAX_PENDING:
            raise LimitExceeded("The engine has as much to do as it may.", retry_after_ms=RETRY_AFTER_MS)
        results: Results = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(commands, count, mode, results))
        self._pending += count
        return results

    def next_batch(self) -> bytes | None:
        """Take what may travel together. Messages put end to end are one message with the fields of all."""
        if not self._waiting:
            return None
        together = [self._waiting.popleft()]
        count, mode = together[0].count, together[0].mode
        while self._waiting and self._waiting[0].mode == mode and count + self._waiting[0].count <= MAX_COMMANDS:
            together.append(self._waiting.popleft())
            count += together[-1].count
        self._sent.append(together)
        return b"".join((*(each.commands for each in together), _MODES[mode]))

    def settle(self, response: bytes) -> None:
        together = self._sent.popleft()
        self._pending -= sum(each.count for each in together)
        try:
            parts, turn = split_results(response, [each.count for each in together])
        except ValueError:
            fail((each.results for each in together), _refusal_in(response))
            return
        for each, part in zip(together, parts, strict=True):
            if not each.results.done():
                each.results.set_result((part, turn))

    def give_up(self) -> None:
        for together in (*self._sent, self._waiting):
            fail((each.results for each in together), lost())
        self._sent.clear()
        self._waiting.clear()
        self._pending = 0


_MODES = {mode: SubmitRequest(response_mode=mode).SerializeToString() for mode in (1, 2, 3)}  # type: ignore[arg-type]
"""The end of a SubmitRequest, which says how much its results say."""


def _refusal_in(response: bytes) -> Refusal:
    """Return why a whole batch was refused."""
    reason = SubmitResponse.FromString(response).reason
    return RelayedRefusal(name_of(reason), "The engine refused the batch that the commands came in; retry.")
