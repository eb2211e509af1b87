"""List the instruments, page by page."""

from bisect import bisect_right
from collections.abc import Sequence

from services.kernel.page import key_of, token_of
from services.market_data.model.instrument import Instrument
from services.market_data.model.mirror import Mirror
from services.market_data.usecases.markets import live_instruments

DEFAULT_INSTRUMENTS = 100
MAX_INSTRUMENTS = 1_000

_QUESTION = "ListInstruments"


def list_instruments(mirror: Mirror, page_size: int, page_token: str) -> tuple[Sequence[Instrument], str]:
    """Return a page of instruments by symbol, and the token of the next; raises `NotLive` or `InvalidPageToken`."""
    key = key_of(_QUESTION, page_token, str)
    instruments = live_instruments(mirror)
    first = bisect_right(instruments, str(key[0]), key=lambda instrument: instrument.symbol) if key else 0
    size = min(page_size or DEFAULT_INSTRUMENTS, MAX_INSTRUMENTS)
    page = instruments[first : first + size]
    more = first + size < len(instruments)
    return page, token_of(_QUESTION, (page[-1].symbol,)) if more else ""
