"""The seeded market keeps its shape however long it runs."""

import random
from itertools import islice

import pytest

from stack.demo.generator import GeneratedSession
from stack.demo.instruments import INSTRUMENTS
from stack.demo.market_model import LADDER_STEPS, MarketModel
from stack.demo.protocol import Dialect, Trade, parse_event

LISTINGS = tuple(each.seed_listing() for each in INSTRUMENTS)
START = 10_000


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a market that repeats, not one that nobody can guess


def test_both_sides_stay_full_and_apart_and_near_their_start() -> None:
    model = MarketModel(START, 50, _seeded(3))
    for _ in range(20_000):
        model.turn()
        assert max(model.bids) < min(model.asks)
        assert len(model.bids) == len(model.asks) == LADDER_STEPS
        assert min(*model.bids.values(), *model.asks.values()) > 0
        assert abs(max(model.bids) - START) < 2_000


def test_a_turn_tells_all_that_it_changed() -> None:
    model = MarketModel(START, 50, _seeded(4))
    bids, asks = dict(model.bids), dict(model.asks)
    for _ in range(2_000):
        turn = model.turn()
        bids = {step: lots for step, lots in (bids | turn.bids).items() if lots}
        asks = {step: lots for step, lots in (asks | turn.asks).items() if lots}
        assert (bids, asks) == (model.bids, model.asks)


def test_a_price_that_could_reach_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="zero"):
        MarketModel(100, 50, _seeded(5))


def test_the_seed_decides() -> None:
    one, same, other = (
        list(islice(GeneratedSession(Dialect.SPOT, LISTINGS, seed).frames(), 500)) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_every_symbol_trades_both_ways() -> None:
    session = GeneratedSession(Dialect.SPOT, LISTINGS, 1)
    events = [parse_event(frame.text, Dialect.SPOT) for frame in islice(session.frames(), 5_000)]
    trades = {(event.symbol, event.buyer_is_maker) for event in events if isinstance(event, Trade)}
    assert trades == {(listing.symbol, way) for listing in LISTINGS for way in (True, False)}
