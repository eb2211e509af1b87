"""What orders needs from outside, in memory. Each passes its suite in tests/contract/orders."""

from collections.abc import Sequence

from services.kernel.ids import AccountId, EngineSeq, InstrumentId
from services.kernel.refusal import Unavailable, UnknownInstrument
from services.orders.convert import commands
from services.orders.convert.events import outcome_of
from services.orders.model.history import OrderQuery
from services.orders.model.instrument import AssetName, Instrument
from services.orders.model.order import OrderRef, Told
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder, Outcome
from services.orders.model.session import NewSession
from services.orders.model.words import OrderStatus as Status
from services.orders.ports import Horizon
from tests.fakes.engine import EngineFake
from tests.fakes.history_reading import Changes, OrderFill


class InstrumentsFake:
    """A fixed list of instruments."""

    def __init__(self, *instruments: Instrument) -> None:
        self._by_id = {instrument.instrument_id: instrument for instrument in instruments}
        self._by_symbol = {instrument.scales.symbol: instrument for instrument in instruments}

    async def with_symbol(self, symbol: str) -> Instrument:
        if symbol not in self._by_symbol:
            raise UnknownInstrument(symbol)
        return self._by_symbol[symbol]

    async def with_id(self, instrument_id: InstrumentId) -> Instrument:
        return self._by_id[instrument_id]

    async def asset(self, asset_id: int) -> AssetName:
        return {1: AssetName("KK99", 6), 2: AssetName("BTC", 8)}[asset_id]


class EnginePeerFake:
    """The engine's port over the engine in memory; `reachable = False` cuts the line."""

    def __init__(self, engine: EngineFake) -> None:
        self._engine = engine
        self._seen = EngineSeq(0)
        self.reachable = True

    async def place(self, order: NewOrder) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.place_command(order))))

    async def judge(self, order: NewOrder) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.judge_command(order))))

    async def cancel(self, cancel: Cancel) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.cancel_command(cancel))))

    async def amend(self, amend: Amend) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.amend_command(amend))))

    async def mass_cancel(self, cancel: MassCancel) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.mass_cancel_command(cancel))))

    async def cancel_all_after(self, account_id: AccountId, timeout_ns: int) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.cancel_all_after_command(account_id, timeout_ns))))

    async def open_session(self, session: NewSession) -> Outcome:
        self._check()
        return self._answered(outcome_of(self._engine.apply(commands.open_session_command(session))))

    async def keep_gateway(self, gateway_id: int, lease_ms: int, epochs: Sequence[int]) -> Outcome:
        self._check()
        return self._answered(
            outcome_of(self._engine.apply(commands.keep_gateway_command(gateway_id, lease_ms, epochs)))
        )

    async def end_session(self, account_id: AccountId, epoch: int, *, closed: bool) -> Outcome:
        self._check()
        return self._answered(
            outcome_of(self._engine.apply(commands.end_session_command(account_id, epoch, closed=closed)))
        )

    async def horizon(self) -> Horizon:
        if not self.reachable:
            return Horizon(self._seen, certain=False)
        return Horizon(EngineSeq(self._engine.engine_seq), certain=True)

    def _check(self) -> None:
        if not self.reachable:
            raise Unavailable("The engine does not answer; retry with the same ids.")

    def _answered(self, outcome: Outcome) -> Outcome:
        self._seen = max(self._seen, outcome.engine_seq)
        return outcome


class HistoryFake:
    """The history in memory; it contains what was written, up to `reached`."""

    def __init__(self) -> None:
        self.reached = EngineSeq(0)
        self._orders: dict[int, Told] = {}
        self._instruments: dict[int, Instrument] = {}
        self._fills: list[OrderFill] = []

    def write(self, changes: Changes, engine_seq: EngineSeq) -> None:
        self._instruments.update((instrument.instrument_id, instrument) for instrument in changes.instruments)
        self._fills.extend(changes.fills)
        for order in changes.orders:
            known = self._orders.get(order.order_id)
            if known is None or known.order.version < order.version:
                self._orders[order.order_id] = Told(order, self._instruments[order.instrument_id].scales)
        self.reached = engine_seq

    async def reach(self, engine_seq: EngineSeq) -> None:
        if self.reached < engine_seq:
            raise Unavailable("The history is behind; retry.")

    async def find(self, account_id: AccountId, order: OrderRef) -> Told | None:
        named = [
            told
            for told in self._orders.values()
            if told.order.account_id == account_id and order in (told.order.order_id, told.order.client_order_id)
        ]
        if not named:
            return None
        last = max(named, key=lambda told: told.order.order_id)
        fills = [each.fill for each in self._fills if each.order_id == last.order.order_id]
        return Told(last.order, last.scales, tuple(sorted(fills, key=lambda fill: fill.trade_id)))

    async def list(self, query: OrderQuery) -> Sequence[Told]:
        found = [told for told in self._orders.values() if _matches(told, query)]
        return sorted(found, key=lambda told: -told.order.order_id)[: query.limit]


def _matches(told: Told, query: OrderQuery) -> bool:
    order = told.order
    return (
        order.account_id == query.account_id
        and (query.before is None or order.order_id < query.before)
        and (query.symbol is None or told.scales.symbol == query.symbol)
        and (not query.open_only or order.status in (Status.NEW, Status.PARTIALLY_FILLED, Status.UNTRIGGERED))
    )
