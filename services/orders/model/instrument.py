"""What is traded, and the decimals of its numbers."""

from dataclasses import dataclass

from services.kernel.ids import InstrumentId
from services.kernel.money import text_of
from services.orders.model.words import Phase

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Scales:
    """An instrument's name and the decimals of its numbers, which never change: all that history needs to be read."""

    symbol: str
    price: int
    quantity: int
    quote: int

    def price_text(self, units: int) -> str:
        """Write a price."""
        return text_of(units, self.price)

    def quantity_text(self, units: int) -> str:
        """Write a quantity."""
        return text_of(units, self.quantity)

    def quote_text(self, units: int) -> str:
        """Write an amount of the quote asset."""
        return text_of(units, self.quote)


@dataclass(frozen=True, slots=True)
class AssetName:
    """What an asset is called, and the decimals of its amounts, which never change."""

    symbol: str
    scale: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded, and on which grid.

    The tick is in price units, lot and quantities in quantity units, notionals in quote units.
    """

    instrument_id: InstrumentId
    scales: Scales
    base: str
    quote: str
    tick: int
    lot: int
    min_quantity: int
    max_quantity: int
    min_notional: int
    max_notional: int
    phase: Phase

    def session_close_ns(self, now_ns: int) -> int:
        """Return when the session that goes on now closes, for DAY orders: the next 00:00 UTC.

        Every market trades all week so far. The calendar of one that does not will come with its listing, and be asked
        here.
        """
        return (now_ns // DAY_NS + 1) * DAY_NS
