"""A client of private streams that believes nothing which the numbers do not prove."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from exchange.orders.v1.account_event_pb2 import AccountEvent
from exchange.orders.v1.account_stream_pb2 import AccountResume, StreamAccountRequest, StreamAccountResponse
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import Refusal
from services.runtime.backoff import Backoff
from services.runtime.refusals import refusal_of
from tests.integration.orders.venue import Orders
from tests.unit.orders.samples import ALICE

PATIENCE_S = 60.0
"""Processes are killed and started under a reader."""


class Subscriber:
    """What one client has received of one account, over any number of streams."""

    def __init__(self, account: int = ALICE) -> None:
        self.account = account
        self.epoch = 0
        self.seq = 0
        self.events: list[AccountEvent] = []
        self.heartbeats = 0
        self.refusals: list[str] = []
        self._backoff = Backoff(SystemClock(), SystemEntropy())

    @asynccontextmanager
    async def stream(self, orders: Orders, *, resume: bool = True) -> AsyncIterator["Stream"]:
        """Open a stream that goes on where the last one ended, or anew with a snapshot."""
        request = StreamAccountRequest()
        if resume:
            request.resume.CopyFrom(AccountResume(epoch=self.epoch, account_seq=self.seq))
        call = orders.stub.StreamAccount(request, metadata=orders.bearer(self.account), wait_for_ready=True)
        try:
            yield Stream(self, call)
        finally:
            call.cancel()

    async def refused(self, refusal: Refusal) -> None:
        """Take note, and wait as a client does before it comes again."""
        self.refusals.append(refusal.reason)
        await self._backoff.pause()

    def take(self, message: StreamAccountResponse) -> None:
        """Check that a message follows the one before."""
        self._backoff.reset()
        kind = message.WhichOneof("message")
        self.heartbeats += kind == "heartbeat"
        if kind == "snapshot_begin":
            assert message.snapshot_begin.as_of_seq == message.account_seq >= self.seq
            self.epoch, self.seq = message.epoch, message.account_seq
        for event in message.events.events:
            assert event.account_seq == self.seq + 1
            self.seq = event.account_seq
            self.events.append(event)
        assert (message.epoch, message.account_seq) == (self.epoch, self.seq)


class Stream:
    """One open stream of a subscriber."""

    def __init__(
        self,
        subscriber: Subscriber,
        call: "grpc.aio.UnaryStreamCall[StreamAccountRequest, StreamAccountResponse]",
    ) -> None:
        self._subscriber = subscriber
        self._call = call

    async def next(self) -> StreamAccountResponse:
        """Return the next message; raises the `Refusal` that ends the stream."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) from error
        assert isinstance(message, StreamAccountResponse)
        self._subscriber.take(message)
        return message

    async def until(self, account_seq: int) -> None:
        """Read until that event was told."""
        while self._subscriber.seq < account_seq:
            await self.next()

    async def end(self) -> Refusal:
        """Read to the end, and return what ended it."""
        while True:
            try:
                await self.next()
            except Refusal as refusal:
                return refusal

    async def snapshot(self) -> list[StreamAccountResponse]:
        """Read to the first heartbeat."""
        messages = [await self.next()]
        while messages[-1].WhichOneof("message") != "heartbeat":
            messages.append(await self.next())
        return messages


async def follow(subscriber: Subscriber, orders: Orders, until_seq: int) -> None:
    """Read until that event was told, over as many streams as it takes; what ended them is kept."""
    while subscriber.seq < until_seq:
        try:
            async with subscriber.stream(orders) as stream:
                await stream.until(until_seq)
        except Refusal as refusal:
            await subscriber.refused(refusal)
