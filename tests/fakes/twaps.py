"""TWAPs in memory, and what ends the trading of accounts. `TwapsFake` passes its suite in tests/contract/orders."""

from collections.abc import Sequence

from services.kernel.ids import AccountId, EngineSeq
from services.orders.model.history import OrderFilter, OrderKey, OrderQuery
from services.orders.model.order import OrderRef, twap_order_id
from services.orders.model.request import MassCancel
from services.orders.model.twap import Change, Ending, NewTwap, SliceOutcome, Twap
from services.orders.ports import Seen


class TwapsFake:
    """The port `Twaps`; `slices` are the outcomes that were kept."""

    def __init__(self) -> None:
        self.slices: list[tuple[int, SliceOutcome]] = []
        self._twaps: dict[int, Twap] = {}

    async def enter(self, twap: NewTwap, fingerprint: int, engine_seq: EngineSeq, start_ns: int) -> tuple[Twap, bool]:
        order = twap.order
        known = await self.find(order.account_id, order.client_order_id)
        if known is not None:
            return known, False
        entered = Twap(
            twap_id=len(self._twaps) + 1,
            account_id=order.account_id,
            client_order_id=order.client_order_id,
            instrument_id=order.instrument.instrument_id,
            scales=order.instrument.scales,
            side=order.side,
            price=order.price,
            quantity=order.quantity,
            self_trade_prevention=order.self_trade_prevention,
            terms=order.terms,
            schedule=twap.schedule,
            fingerprint=fingerprint,
            engine_seq=engine_seq,
            start_ns=start_ns,
            seen_seq=0,
            updated_ns=start_ns,
        )
        self._twaps[entered.twap_id] = entered
        return entered, True

    async def find(self, account_id: AccountId, order: OrderRef) -> Twap | None:
        own = [each for each in self._twaps.values() if each.account_id == account_id]
        return next((each for each in own if order in (twap_order_id(each.twap_id), each.client_order_id)), None)

    async def list(self, query: OrderQuery) -> Sequence[Twap]:
        found = [each for each in self._twaps.values() if _is_wanted(each, query.filter)]

        def place_of(twap: Twap) -> OrderKey:
            return query.key_of(twap.start_ns, twap_order_id(twap.twap_id))

        behind = [each for each in found if query.after is None or place_of(each) < query.after]
        return sorted(behind, key=place_of, reverse=True)[: query.limit]

    async def change(self, twap_id: int, change: Change, outcome: SliceOutcome | None = None) -> Twap:
        before = self._twaps[twap_id]
        after = self._twaps[twap_id] = change(before)
        if outcome is not None and after.sent > before.sent:
            self.slices.append((twap_id, outcome))
        return after

    async def due(self, now_ns: int, limit: int) -> Sequence[Twap]:
        found = [each for each in self._twaps.values() if each.is_open and each.next_due_ns <= now_ns]
        return sorted(found, key=lambda each: each.next_due_ns)[:limit]

    async def count_open(self, account_id: AccountId | None = None) -> int:
        return sum(each.is_open and account_id in (None, each.account_id) for each in self._twaps.values())

    async def matching(self, cancel: MassCancel, engine_seq: EngineSeq) -> Sequence[Twap]:
        return [each for each in self._twaps.values() if _meets(each, cancel, engine_seq)]


def _is_wanted(twap: Twap, wanted: OrderFilter) -> bool:
    return (
        twap.account_id == wanted.account_id
        and wanted.span.from_ns <= twap.start_ns < wanted.span.until_ns
        and wanted.symbol in (None, twap.scales.symbol)
        and (wanted.statuses is None or twap.status in wanted.statuses)
        and wanted.side in (None, twap.side)
        and wanted.session_id in (None, twap.terms.session_id)
        and wanted.tag in (None, twap.terms.tag)
    )


def _meets(twap: Twap, cancel: MassCancel, engine_seq: EngineSeq) -> bool:
    runs = twap.is_open and twap.stop is None
    return (
        twap.account_id == cancel.account_id
        and twap.engine_seq < engine_seq
        and (runs or (twap.stop is not None and twap.stop.engine_seq == engine_seq))
        and (cancel.instrument is None or twap.instrument_id == cancel.instrument.instrument_id)
        and cancel.side in (None, twap.side)
        and cancel.session_id in (None, twap.terms.session_id)
        and cancel.tag in (None, twap.terms.tag)
    )


class EndingsFake:
    """The port `Endings`: each ending is one private event."""

    def __init__(self) -> None:
        self.endings: list[Ending] = []

    async def after(self, account_id: AccountId, account_seq: int) -> Seen:
        return Seen(self.endings[account_seq:], len(self.endings))
