"""Enters and ends TWAPs, and judges them.

The id of a TWAP is used in the engine too, for a request of its own fingerprint: so within the window in which ids are
remembered no other order or request has it, and a repeated TWAP finds it used for itself. What makes it enter once is
the unique id in the store.
"""

from dataclasses import replace

from services.kernel.clock import Clock
from services.kernel.ids import AccountId, EngineSeq, RequestId
from services.orders.errors import NotionalOutOfRange, OrderNotFound, OrderNotOpen, TwapSliceTooSmall
from services.orders.fingerprint import fingerprint_of_twap
from services.orders.model.order import FIRST_TWAP_ORDER_ID, OrderRef
from services.orders.model.request import Answer, Draft, MassCancelDraft, MassCancelled, NewOrder, Outcome
from services.orders.model.twap import NewTwap, Stop, Twap, as_slice, fitting_interval_s, smallest_slice, told_of
from services.orders.model.words import EndReason
from services.orders.ports import Engine, Instruments, Twaps
from services.orders.relayed import refusal_of_twap, refusals_of_order, too_many_twaps, twap_id_reused
from services.orders.usecases.mass_cancel import to_cancel
from services.orders.usecases.translate import refused_numbers, translate
from services.orders.usecases.twap_slices import RESERVED, TwapSlices
from services.orders.usecases.validate_order import Judgement, ToldCost

MAX_OPEN = 100
"""TWAPs that an account may have open; a few more if they come at the same moment."""

_PASSING = frozenset({"NO_LIQUIDITY"})
"""Why a slice would be refused now, and its TWAP is taken all the same: the next slice may find it otherwise."""


class TwapOrders:
    """The TWAPs of all accounts, to their owners."""

    def __init__(
        self, twaps: Twaps, slices: TwapSlices, *, instruments: Instruments, engine: Engine, clock: Clock
    ) -> None:
        self._twaps = twaps
        self._slices = slices
        self._instruments = instruments
        self._engine = engine
        self._clock = clock

    async def place(self, draft: Draft) -> Answer:
        """Enter a TWAP, and tell how it stands before its first slice.

        Raises the refusals of `translate` and of a slice, `TwapSliceTooSmall`, TOO_MANY_OPEN_ORDERS,
        CLIENT_ORDER_ID_REUSED, and `Unavailable` when the outcome is not known: the same request may then be repeated.
        """
        asked = await self._asked(draft)
        fingerprint = fingerprint_of_twap(asked)
        known = await self._twaps.find(draft.account_id, draft.client_order_id)
        if known is not None:
            return _answer(known, fingerprint, replayed=True)
        for refusal in (await self._judge(asked)).refusals:
            raise refusal
        if await self._twaps.count_open(draft.account_id) >= MAX_OPEN:
            raise too_many_twaps(MAX_OPEN)
        outcome = await self._engine.reserve_id(
            draft.account_id, draft.client_order_id, fingerprint, asked.order.valid_until_ns
        )
        if outcome.reason != RESERVED:
            raise refusal_of_twap(draft.client_order_id, outcome)
        twap, fresh = await self._twaps.enter(asked, fingerprint, outcome.engine_seq, self._clock.now_ns())
        return _answer(twap, fingerprint, replayed=not fresh)

    async def judge(self, draft: Draft) -> Judgement:
        """Return every reason to refuse it now, and what all of it would cost. Raises as `validate_order`."""
        instrument = await self._instruments.with_symbol(draft.symbol)
        if refused := refused_numbers(draft, instrument):
            return Judgement(refused, EngineSeq(0))
        asked = await self._asked(draft)
        judgement = await self._judge(asked)
        known = await self._twaps.find(draft.account_id, draft.client_order_id)
        reused = known is not None and known.fingerprint != fingerprint_of_twap(asked)
        refusals = [twap_id_reused(draft.client_order_id)] if reused else []
        whole = await self._engine.judge(as_slice(asked, asked.order.quantity))
        cost = await self._told(asked, whole)
        return Judgement([*refusals, *judgement.refusals], whole.engine_seq, cost)

    async def cancel(
        self, account_id: AccountId, order: OrderRef, request_id: RequestId | None, engine_seq: EngineSeq
    ) -> Answer:
        """End a TWAP that the engine did not know as an order, and tell how it ended.

        Raises `OrderNotFound`, `OrderNotOpen`, and `Unavailable`: it ends all the same then, unless it is lost.
        """
        twap = None if isinstance(order, int) and order < FIRST_TWAP_ORDER_ID else await self.find(account_id, order)
        if twap is None:
            raise OrderNotFound
        ended = await self._slices.stop(twap, Stop(EndReason.REQUESTED, asked_by=request_id or ""))
        if not _ended_by_cancel(ended, request_id, was_open=twap.is_open):
            raise OrderNotOpen(told_of(ended).order, ended.scales)
        return Answer(told_of(ended), engine_seq, replayed=not twap.is_open)

    async def mass_cancel(self, draft: MassCancelDraft, done: MassCancelled) -> MassCancelled:
        """End what a mass cancel meets that the engine has done, and count it too. Raises `Unavailable`."""
        cancel = await to_cancel(draft, self._instruments, self._clock)
        met = await self._twaps.matching(cancel, done.engine_seq)
        for twap in met:
            await self._slices.stop(twap, Stop(EndReason.MASS_CANCEL, engine_seq=done.engine_seq))
        return replace(done, count=done.count + len(met))

    async def find(self, account_id: AccountId, order: OrderRef) -> Twap | None:
        """Return a TWAP of the account. Raises `Unavailable`."""
        return await self._twaps.find(account_id, order)

    async def _asked(self, draft: Draft) -> NewTwap:
        order = translate(draft, await self._instruments.with_symbol(draft.symbol), self._clock.now_ns())
        assert draft.terms.schedule is not None
        return NewTwap(order, draft.terms.schedule)

    async def _judge(self, asked: NewTwap) -> Judgement:
        """Judge the smallest slice, as large as an order is at least: what refuses it would refuse the TWAP's first."""
        instrument, quantity = asked.order.instrument, smallest_slice(asked)
        off_lot = asked.order.quantity % instrument.lot != 0
        order = as_slice(asked, asked.order.quantity if off_lot else max(quantity, instrument.min_quantity))
        outcome = await self._engine.judge(order)
        smallest = max(instrument.min_quantity, _worth_enough(order, outcome))
        refusals = [each for each in refusals_of_order(order, outcome) if each.reason not in _PASSING]
        if not off_lot and quantity < smallest:
            others = [each for each in refusals if each.reason != NotionalOutOfRange.reason]
            refusals = [*others, TwapSliceTooSmall(instrument, smallest, fitting_interval_s(asked, smallest))]
        return Judgement(refusals, outcome.engine_seq)

    async def _told(self, asked: NewTwap, whole: Outcome) -> ToldCost | None:
        if whole.cost is None:
            return None
        asset = await self._instruments.asset(whole.cost.asset_id)
        return ToldCost(whole.cost, asked.order.instrument.scales, asset)


def _answer(twap: Twap, fingerprint: int, *, replayed: bool) -> Answer:
    if twap.fingerprint != fingerprint:
        raise twap_id_reused(twap.client_order_id)
    return Answer(told_of(twap.first()), twap.engine_seq, replayed)


def _ended_by_cancel(twap: Twap, request_id: RequestId | None, *, was_open: bool) -> bool:
    """Tell whether it ended by this cancel, now or when it came for the first time."""
    if twap.end_reason is not EndReason.REQUESTED or twap.stop is None:
        return False
    return was_open or (request_id is not None and twap.stop.asked_by == request_id)


def _worth_enough(order: NewOrder, outcome: Outcome) -> int:
    """Return the least quantity, by the lot, that is worth what an order is at least; 0 if nobody knows its worth."""
    if outcome.cost is None or outcome.cost.notional <= 0:
        return 0
    instrument = order.instrument
    quantity = -(-instrument.min_notional * order.quantity // outcome.cost.notional)
    return -(-quantity // instrument.lot) * instrument.lot
