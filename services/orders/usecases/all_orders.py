"""The orders of the engine and the TWAPs, as one history.

1. Numbers of TWAPs are no order's, and larger: time and number say how far a list has come, across both. A list of open
   ones alone goes by number, as the history's does, so TWAPs come first there.
2. A client id names the TWAP that is open with it, or else what used it last.
3. A TWAP that is told was held against all that the history tells of its account's trading.
"""

from collections.abc import Sequence

from services.kernel.ids import AccountId, EngineSeq
from services.orders.model.history import OrderKey, OrderQuery, Part, Trade, TradeQuery
from services.orders.model.order import FIRST_TWAP_ORDER_ID, OrderRef, Told
from services.orders.model.twap import told_of
from services.orders.ports import History, Twaps
from services.orders.usecases.twap_slices import TwapSlices


class AllOrders:
    """The port `History` over both."""

    def __init__(self, history: History, twaps: Twaps, slices: TwapSlices) -> None:
        self._history = history
        self._twaps = twaps
        self._slices = slices

    async def reach(self, engine_seq: EngineSeq) -> None:
        """Wait until the history contains that command; raises `Unavailable` if the deadline comes first."""
        await self._history.reach(engine_seq)

    async def find(self, account_id: AccountId, order: OrderRef) -> Told | None:
        """Return an order of the account with its first fills, or a TWAP; None if there is none."""
        if isinstance(order, int):
            return await (self._twap if order >= FIRST_TWAP_ORDER_ID else self._history.find)(account_id, order)
        twap, told = await self._twap(account_id, order), await self._history.find(account_id, order)
        if twap is None or told is None:
            return twap or told
        return twap if twap.order.is_open else max(twap, told, key=lambda each: each.order.accepted_time_ns)

    async def list(self, query: OrderQuery) -> Part[Told]:
        """Return orders and TWAPs without their fills, newest first; of open ones alone, TWAPs before orders."""

        def place_of(told: Told) -> OrderKey:
            return query.key_of(told.order.accepted_time_ns, told.order.order_id)

        twaps = await self._listed(query)
        orders = await self._history.list(query)
        ends = [orders.last_key] if orders.last_key is not None else []
        if len(twaps) == query.limit:
            ends.append(place_of(twaps[-1]))
        end = max(ends, default=None)
        merged = sorted([*twaps, *orders.items], key=place_of, reverse=True)
        found = [each for each in merged if end is None or place_of(each) >= end]
        if len(found) > query.limit:
            return Part(found[: query.limit], place_of(found[query.limit - 1]))
        return Part(found, end)

    async def trades(self, query: TradeQuery) -> Part[Trade]:
        """Return trades, newest first: those of TWAPs are of their slices."""
        return await self._history.trades(query)

    async def _listed(self, query: OrderQuery) -> Sequence[Told]:
        """Return TWAPs; those that are found to have ended meanwhile make room for others."""
        statuses = query.filter.statuses
        while True:
            twaps = [await self._slices.refresh(each) for each in await self._twaps.list(query)]
            if statuses is None or all(each.status in statuses for each in twaps):
                return [told_of(each) for each in twaps]

    async def _twap(self, account_id: AccountId, order: OrderRef) -> Told | None:
        twap = await self._twaps.find(account_id, order)
        return None if twap is None else told_of(await self._slices.refresh(twap))
