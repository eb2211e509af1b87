"""Judges an order without entering it: all that is wrong with it, and nothing happens."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.clock import Clock
from services.kernel.ids import EngineSeq
from services.kernel.refusal import Refusal
from services.orders.model.instrument import AssetName, Scales
from services.orders.model.request import Draft, OrderCost
from services.orders.ports import Engine, Instruments
from services.orders.relayed import refusals_of_order
from services.orders.usecases.translate import refused_numbers, translate


@dataclass(frozen=True, slots=True)
class ToldCost:
    """What an order would cost, and what it takes to read its numbers."""

    cost: OrderCost
    scales: Scales
    asset: AssetName


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why an order would be refused, in the order of the checks; `engine_seq` is 0 if the engine was not asked.

    `cost` is absent if the order's price, quantity or account is not fit to tell it.
    """

    refusals: Sequence[Refusal]
    engine_seq: EngineSeq
    cost: ToldCost | None = None


async def validate_order(draft: Draft, instruments: Instruments, engine: Engine, clock: Clock) -> Judgement:
    """Return every reason to refuse the order now. Numbers that the scales cannot hold never come to the engine.

    Raises `UnknownInstrument`, without which no number means anything, and `Unavailable`.
    """
    instrument = await instruments.with_symbol(draft.symbol)
    if refused := refused_numbers(draft, instrument):
        return Judgement(refused, EngineSeq(0))
    order = translate(draft, instrument, clock.now_ns())
    outcome = await engine.judge(order)
    return Judgement(
        refusals_of_order(order, outcome),
        outcome.engine_seq,
        cost=ToldCost(outcome.cost, instrument.scales, await instruments.asset(outcome.cost.asset_id))
        if outcome.cost
        else None,
    )
