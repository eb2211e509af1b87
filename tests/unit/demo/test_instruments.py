"""The demo's listings obey the listing rules, and its decimals are exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.demo.instruments import INSTRUMENTS, DemoInstrument

every_instrument = pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.symbol)


@every_instrument
def test_tick_times_lot_is_a_whole_number_of_quote_units(instrument: DemoInstrument) -> None:
    listing = instrument.listing()
    step = Decimal(listing.tick).scaleb(-listing.price_scale) * Decimal(listing.lot).scaleb(-listing.quantity_scale)
    assert step.scaleb(listing.quote.scale) % 1 == 0
    assert listing.quantity_scale <= listing.base.scale


@every_instrument
def test_a_mirrored_quote_is_within_the_listing_s_bounds(instrument: DemoInstrument) -> None:
    listing, price = instrument.listing(), instrument.seed_price * 10**instrument.price_scale
    assert listing.min_quantity <= instrument.min_lots(price) < instrument.max_lots <= listing.max_quantity
    unit = 10 ** (listing.quote.scale - listing.price_scale - listing.quantity_scale)
    assert price * instrument.min_lots(price) * unit >= listing.min_notional
    assert price * instrument.max_lots * unit <= listing.max_notional


def test_numbers_and_symbols_are_unique() -> None:
    assert [each.instrument_id for each in INSTRUMENTS] == [1, 2, 3]
    assert [each.symbol for each in INSTRUMENTS] == ["BTC-KK99", "ETH-KK99", "SOL-KK99"]


@every_instrument
@given(units=st.integers(1, 10**12))
def test_texts_keep_every_digit(instrument: DemoInstrument, units: int) -> None:
    assert instrument.price_of(instrument.price_text(units)) == units
    assert instrument.lots_of(instrument.quantity_text(units)) == units
    assert len(instrument.price_text(units).partition(".")[2]) == instrument.price_scale
