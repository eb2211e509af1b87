"""Look up markets in the mirror, while it tells the truth."""

from collections.abc import Sequence

from services.kernel.refusal import UnknownInstrument
from services.market_data.errors import NotLive
from services.market_data.model.instrument import Instrument
from services.market_data.model.mirror import Market, Mirror


def live_market(mirror: Mirror, symbol: str) -> Market:
    """Return an instrument's market; raises `NotLive` or `UnknownInstrument`."""
    if not mirror.live:
        raise NotLive
    return listed_market(mirror, symbol)


def listed_market(mirror: Mirror, symbol: str) -> Market:
    """Return an instrument's market, as last known; raises `UnknownInstrument`."""
    market = mirror.market(symbol)
    if market is None:
        raise UnknownInstrument(symbol)
    return market


def live_instruments(mirror: Mirror) -> Sequence[Instrument]:
    """Return every instrument, by symbol; raises `NotLive`."""
    if not mirror.live:
        raise NotLive
    return mirror.instruments()
