"""How a trade of the feed becomes an order."""

from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest
from exchange.type.v1.order_pb2 import (
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_IOC,
)
from stack.demo.instruments import INSTRUMENTS
from stack.demo.protocol import Trade
from stack.demo.taker import order_after

BTC = INSTRUMENTS[0]


def _trade(*, buyer_is_maker: bool) -> Trade:
    return Trade("BTCUSDT", 1, 60_000 * 10**8, 10**8, buyer_is_maker)


def test_a_taken_ask_becomes_a_buy_that_reaches_a_little_further() -> None:
    assert order_after(_trade(buyer_is_maker=False), BTC, at_market=False) == PlaceOrderRequest(
        instrument="BTC-KK99",
        side=SIDE_BUY,
        type=ORDER_TYPE_LIMIT,
        time_in_force=TIME_IN_FORCE_IOC,
        price="60012.01",
        quantity="0.1000",
    )


def test_a_taken_bid_becomes_a_sell() -> None:
    order = order_after(_trade(buyer_is_maker=True), BTC, at_market=False)
    assert (order.side, order.price) == (SIDE_SELL, "59987.99")


def test_a_market_order_names_no_price() -> None:
    order = order_after(_trade(buyer_is_maker=True), BTC, at_market=True)
    assert (order.type, order.price, order.quantity) == (ORDER_TYPE_MARKET, "", "0.1000")
