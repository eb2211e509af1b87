"""TWAPs to test with."""

from dataclasses import replace
from typing import Any

from services.kernel.ids import EngineSeq
from services.orders.model.order import Schedule, Terms
from services.orders.model.request import Draft, DraftTerms
from services.orders.model.twap import NewTwap, Twap
from services.orders.model.words import OrderType, SelfTradePrevention, Side, TimeInForce
from services.orders.usecases.translate import translate
from tests.unit.orders.samples import ALICE, INSTRUMENT, draft

START_NS = 1_700_000_000_000_000_000
TEN_SLICES = Schedule(300, 30)
NS_PER_S = 1_000_000_000


def twap_draft(schedule: Schedule = TEN_SLICES, **changes: Any) -> Draft:
    """Write a TWAP that buys 0.1 BTC at 100.00 or less; `changes` are fields of it."""
    fields = {
        "type": OrderType.TWAP,
        "time_in_force": TimeInForce.IOC,
        "quantity": "0.1",
        "terms": DraftTerms(schedule=schedule),
    }
    return draft(**fields | changes)


def new_twap(schedule: Schedule = TEN_SLICES, **changes: Any) -> NewTwap:
    return NewTwap(translate(twap_draft(schedule, **changes), INSTRUMENT, START_NS), schedule)


def twap(**changes: Any) -> Twap:
    """Give one of Alice's for 1,000 lots that has just been entered; `changes` are fields of it."""
    plain = Twap(
        twap_id=1,
        account_id=ALICE,
        client_order_id=draft().client_order_id,
        instrument_id=INSTRUMENT.instrument_id,
        scales=INSTRUMENT.scales,
        side=Side.BUY,
        price=10_000,
        quantity=1_000,
        self_trade_prevention=SelfTradePrevention.CANCEL_MAKER,
        terms=Terms(),
        schedule=TEN_SLICES,
        fingerprint=1,
        engine_seq=EngineSeq(10),
        start_ns=START_NS,
        seen_seq=0,
        updated_ns=START_NS,
    )
    return replace(plain, **changes)
