"""An instrument, two accounts and their orders."""

import time

from exchange.engine.v1.command_pb2 import Command, PlaceOrder
from exchange.engine.v1.instrument_pb2 import Asset, Instrument
from exchange.type.v1.instrument_pb2 import ASSET_CLASS_CRYPTO, TRADING_PHASE_CONTINUOUS
from exchange.type.v1.order_pb2 import ORDER_TYPE_LIMIT, SIDE_BUY, SIDE_SELL, TIME_IN_FORCE_GTC

KK99 = Asset(asset_id=1, symbol="KK99", scale=6)
BTC = Asset(asset_id=2, symbol="BTC", scale=8)
BTC_KK99 = Instrument(
    instrument_id=1,
    symbol="BTC-KK99",
    asset_class=ASSET_CLASS_CRYPTO,
    base=BTC,
    quote=KK99,
    price_scale=2,
    quantity_scale=4,
    tick=1,
    lot=1,
    min_quantity=1,
    max_quantity=10**9,
    min_notional=10**6,
    max_notional=10**15,
    market_protection_bps=500,
    phase=TRADING_PHASE_CONTINUOUS,
)
BUYER, SELLER = 11, 12
FUNDS = {BUYER: (1, 10**15), SELLER: (2, 10**13)}
"""What each account gets: asset and amount."""


def order(client_order_id: str, account: int, price: int, quantity: int = 10_000) -> Command:
    """Make the buyer's or the seller's limit order."""
    return Command(
        place_order=PlaceOrder(
            account_id=account,
            client_order_id=client_order_id,
            instrument_id=BTC_KK99.instrument_id,
            side=SIDE_BUY if account == BUYER else SIDE_SELL,
            type=ORDER_TYPE_LIMIT,
            time_in_force=TIME_IN_FORCE_GTC,
            price=price,
            quantity=quantity,
            valid_until_ns=time.time_ns() + 300 * 10**9,
            fingerprint=price,
        )
    )
