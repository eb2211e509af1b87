"""The peers of orders, connected to one engine, as its suite uses them."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

from exchange.engine.v1.engine_service_pb2 import EventsRequest
from exchange.event.v1.event_pb2 import Position
from services.kernel.clock import SystemClock
from services.kernel.ids import OrderId, RequestId
from services.kernel.refusal import Refusal
from services.orders.model.order import OrderRef
from services.orders.model.request import Answer, MassCancelled, OrderCost
from services.orders.peers import EnginePeer, InstrumentMirror
from services.orders.usecases.amend_order import amend_order
from services.orders.usecases.cancel_order import cancel_order
from services.orders.usecases.mass_cancel import mass_cancel
from services.orders.usecases.place_order import place_order
from services.orders.usecases.validate_order import validate_order
from services.runtime.engine_stream import OpenEvents
from tests.fakes.history import HistoryFake
from tests.fakes.history_reading import Changes, changes_of
from tests.unit.orders.samples import ALICE, amend_draft, draft, mass_cancel_draft

PATIENCE_S = 10.0


@dataclass
class Desk:
    """The peers of the service, connected to one engine."""

    engine: EnginePeer
    instruments: InstrumentMirror
    events: OpenEvents
    operator: grpc.aio.Channel

    async def place(self, **changes: Any) -> Answer:
        return await place_order(draft(**changes), self.instruments, self.engine, SystemClock())

    async def refused(self, **changes: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.place(**changes)
        return caught.value

    async def cancel(self, order: OrderRef, request_id: str | None = None) -> Answer:
        request = RequestId(request_id) if request_id else None
        return await cancel_order(
            ALICE, order, request, instruments=self.instruments, engine=self.engine, clock=SystemClock()
        )

    async def cancel_refused(self, order: OrderRef, request_id: str | None = None) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.cancel(order, request_id)
        return caught.value

    async def judge(self, **changes: Any) -> list[str]:
        judgement = await validate_order(draft(**changes), self.instruments, self.engine, SystemClock())
        return [refusal.reason for refusal in judgement.refusals]

    async def cost(self, **changes: Any) -> OrderCost:
        judgement = await validate_order(draft(**changes), self.instruments, self.engine, SystemClock())
        assert judgement.cost is not None
        return judgement.cost.cost

    async def amend(self, order: OrderId, **changes: Any) -> Answer:
        """Amend one of Alice's orders, as the history would find it."""
        history = HistoryFake()
        changed = await self.told()
        history.write(changed, (await self.engine.horizon()).engine_seq)
        return await amend_order(
            amend_draft(order, **changes),
            instruments=self.instruments,
            engine=self.engine,
            history=history,
            clock=SystemClock(),
        )

    async def amend_refused(self, order: OrderId, **changes: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.amend(order, **changes)
        return caught.value

    async def mass_cancel(self, **filters: Any) -> MassCancelled:
        return await mass_cancel(mass_cancel_draft(**filters), self.instruments, self.engine, SystemClock())

    async def told(self) -> Changes:
        """Read all that the event log says so far."""
        horizon = await self.engine.horizon()
        blocks = []
        async with asyncio.timeout(PATIENCE_S), aclosing(self.events(EventsRequest(after=Position()))) as responses:
            async for response in responses:
                blocks += response.blocks
                if blocks and blocks[-1].engine_seq >= horizon.engine_seq:
                    break
        assert [block.engine_seq for block in blocks] == list(range(1, len(blocks) + 1))
        return changes_of(response.shard, response.epoch, blocks)
