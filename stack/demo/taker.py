"""The taker of one instrument: repeats the feed's trades, smaller and not all of them, as orders of its own."""

import asyncio
import logging

from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest
from exchange.type.v1.order_pb2 import ORDER_TYPE_LIMIT, ORDER_TYPE_MARKET, TIME_IN_FORCE_IOC
from stack.demo.account import DemoAccount
from stack.demo.desk import CONTRACT_SIDES
from stack.demo.edge import RefusedError
from stack.demo.instruments import DemoInstrument
from stack.demo.protocol import Trade
from stack.demo.quotes import Side, sized_down
from stack.demo.rate import TokenBucket

MIN_INTERVAL_S = 0.4
"""A feed may trade a hundred times a second; one trade in this time is repeated, the newest."""
MARKET_ORDER_EVERY = 4
SLIPPAGE_PPM = 200
"""A limit order reaches this far beyond the feed's price, since our book follows a moment later."""


_log = logging.getLogger(__name__)


class Taker:
    """Trades after the feed. All methods run on one event loop."""

    def __init__(self, instrument: DemoInstrument, account: DemoAccount, bucket: TokenBucket) -> None:
        self._instrument = instrument
        self._account = account
        self._bucket = bucket
        # One place: a trade that was not repeated in time gives way to the newer one.
        self._newest: Trade | None = None
        self._news = asyncio.Event()
        self._orders = 0

    def traded(self, trade: Trade) -> None:
        """Repeat this trade next."""
        self._newest = trade
        self._news.set()

    async def run(self) -> None:
        """Trade until cancelled."""
        while True:
            await self._news.wait()
            await self._bucket.take()
            self._news.clear()
            if self._newest is not None:
                await self._repeat(self._newest)
            await asyncio.sleep(MIN_INTERVAL_S)

    async def _repeat(self, trade: Trade) -> None:
        self._orders += 1
        order = order_after(trade, self._instrument, at_market=self._orders % MARKET_ORDER_EVERY == 0)
        try:
            await self._account.place(order)
        except RefusedError as refused:
            _log.info("%s: a trade was refused: %s", self._instrument.symbol, refused)
            if refused.reason == "INSUFFICIENT_FUNDS":
                await self._account.fund_what_lacks()


def order_after(trade: Trade, instrument: DemoInstrument, *, at_market: bool) -> PlaceOrderRequest:
    """Give the order that repeats a trade: its taker's side, a smaller size, a limit near its price or none."""
    side = Side.SELL if trade.buyer_is_maker else Side.BUY
    price = trade.price // instrument.feed_price_unit
    order = PlaceOrderRequest(
        instrument=instrument.symbol,
        side=CONTRACT_SIDES[side],
        type=ORDER_TYPE_MARKET,
        time_in_force=TIME_IN_FORCE_IOC,
        quantity=instrument.quantity_text(sized_down(trade.quantity, price, instrument)),
    )
    if not at_market:
        order.type = ORDER_TYPE_LIMIT
        order.price = instrument.price_text(price + side.value * (price * SLIPPAGE_PPM // 1_000_000 + 1))
    return order
