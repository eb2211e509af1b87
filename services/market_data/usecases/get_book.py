"""Tell a book as it is."""

from services.market_data.model.instrument import Instrument
from services.market_data.model.mirror import Mirror
from services.market_data.model.view import View
from services.market_data.usecases.markets import live_market


def get_book(mirror: Mirror, symbol: str, depth: int) -> tuple[Instrument, View]:
    """Return the instrument and its book to a depth; raises `NotLive` or `UnknownInstrument`."""
    market = live_market(mirror, symbol)
    return market.instrument, View.of(mirror.epoch, market.book.seq, market.book.window(depth))
