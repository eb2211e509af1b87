"""The demo's instruments: what is listed, and which symbol of the feed each one mirrors.

Listing rule: tick times lot is a whole number of quote units, so a notional is always exact.
"""

from dataclasses import dataclass

import grpc

from exchange.engine.v1.admin_service_pb2 import CreateInstrumentRequest
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.instrument_pb2 import Asset, Instrument
from exchange.type.v1.instrument_pb2 import ASSET_CLASS_CRYPTO, TRADING_PHASE_CONTINUOUS
from services.kernel.money import text_of, units_of
from stack.demo.generator import SeedListing
from stack.demo.protocol import FEED_SCALE

CREATE_TIMEOUT_S = 10.0
MARKET_PROTECTION_BPS = 500

KK99 = Asset(asset_id=1, symbol="KK99", scale=6)
BTC = Asset(asset_id=2, symbol="BTC", scale=8)
ETH = Asset(asset_id=3, symbol="ETH", scale=9)
SOL = Asset(asset_id=4, symbol="SOL", scale=9)

_MIN_NOTIONAL: int = 10**KK99.scale
_MAX_NOTIONAL = 10_000_000 * 10**KK99.scale


@dataclass(frozen=True)
class DemoInstrument:
    """One instrument: its grid here, and its market at the feed.

    Tick and lot are one unit of their scales. `max_lots` bounds a mirrored quote or a taken trade.
    """

    instrument_id: int
    base: Asset
    price_scale: int
    quantity_scale: int
    quote_step: int
    """Distance between mirrored quotes, and between a generated market's prices, in ticks."""
    max_lots: int
    feed_symbol: str
    seed_price: int
    """Where a generated market starts, in whole KK99."""
    seed_lots: int
    """A usual size at one price of a generated market."""

    @property
    def symbol(self) -> str:
        """Name the instrument, e.g. BTC-KK99."""
        return f"{self.base.symbol}-{KK99.symbol}"

    @property
    def feed_price_unit(self) -> int:
        """Give one tick in units of the feed."""
        unit: int = 10 ** (FEED_SCALE - self.price_scale)
        return unit

    @property
    def feed_quantity_unit(self) -> int:
        """Give one lot in units of the feed."""
        unit: int = 10 ** (FEED_SCALE - self.quantity_scale)
        return unit

    def price_text(self, price: int) -> str:
        """Write a price in ticks as the public API wants it."""
        return text_of(price, self.price_scale)

    def quantity_text(self, lots: int) -> str:
        """Write a quantity in lots as the public API wants it."""
        return text_of(lots, self.quantity_scale)

    def price_of(self, text: str) -> int:
        """Read a price of the public API in ticks."""
        return units_of(text, self.price_scale)

    def lots_of(self, text: str) -> int:
        """Read a quantity of the public API in lots."""
        return units_of(text, self.quantity_scale)

    def min_lots(self, price: int) -> int:
        """Give the smallest quantity that the minimum notional allows at a price in ticks."""
        unit: int = 10 ** (KK99.scale - self.price_scale - self.quantity_scale)
        return max(1, -(-_MIN_NOTIONAL // (price * unit)))

    def listing(self) -> Instrument:
        """Describe the instrument to the engine."""
        return Instrument(
            instrument_id=self.instrument_id,
            symbol=self.symbol,
            asset_class=ASSET_CLASS_CRYPTO,
            base=self.base,
            quote=KK99,
            price_scale=self.price_scale,
            quantity_scale=self.quantity_scale,
            tick=1,
            lot=1,
            min_quantity=1,
            max_quantity=10_000 * 10**self.quantity_scale,
            min_notional=_MIN_NOTIONAL,
            max_notional=_MAX_NOTIONAL,
            market_protection_bps=MARKET_PROTECTION_BPS,
            phase=TRADING_PHASE_CONTINUOUS,
        )

    def seed_listing(self) -> SeedListing:
        """Describe the instrument's market to the generator."""
        return SeedListing(
            symbol=self.feed_symbol,
            price_step=self.quote_step * self.feed_price_unit,
            quantity_step=self.feed_quantity_unit,
            start_price=self.seed_price * 10**FEED_SCALE,
            typical_lots=self.seed_lots,
        )


INSTRUMENTS = (
    DemoInstrument(1, BTC, 2, 4, 200, 2_500, "BTCUSDT", seed_price=60_000, seed_lots=3_000),
    DemoInstrument(2, ETH, 2, 4, 10, 40_000, "ETHUSDT", seed_price=3_000, seed_lots=60_000),
    DemoInstrument(3, SOL, 2, 3, 1, 80_000, "SOLUSDT", seed_price=150, seed_lots=120_000),
)


async def create_instruments(channel: grpc.aio.Channel) -> None:
    """List the demo's instruments at the engine behind the channel; those that are listed already stay as they are.

    Raises grpc.aio.AioRpcError, ALREADY_EXISTS if one is listed with other properties.
    """
    admin = AdminServiceStub(channel)
    for instrument in INSTRUMENTS:
        request = CreateInstrumentRequest(instrument=instrument.listing())
        await admin.CreateInstrument(request, timeout=CREATE_TIMEOUT_S)
