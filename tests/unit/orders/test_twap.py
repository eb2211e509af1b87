"""The arithmetic of TWAPs: what each slice takes, and what ends one."""

import random
from dataclasses import replace
from typing import Any

import pytest

from services.kernel.ids import EngineSeq, InstrumentId, OrderId
from services.orders.model.order import Schedule, slice_id
from services.orders.model.twap import (
    Ending,
    SliceOutcome,
    Stop,
    Twap,
    fitting_interval_s,
    held_against,
    settled,
    slice_quantity,
    sliced,
    smallest_slice,
    stopped,
    told_of,
)
from services.orders.model.words import EndReason, OrderStatus, Side
from tests.unit.orders.samples import INSTRUMENT, order
from tests.unit.orders.twap_samples import NS_PER_S, START_NS, new_twap, twap


def at(place: int) -> int:
    return START_NS + place * 30 * NS_PER_S


def traded(of: Twap, place: int, quantity: int, reason: str = "") -> Twap:
    asked = sliced(of, INSTRUMENT, at(place))
    assert asked.on_its_way is not None
    outcome = SliceOutcome(place, asked.on_its_way.quantity, OrderId(1), cum_quantity=quantity, reason=reason)
    return settled(asked, outcome, at(place))


@pytest.mark.parametrize("seed", range(20))
def test_slices_that_trade_in_full_are_even_to_a_lot_and_sum_to_the_whole(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    lot = chance.choice([1, 7, 100])
    instrument = replace(INSTRUMENT, lot=lot, max_quantity=10**12)
    count = chance.randrange(2, 2_000)
    lots = chance.randrange(count, 10**6)
    now = twap(quantity=lots * lot, schedule=Schedule(count * 30, 30))
    taken = []
    while now.is_open:
        now = sliced(now, instrument, at(now.passed))
        assert now.on_its_way is not None
        taken.append(now.on_its_way.quantity)
        done = SliceOutcome(now.on_its_way.place, taken[-1], OrderId(1), cum_quantity=taken[-1])
        now = settled(now, done, at(now.passed))
    assert (sum(taken), len(taken), now.status) == (lots * lot, count, OrderStatus.FILLED)
    assert all(quantity % lot == 0 for quantity in taken)
    assert max(taken) - min(taken) <= lot


@pytest.mark.parametrize("seed", range(20))
def test_whatever_slices_trade_no_slice_takes_too_much_and_nothing_trades_twice(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    now = twap(quantity=chance.randrange(10, 5_000))
    place = 0
    while now.is_open:
        place += chance.randrange(0, 3)
        now = sliced(now, INSTRUMENT, at(place))
        if now.on_its_way is None:
            continue
        asked = now.on_its_way.quantity
        assert 0 < asked <= min(now.left, 3 * -(-now.quantity // 10))
        now = settled(now, SliceOutcome(place, asked, OrderId(1), cum_quantity=chance.randrange(asked + 1)), at(place))
    told = told_of(now).order
    assert told.quantity == told.cum_quantity + told.cancelled_quantity
    assert told.leaves_quantity == 0


def test_missed_slices_pass_and_the_next_takes_a_part_of_what_is_left() -> None:
    now = traded(twap(), 0, 100)
    late = sliced(now, INSTRUMENT, at(5) + 1)
    assert late.on_its_way is not None
    assert (late.on_its_way.place, late.on_its_way.quantity, late.passed) == (5, 180, 5)


def test_an_outage_is_not_answered_with_one_large_order() -> None:
    assert slice_quantity(twap(), 9, INSTRUMENT) == 300


def test_a_slice_is_no_larger_than_an_order_may_be() -> None:
    assert slice_quantity(twap(), 0, replace(INSTRUMENT, max_quantity=70)) == 70


def test_nothing_is_due_between_slices_and_one_on_its_way_is_not_decided_on_again() -> None:
    asked = sliced(twap(), INSTRUMENT, at(0))
    assert sliced(asked, INSTRUMENT, at(3)) == asked
    done = traded(twap(), 0, 100)
    assert sliced(done, INSTRUMENT, at(1) - 1) == done


def test_an_outcome_counts_once() -> None:
    asked = sliced(twap(), INSTRUMENT, at(0))
    outcome = SliceOutcome(0, 100, OrderId(1), cum_quantity=60)
    once = settled(asked, outcome, at(0))
    assert settled(once, outcome, at(0)) == once
    assert (once.cum_quantity, once.status) == (60, OrderStatus.PARTIALLY_FILLED)


def test_after_its_time_it_expires() -> None:
    late = sliced(twap(), INSTRUMENT, at(10))
    assert (late.status, late.end_reason, late.on_its_way) == (OrderStatus.EXPIRED, EndReason.DURATION_ENDED, None)


@pytest.mark.parametrize("reason", ["NO_LIQUIDITY", "PHASE_NOT_ALLOWED", "ENGINE_FULL", "REQUEST_EXPIRED"])
def test_what_may_pass_is_carried(reason: str) -> None:
    assert traded(twap(), 0, 0, reason).is_open


@pytest.mark.parametrize("reason", ["INSUFFICIENT_FUNDS", "TRADING_STATE", "POSITION_LIMIT", "QUANTITY_NOT_ON_LOT"])
def test_what_does_not_pass_ends_it(reason: str) -> None:
    ended = traded(twap(), 0, 0, reason)
    assert (ended.status, ended.end_reason) == (OrderStatus.CANCELLED, EndReason.SLICE_REFUSED)
    assert ended.reject_reason == reason


def test_one_that_is_stopped_ends_at_once_or_with_its_slice() -> None:
    stop = Stop(EndReason.REQUESTED)
    assert stopped(twap(), stop, at(0)).status is OrderStatus.CANCELLED
    asked = stopped(sliced(twap(), INSTRUMENT, at(0)), stop, at(0))
    assert asked.is_open
    ended = settled(asked, SliceOutcome(0, 100, OrderId(1), cum_quantity=100), at(0))
    assert (ended.status, ended.end_reason, ended.cum_quantity) == (OrderStatus.CANCELLED, EndReason.REQUESTED, 100)


def test_what_has_ended_stays_as_it_is() -> None:
    ended = stopped(twap(), Stop(EndReason.REQUESTED), at(0))
    assert stopped(ended, Stop(EndReason.MASS_CANCEL), at(1)) == ended
    assert sliced(ended, INSTRUMENT, at(1)) == ended
    assert held_against(ended, [Ending(EndReason.BUST, EngineSeq(99), at(1))], 5) == ended


def test_only_what_came_after_its_entry_ends_it_and_only_its_own_session() -> None:
    bound = twap(terms=replace(twap().terms, session_id=7))
    before = Ending(EndReason.KILL_SWITCH, EngineSeq(10), at(1))
    other = Ending(EndReason.DISCONNECTED, EngineSeq(11), at(1), session_id=8)
    own = Ending(EndReason.DISCONNECTED, EngineSeq(12), at(2), session_id=7)
    assert held_against(bound, [before, other], 2).is_open
    ended = held_against(bound, [before, other, own], 3)
    assert (ended.end_reason, ended.updated_ns, ended.seen_seq) == (EndReason.DISCONNECTED, at(2), 3)
    survives = replace(bound, terms=replace(bound.terms, survive_disconnect=True))
    assert held_against(survives, [own], 3).is_open
    account_wide = Ending(EndReason.DISCONNECTED, EngineSeq(13), at(2))
    assert held_against(twap(), [account_wide], 4).end_reason is EndReason.DISCONNECTED
    assert held_against(survives, [account_wide], 4).is_open


@pytest.mark.parametrize(
    ("named", "ends"),
    [
        ({}, True),
        ({"instrument_id": INSTRUMENT.instrument_id, "side": Side.BUY, "session_id": 7, "tag": 0}, True),
        ({"instrument_id": InstrumentId(INSTRUMENT.instrument_id + 1)}, False),
        ({"side": Side.SELL}, False),
        ({"session_id": 0}, False),
        ({"tag": 1}, False),
    ],
)
def test_a_mass_cancel_ends_what_matches_all_that_it_names(named: dict[str, Any], *, ends: bool) -> None:
    bound = twap(terms=replace(twap().terms, session_id=7, survive_disconnect=True))
    met = held_against(bound, [Ending(EndReason.MASS_CANCEL, EngineSeq(11), at(1), **named)], 2)
    assert met.end_reason is (EndReason.MASS_CANCEL if ends else EndReason.NONE)
    assert met.stop == (Stop(EndReason.MASS_CANCEL, engine_seq=EngineSeq(11)) if ends else None)


def test_the_interval_that_would_do_is_the_shortest() -> None:
    asked = new_twap(Schedule(3_600, 30), quantity="0.1")  # 1,000 lots in 120 slices
    assert smallest_slice(asked) == 8
    assert fitting_interval_s(asked, 8) == 30
    assert fitting_interval_s(asked, 10) == 36
    assert fitting_interval_s(asked, 500) == 1_800
    assert fitting_interval_s(asked, 1_001) is None


def test_an_order_tells_whose_slice_it_is() -> None:
    assert order(client_order_id=slice_id(5, 17)).parent_id == told_of(twap(twap_id=5)).order.order_id
    for other in ("TWAP-5", "TWAP-5-17x", "xTWAP-5-17", "one"):
        assert order(client_order_id=other).parent_id is None
