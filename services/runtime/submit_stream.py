"""A stream of batches to the engine that is opened again whenever it breaks.

1. One stream, one writer, one reader: the engine answers in order, so every sender's commands are applied in its order.
2. A command is in doubt from its submission to its answer. When the stream breaks, all that is in doubt is given up:
   its sender is told that the outcome is unknown, and may send it again, because its id keeps it from acting twice.
3. What waits and what is in doubt is the queue's, which the stream asks for batches and gives the responses to.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

import grpc
import structlog

from services.kernel.refusal import Refusal, Unavailable
from services.runtime.backoff import Backoff
from services.runtime.refusals import PeerFailed, refusal_of

RETRY_AFTER_MS = 100

Request = TypeVar("Request")
Response = TypeVar("Response")
Answer = TypeVar("Answer")
Given_co = TypeVar("Given_co", covariant=True)
Taken_contra = TypeVar("Taken_contra", contravariant=True)
if TYPE_CHECKING:  # generic in the stubs, a plain class when it runs
    Stream: TypeAlias = grpc.aio.StreamStreamCall[Request, Response]

_log = structlog.get_logger(__name__)


class Queue(Protocol[Given_co, Taken_contra]):
    """What is to be sent, and what was sent and is not answered."""

    def next_batch(self) -> Given_co | None:
        """Return what travels next, which is in doubt from then on; None if nothing waits."""
        ...

    def settle(self, response: Taken_contra) -> None:
        """Answer the batch that has been in doubt for longest."""
        ...

    def give_up(self) -> None:
        """Tell everyone, of what waits and of what is in doubt, that the outcome is unknown."""
        ...


class SubmitStream(Generic[Request, Response]):
    """Keeps the stream of one queue open."""

    def __init__(
        self,
        open_stream: "Callable[[], Stream[Request, Response]]",
        queue: Queue[Request, Response],
        backoff: Backoff,
    ) -> None:
        self._open_stream = open_stream
        self._queue = queue
        self._backoff = backoff
        self._open = asyncio.Event()
        self._wanted = asyncio.Event()

    async def ready(self) -> None:
        """Wait until the stream is open."""
        await self._open.wait()

    def require(self) -> None:
        """Raise `Unavailable` unless the stream is open."""
        if not self._open.is_set():
            raise lost()

    def wake(self) -> None:
        """Say that something waits."""
        self._wanted.set()

    async def run(self) -> None:
        """Keep a stream open for ever."""
        while True:
            try:
                await self._serve(self._open_stream())
            except* (Refusal, PeerFailed, grpc.aio.AioRpcError, EOFError) as broken:
                _log.warning("submitter_waits", error=str(broken.exceptions[0]))
            finally:
                self._open.clear()
                self._queue.give_up()
            await self._backoff.pause()

    async def _serve(self, stream: "Stream[Request, Response]") -> None:
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

    async def _write(self, stream: "Stream[Request, Response]") -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while (batch := self._queue.next_batch()) is not None:
                try:
                    await stream.write(batch)
                except asyncio.InvalidStateError as error:  # grpc.aio's word for a stream that broke meanwhile
                    raise EOFError("the engine's stream has ended") from error

    async def _read(self, stream: "Stream[Request, Response]") -> None:
        try:
            async for response in stream:
                self._queue.settle(response)
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) from error
        raise EOFError("the engine ended the stream")


def fail(answers: "Iterable[asyncio.Future[Answer]]", refusal: Refusal) -> None:
    """End those with a refusal that nobody has stopped waiting for."""
    for answer in answers:
        if not answer.done():
            answer.set_exception(refusal)


def lost() -> Unavailable:
    """Return what is told of a command whose outcome is unknown, or that cannot be sent."""
    return Unavailable("The engine does not answer; retry with the same ids.", retry_after_ms=RETRY_AFTER_MS)
