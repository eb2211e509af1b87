"""What is traded, and on which grid."""

from dataclasses import dataclass

from services.kernel.ids import InstrumentId


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that can be owned: its symbol, and the decimals of its amounts."""

    symbol: str
    scale: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument as the engine lists it; integers are at its own scales, notionals at the quote asset's.

    `asset_class` and `phase` are the numbers of the contract's enums: they pass through here, nothing depends on them.
    """

    instrument_id: InstrumentId
    symbol: str
    asset_class: int
    base: Asset
    quote: Asset
    price_scale: int
    quantity_scale: int
    tick: int
    lot: int
    min_quantity: int
    max_quantity: int
    min_notional: int
    max_notional: int
    phase: int
