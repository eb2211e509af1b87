"""The history in memory. It passes its suite in tests/contract/orders."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Unavailable
from services.orders.history_lists import MAX_LOOKED_AT
from services.orders.model.history import Bust, OrderFilter, OrderQuery, Part, Span, Trade, TradeFilter, TradeQuery
from services.orders.model.instrument import Instrument
from services.orders.model.order import OrderRef, Told
from tests.fakes.history_reading import Changes, OrderFill

T = TypeVar("T")
Key = tuple[int, ...]


class HistoryFake:
    """It contains what was written, up to `reached`."""

    def __init__(self, look_at: int = MAX_LOOKED_AT) -> None:
        self.reached = EngineSeq(0)
        self._look_at = look_at
        self._orders: dict[int, Told] = {}
        self._instruments: dict[int, Instrument] = {}
        self._fills: list[OrderFill] = []
        self._busts: dict[int, Bust] = {}

    def write(self, changes: Changes, engine_seq: EngineSeq) -> None:
        self._instruments.update((instrument.instrument_id, instrument) for instrument in changes.instruments)
        self._fills.extend(changes.fills)
        self._busts.update((bust.trade_id, bust) for bust in changes.busts)
        for order in changes.orders:
            known = self._orders.get(order.order_id)
            if known is None or known.order.version < order.version:
                self._orders[order.order_id] = Told(order, self._instruments[order.instrument_id].scales)
        self.reached = engine_seq

    async def reach(self, engine_seq: EngineSeq) -> None:
        if self.reached < engine_seq:
            raise Unavailable("The history is behind; retry.")

    async def find(self, account_id: AccountId, order: OrderRef) -> Told | None:
        last = self._named(account_id, order)
        if last is None:
            return None
        fills = [each.fill for each in self._fills if each.order_id == last.order.order_id]
        return Told(last.order, last.scales, tuple(sorted(fills, key=lambda fill: fill.trade_id)))

    async def list(self, query: OrderQuery) -> Part[Told]:
        wanted = query.filter
        own = [told for told in self._orders.values() if told.order.account_id == wanted.account_id]
        if wanted.wants_open_alone:
            own = [told for told in own if told.order.status in (1, 2, 7)]
        within = [told for told in own if _is_in(wanted.span, told.order.accepted_time_ns)]

        def place_of(told: Told) -> Key:
            return query.key_of(told.order.accepted_time_ns, told.order.order_id)

        return self._part(within, place_of, lambda told: _order_matches(told, wanted), query)

    async def trades(self, query: TradeQuery) -> Part[Trade]:
        wanted, of_order = query.filter, query.filter.order is not None
        trades = [self._trade_of(fill) for fill in self._fills if self._account_of(fill) == wanted.account_id]
        within = [trade for trade in trades if _is_in(wanted.span, trade.time_ns)]
        if wanted.order is not None:
            named = self._named(wanted.account_id, wanted.order)
            number = query.after[0] if query.after else named and named.order.order_id
            within = [trade for trade in within if trade.order_id == number]
        key = _key_in_order if of_order else _key_of_trade
        return self._part(within, key, lambda trade: _trade_matches(trade, wanted), query)

    def _part(self, items: Sequence[T], key: Callable[[T], Key], matches: Callable[[T], bool], query: Any) -> Part[T]:
        behind = [item for item in items if query.after is None or key(item) < tuple(query.after)]
        looked_at = sorted(behind, key=key, reverse=True)[: self._look_at]
        found = [item for item in looked_at if matches(item)]
        if len(found) > query.limit:
            return Part(found[: query.limit], key(found[query.limit - 1]))
        return Part(found, key(looked_at[-1]) if len(looked_at) == self._look_at else None)

    def _named(self, account_id: AccountId, order: OrderRef) -> Told | None:
        own = [told for told in self._orders.values() if told.order.account_id == account_id]
        named = [told for told in own if order in (told.order.order_id, told.order.client_order_id)]
        return max(named, key=lambda told: told.order.order_id, default=None)

    def _account_of(self, fill: OrderFill) -> AccountId:
        return self._orders[fill.order_id].order.account_id

    def _trade_of(self, fill: OrderFill) -> Trade:
        told = self._orders[fill.order_id]
        return Trade(
            order_id=fill.order_id,
            client_order_id=told.order.client_order_id,
            side=told.order.side,
            scales=told.scales,
            fill=fill.fill,
            event=fill.event,
            time_ns=fill.time_ns,
            bust=self._busts.get(fill.fill.trade_id),
        )


def _key_of_trade(trade: Trade) -> Key:
    return trade.time_ns, trade.event.shard, trade.event.epoch, trade.event.engine_seq, trade.event.index


def _key_in_order(trade: Trade) -> Key:
    return trade.order_id, trade.fill.trade_id


def _is_in(span: Span, time_ns: int) -> bool:
    return span.from_ns <= time_ns < span.until_ns


def _order_matches(told: Told, wanted: OrderFilter) -> bool:
    order = told.order
    return (
        (wanted.symbol is None or told.scales.symbol == wanted.symbol)
        and (wanted.statuses is None or order.status in wanted.statuses)
        and (wanted.side is None or order.side == wanted.side)
        and (wanted.session_id is None or order.terms.session_id == wanted.session_id)
        and (wanted.tag is None or order.terms.tag == wanted.tag)
    )


def _trade_matches(trade: Trade, wanted: TradeFilter) -> bool:
    return (wanted.symbol is None or trade.scales.symbol == wanted.symbol) and (
        wanted.side is None or trade.side == wanted.side
    )
