"""GetBook and ListInstruments."""

import pytest

from exchange.market_data.v1 import market_data_service_pb2
from exchange.type.v1 import instrument_pb2
from services.kernel.page import InvalidPageToken
from services.kernel.refusal import UnknownInstrument
from services.market_data import convert
from services.market_data.errors import NotLive
from services.market_data.model.mirror import Mirror
from services.market_data.usecases.get_book import get_book
from services.market_data.usecases.list_instruments import list_instruments
from tests.fakes.market_data_engine import ScriptedEngine, instrument
from tests.unit.market_data.desk import BTC, BUY, SELL, Desk


def test_a_book_is_told_to_the_depth_asked_for_with_the_instruments_decimals() -> None:
    engine = ScriptedEngine(instrument(price_scale=0, quantity_scale=0))
    for price, quantity in ((45_001, 10), (45_002, 5)):
        engine.put(BTC, SELL, price, quantity)
    for price, quantity in ((45_000, 7), (44_999, 1)):
        engine.put(BTC, BUY, price, quantity)
    desk = Desk(engine)
    told = convert.book(*get_book(desk.mirror, BTC, 10))
    assert (told.epoch, told.seq, told.checksum) == (1, 4, 1_518_234_344)
    assert [(level.price, level.quantity) for level in told.bids] == [("45000", "7"), ("44999", "1")]
    assert [level.price for level in convert.book(*get_book(desk.mirror, BTC, 1)).asks] == ["45001"]


def test_prices_below_zero_are_told_as_they_are() -> None:
    engine = ScriptedEngine(instrument(price_scale=2))
    engine.put(BTC, SELL, -3_763, 2)
    engine.put(BTC, BUY, -3_764, 4)
    told = convert.book(*get_book(Desk(engine).mirror, BTC, 10))
    assert (told.asks[0].price, told.bids[0].price, told.checksum) == ("-37.63", "-37.64", 351_136_951)


def test_a_book_of_no_instrument_is_refused() -> None:
    with pytest.raises(UnknownInstrument):
        get_book(Desk().mirror, "NO-SUCH", 10)


def test_before_the_first_snapshot_there_is_no_answer() -> None:
    with pytest.raises(NotLive):
        get_book(Mirror(), BTC, 10)
    with pytest.raises(NotLive):
        list_instruments(Mirror(), 0, "")


def test_a_request_without_a_depth_means_ten_and_without_a_resume_none() -> None:
    request = market_data_service_pb2.StreamBookRequest(instrument=BTC)
    assert convert.depth(request.depth) == 10
    assert convert.resume(request) is None
    request.resume.SetInParent()
    assert convert.resume(request) is not None


def test_instruments_come_by_symbol_page_by_page() -> None:
    symbols = [f"{letter}-KK99" for letter in ("CCC", "AAA", "EEE", "BBB", "DDD")]
    mirror = Desk(ScriptedEngine(*(instrument(number, symbol) for number, symbol in enumerate(symbols, 1)))).mirror
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        page, token = list_instruments(mirror, 2, token)
        pages.append([each.symbol for each in page])
    assert pages == [["AAA-KK99", "BBB-KK99"], ["CCC-KK99", "DDD-KK99"], ["EEE-KK99"]]


def test_a_page_token_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidPageToken):
        list_instruments(Desk().mirror, 2, "garbage")


def test_an_instrument_is_told_with_its_grid() -> None:
    ((listed,), _) = list_instruments(Desk().mirror, 0, "")
    told = convert.public_instrument(listed)
    assert (told.instrument, told.base_asset, told.quote_asset) == (BTC, "BTC", "KK99")
    assert (told.tick, told.lot, told.min_notional) == ("0.01", "0.0001", "1.000000")
    assert told.asset_class == instrument_pb2.ASSET_CLASS_CRYPTO
    assert told.phase == instrument_pb2.TRADING_PHASE_CONTINUOUS


def test_a_changed_instrument_is_told_as_it_is_now() -> None:
    desk = Desk()
    changed = instrument()
    changed.phase = instrument_pb2.TRADING_PHASE_HALT
    desk.engine.enlist(changed)
    desk.hear()
    ((listed,), _) = list_instruments(desk.mirror, 0, "")
    assert listed.phase == instrument_pb2.TRADING_PHASE_HALT
