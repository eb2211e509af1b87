"""A client of the order entry stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import orders_service_pb2 as calls
from exchange.orders.v1.order_entry_service_pb2_grpc import OrderEntryServiceStub
from exchange.type.v1 import order_pb2 as t
from tests.integration.orders.venue import PATIENCE_S, Orders
from tests.unit.orders.samples import ALICE

Item = pb.OrderItem


class Entry:
    """One stream; each wait has an end."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._sent = 0

    async def open(self, **options: Any) -> calls.OpenSessionResponse:
        asked = calls.OpenSessionRequest(**{"scope": t.DISCONNECT_SCOPE_SESSION, **options})
        await self.stream.write(pb.OrderEntryRequest(open_session=asked))
        return (await self.read()).session_opened

    async def send(self, *items: Item, **options: Any) -> int:
        """Send a batch without waiting for its answer; return its correlation id."""
        self._sent += 1
        batch = pb.OrderBatch(correlation_id=self._sent, items=items, **options)
        await self.stream.write(pb.OrderEntryRequest(batch=batch))
        return self._sent

    async def ask(self, *items: Item, **options: Any) -> pb.OrderBatchResult:
        sent = await self.send(*items, **options)
        result = (await self.read()).batch
        assert result.correlation_id == sent
        return result

    async def heartbeat(self) -> None:
        await self.stream.write(pb.OrderEntryRequest(heartbeat=pb.OrderEntryHeartbeat()))
        assert (await self.read()).HasField("heartbeat")

    async def close(self) -> calls.CloseSessionResponse:
        await self.stream.write(pb.OrderEntryRequest(close=pb.OrderEntryClose()))
        return (await self.read()).session_closed

    async def read(self) -> pb.OrderEntryResponse:
        """Read the next answer; raises AioRpcError if the stream ends with a refusal."""
        async with asyncio.timeout(PATIENCE_S):
            answer = await self.stream.read()
        if answer is grpc.aio.EOF:
            await self.ended()
            raise EOFError("the stream ended")
        assert isinstance(answer, pb.OrderEntryResponse)
        return answer

    async def ended(self) -> None:
        """Wait for the end; raises AioRpcError if it is a refusal."""
        async with asyncio.timeout(PATIENCE_S):
            await self.stream.wait_for_connection()
            code = await self.stream.code()
        if code is not grpc.StatusCode.OK:
            raise grpc.aio.AioRpcError(
                code,
                await self.stream.initial_metadata(),
                await self.stream.trailing_metadata(),
                await self.stream.details(),
            )


@asynccontextmanager
async def entry(orders: Orders, account: int = ALICE, **claims: Any) -> AsyncIterator[Entry]:
    """Give a stream, which is cut at the end."""
    stream = OrderEntryServiceStub(orders.entry.channel).OrderEntry(metadata=orders.bearer(account, **claims))
    try:
        yield Entry(stream)
    finally:
        stream.cancel()
