"""Numbers as the contract prints them, enums as it numbers them."""

from dataclasses import replace
from enum import IntEnum
from typing import Any

import pytest

from exchange.type.v1 import instrument_pb2, order_pb2
from services.orders.convert.messages import order_message
from services.orders.model import words
from services.orders.model.order import Terms, Told
from tests.unit.orders.samples import INSTRUMENT, order

SCALES = INSTRUMENT.scales


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (words.Side, order_pb2.Side, "SIDE_"),
        (words.OrderType, order_pb2.OrderType, "ORDER_TYPE_"),
        (words.TimeInForce, order_pb2.TimeInForce, "TIME_IN_FORCE_"),
        (words.SelfTradePrevention, order_pb2.SelfTradePrevention, "SELF_TRADE_PREVENTION_"),
        (words.OrderStatus, order_pb2.OrderStatus, "ORDER_STATUS_"),
        (words.EndReason, order_pb2.OrderEndReason, "ORDER_END_REASON_"),
        (words.TriggerReference, order_pb2.TriggerReference, "TRIGGER_REFERENCE_"),
        (words.Liquidity, order_pb2.Liquidity, "LIQUIDITY_"),
        (words.Phase, instrument_pb2.TradingPhase, "TRADING_PHASE_"),
    ],
)
def test_enums_have_the_numbers_of_the_contract(ours: type[IntEnum], contract: Any, prefix: str) -> None:
    stated = {name.removeprefix(prefix): number for name, number in contract.items() if number}
    assert {member.name: member.value for member in ours if member.value} == stated


@pytest.mark.parametrize(
    ("cum_quantity", "cum_notional", "average"),
    [
        (0, 0, ""),
        (10_000, 100_000_000, "100.000000"),
        (30_000, 100_000_000, "33.333333"),
        (30_000, 200_000_000, "66.666666"),
        (30_000, -100_000_000, "-33.333333"),
        (1, 2**63 - 1, "92233720368547758.070000"),
    ],
)
def test_the_average_price_is_cut_at_the_decimals_of_the_quote_asset(
    cum_quantity: int, cum_notional: int, average: str
) -> None:
    traded = replace(order(), cum_quantity=cum_quantity, cum_notional=cum_notional)
    assert order_message(Told(traded, SCALES)).average_price == average


def test_decimals_keep_their_zeros() -> None:
    message = order_message(Told(order(), SCALES))
    assert (message.price, message.quantity, message.cum_quantity) == ("100.00", "0.5000", "0.0000")
    assert (message.cum_notional, message.cum_fee, message.quote_budget) == ("0.000000", "0.000000", "")


def test_a_market_order_has_no_price() -> None:
    market = replace(order(), type=words.OrderType.MARKET, price=0, quote_budget=12_500_000)
    message = order_message(Told(market, SCALES))
    assert (message.price, message.quote_budget) == ("", "12.500000")


def test_what_an_order_asks_for_has_the_decimals_of_its_instrument() -> None:
    terms = Terms(trigger_price=9_900, display_quantity=1_000, min_quantity=1, expire_time_ns=5, tag=7)
    stop = replace(order(), type=words.OrderType.STOP_LIMIT, terms=terms, working_price=0, watermark_price=-1)
    message = order_message(Told(stop, SCALES))
    assert (message.price, message.trigger_price, message.working_price) == ("100.00", "99.00", "0.00")
    assert (message.display_quantity, message.displayed_quantity, message.min_quantity) == (
        "0.1000",
        "0.0000",
        "0.0001",
    )
    assert (message.watermark_price, message.expire_time.ToNanoseconds(), message.tag) == ("-0.01", 5, 7)


def test_what_an_order_does_not_ask_for_is_absent() -> None:
    message = order_message(Told(order(), SCALES))
    assert not message.HasField("expire_time")
    assert not message.HasField("trigger_time")
    texts = (message.trigger_price, message.display_quantity, message.displayed_quantity, message.min_quantity)
    assert (*texts, message.working_price, message.watermark_price) == ("",) * 6


def test_times_keep_their_nanoseconds() -> None:
    message = order_message(Told(replace(order(), accepted_time_ns=1_700_000_000_123_456_789), SCALES))
    assert message.accept_time.ToNanoseconds() == 1_700_000_000_123_456_789
