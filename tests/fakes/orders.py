"""What orders needs from outside, in memory. Each passes its suite in tests/contract/orders."""

from collections.abc import Sequence

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId
from services.kernel.refusal import Unavailable, UnknownInstrument
from services.orders.convert import commands
from services.orders.convert.events import outcome_of
from services.orders.model.instrument import AssetName, Instrument
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder, Outcome
from services.orders.model.session import NewSession
from services.orders.ports import Horizon
from tests.fakes.engine import EngineFake


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

    async def reserve_id(
        self, account_id: AccountId, client_order_id: ClientOrderId, fingerprint: int, valid_until_ns: int
    ) -> Outcome:
        self._check()
        command = commands.reserve_command(account_id, client_order_id, fingerprint, valid_until_ns)
        return self._answered(outcome_of(self._engine.apply(command)))

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
