"""TWAPs in tests: entered as a client does, and moved in time by moving their stored start, so that nobody waits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from exchange.orders.v1 import order_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from tests.integration.orders.venue import PATIENCE_S, Orders
from tests.unit.orders.samples import ALICE

INTERVAL_S = 3_600
"""So long that no test takes a noticeable part of it."""

NS_PER_S = 1_000_000_000
OPEN = (t.ORDER_STATUS_NEW, t.ORDER_STATUS_PARTIALLY_FILLED)


def twap_order(client_order_id: str = "spread", **changes: Any) -> pb.PlaceOrderRequest:
    """Write a TWAP that buys 0.1 BTC at 100.00 or less in ten slices; `changes` are fields of it."""
    fields: dict[str, Any] = {
        "instrument": "BTC-KK99",
        "side": t.SIDE_BUY,
        "type": t.ORDER_TYPE_TWAP,
        "time_in_force": t.TIME_IN_FORCE_IOC,
        "price": "100",
        "quantity": "0.1",
        "twap": order_pb2.TwapSchedule(duration_s=10 * INTERVAL_S, interval_s=INTERVAL_S),
    }
    return pb.PlaceOrderRequest(client_order_id=client_order_id, **fields | changes)


async def let_pass(dsn: str, seconds: int) -> None:
    """Let so much time pass for every open TWAP."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "UPDATE twap SET start_ns = start_ns - $1, due_ns = due_ns - $1 WHERE status IN (1, 2)", seconds * NS_PER_S
    )
    await connection.close()


async def slices_of(dsn: str) -> list[asyncpg.Record]:
    """Return what is kept of all slices."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT * FROM twap_slice ORDER BY twap_id, place")
    await connection.close()
    return list(rows)


async def until(
    get: Callable[[], Awaitable[order_pb2.Order]], holds: Callable[[order_pb2.Order], bool]
) -> order_pb2.Order:
    """Ask until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(order := await get()):
            pass
    return order


class Spread:
    """A TWAP of a client, by its id."""

    def __init__(self, orders: Orders, dsn: str, client_order_id: str = "spread", account: int = ALICE) -> None:
        self._orders = orders
        self._dsn = dsn
        self._client_order_id = client_order_id
        self._account = account

    async def enter(self, **changes: Any) -> pb.PlaceOrderResponse:
        request = twap_order(self._client_order_id, **changes)
        return await self._orders.stub.PlaceOrder(request, metadata=self._orders.bearer(self._account))

    async def now(self) -> order_pb2.Order:
        return (await self._orders.get(self._account, client_order_id=self._client_order_id)).order

    async def sent(self, count: int) -> order_pb2.Order:
        """Wait until so many slices were sent."""
        return await until(self.now, lambda order: order.twap_progress.sent_count >= count)

    async def ended(self) -> order_pb2.Order:
        """Wait until it has ended."""
        return await until(self.now, lambda order: order.status not in OPEN)

    async def to_the_end(self) -> order_pb2.Order:
        """Let its time pass, slice by slice."""
        order = await self.now()
        while order.status in OPEN:
            await let_pass(self._dsn, INTERVAL_S)
            order = await self._next_after(order.twap_progress.sent_count)
        return order

    async def _next_after(self, sent: int) -> order_pb2.Order:
        return await until(self.now, lambda order: order.twap_progress.sent_count > sent or order.status not in OPEN)
