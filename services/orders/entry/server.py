"""The gRPC face of OrderEntry, and what goes on beside its streams.

Messages are not decoded and have no field validation: the codec reads them, by the same rules.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Never, TypeAlias

import grpc
from prometheus_client import CollectorRegistry, Gauge

from exchange.orders.v1.order_entry_service_pb2_grpc import OrderEntryServiceServicer
from services.kernel.clock import Clock, ns_of
from services.kernel.refusal import Refusal
from services.orders.entry.stream import EntryStream, Parts
from services.orders.errors import SessionNotOpen
from services.runtime import call
from services.runtime.call import Call
from services.runtime.standing import Standing

LOOK = timedelta(seconds=1)
"""How often each stream is looked after."""

NOTICE = timedelta(seconds=15)
"""How long before its token expires a client is told to come back with another one."""

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class _Watched:
    """A stream, the call that it came by, and what it was told."""

    def __init__(self, stream: EntryStream, by: Call, clock: Clock) -> None:
        self.stream = stream
        self.call = by
        self.standing = Standing(clock)
        self.told_to_go = False


class OrderEntryServer(OrderEntryServiceServicer):
    """OrderEntryService for the account of each stream's token."""

    def __init__(self, parts: Parts, stream_grace: timedelta) -> None:
        self._parts = parts
        self._stream_grace_ns = ns_of(stream_grace)
        self._watched: set[_Watched] = set()
        self._lost: asyncio.Queue[EntryStream] = asyncio.Queue()

    @property
    def raw(self) -> dict[str, Handler]:
        """The handler, which reads and writes bytes."""
        return {"OrderEntry": grpc.stream_stream_rpc_method_handler(self.OrderEntry)}

    async def OrderEntry(  # type: ignore[override] # bytes in, bytes out
        self, requests: AsyncIterator[bytes], context: Context
    ) -> None:
        """Serve one stream; a session that it leaves behind is lost."""
        by = call.current()
        assert by is not None
        stream = EntryStream(self._parts, call.caller(), context.write)
        watched = _Watched(stream, by, self._parts.clock)
        self._watched.add(watched)
        try:
            await stream.serve(requests)
        finally:
            self._watched.discard(watched)
            if stream.held is not None and not stream.closed:
                self._lost.put_nowait(stream)

    async def look_after_streams(self) -> Never:
        """Tell clients when to go, and end what may not go on, for ever."""
        while True:
            await self._parts.clock.sleep(LOOK)
            for watched in tuple(self._watched):
                await self._look_after(watched)

    async def report_losses(self) -> Never:
        """Tell the engine of sessions that were lost, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._report(await self._lost.get()))

    def measure(self, registry: CollectorRegistry) -> None:
        """Offer figures of the streams."""
        Gauge("exchange_orders_entry_streams", "Streams of order entry.", registry=registry).set_function(
            lambda: len(self._watched)
        )
        Gauge(
            "exchange_orders_entry_room_taken_bytes",
            "Bytes of batches on their way.",
            registry=registry,
        ).set_function(lambda: self._parts.room.taken_bytes)

    async def _report(self, lost: EntryStream) -> None:
        assert lost.held is not None
        await lost.settled()
        await self._parts.sessions.lose(lost.held)

    async def _look_after(self, watched: _Watched) -> None:
        now_ns = self._parts.clock.now_ns()
        held, expires_ns = watched.stream.held, watched.standing.expires_ns
        if watched.call.draining.is_set():
            self._tell_to_go(watched, "DRAINING", now_ns + self._stream_grace_ns)
        if now_ns >= expires_ns - ns_of(NOTICE):
            self._tell_to_go(watched, "TOKEN_EXPIRED", expires_ns)
        if held is not None and (held.replaced.is_set() or held.is_silent(self._parts.clock.monotonic_ns())):
            watched.stream.end(SessionNotOpen())
        try:
            await watched.standing.require()
        except Refusal as refusal:
            watched.stream.end(refusal)

    def _tell_to_go(self, watched: _Watched, reason: str, at_ns: int) -> None:
        if watched.stream.held is not None and not watched.told_to_go:
            watched.told_to_go = True
            watched.stream.go_away(reason, at_ns)
