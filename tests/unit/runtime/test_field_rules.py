"""The contract's rules on fields, told with the path that the caller wrote and a sentence that says what to do."""

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from exchange.auth.v1.auth_service_pb2 import LoginRequest, RegisterRequest
from exchange.engine.v1.admin_service_pb2 import CreateInstrumentRequest
from exchange.engine.v1.instrument_pb2 import Asset, Instrument
from exchange.market_data.v1.market_data_service_pb2 import GetBookRequest
from exchange.orders.v1.orders_service_pb2 import CancelOrderRequest, ListOrdersRequest, PlaceOrderRequest
from exchange.type.v1.order_pb2 import (
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    ORDER_TYPE_TAKE_PROFIT_LIMIT,
    ORDER_TYPE_TRAILING_STOP,
    SIDE_BUY,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_GTD,
    TIME_IN_FORCE_IOC,
)
from services.kernel.refusal import InvalidField
from services.runtime.field_sentences import PATTERNS
from services.runtime.validation import MAX_VIOLATIONS, FieldRules

LIMIT = PlaceOrderRequest(
    client_order_id="a",
    instrument="BTC-KK99",
    side=SIDE_BUY,
    type=ORDER_TYPE_LIMIT,
    time_in_force=TIME_IN_FORCE_IOC,
    price="1",
    quantity="1",
)
TIMES_IN_FORCE = (
    "Choose TIME_IN_FORCE_GTC, TIME_IN_FORCE_IOC, TIME_IN_FORCE_FOK, TIME_IN_FORCE_DAY, TIME_IN_FORCE_GTD,"
    " TIME_IN_FORCE_AT_OPEN or TIME_IN_FORCE_AT_CLOSE."
)
MARKET_NEEDS = "A MARKET order needs exactly one of quantity and quote_budget, and no price."


def violations(message: Message) -> dict[str, str]:
    with pytest.raises(InvalidField) as caught:
        FieldRules().check(message)
    return {each.field: each.description for each in caught.value.violations}


def changed(**fields: object) -> PlaceOrderRequest:
    order = PlaceOrderRequest()
    order.CopyFrom(LIMIT)
    order.MergeFrom(PlaceOrderRequest(**fields))  # type: ignore[arg-type]
    return order


def test_paths_lead_into_messages() -> None:
    told = violations(CreateInstrumentRequest(instrument=Instrument(base=Asset(symbol="btc"))))
    assert told["instrument.base.asset_id"].startswith("It must be greater than 0")
    assert told["instrument.base.symbol"] == "Write the symbol of an asset in capitals, such as KK99 or BTC."
    assert told["instrument.quote"] == "Give a value; the request means nothing without it."
    assert len(told) <= MAX_VIOLATIONS


def test_a_missing_message_is_named() -> None:
    assert list(violations(CreateInstrumentRequest())) == ["instrument"]


@pytest.mark.parametrize(
    ("message", "field", "sentence"),
    [
        (changed(side=77), "side", "Choose SIDE_BUY or SIDE_SELL."),
        (
            PlaceOrderRequest(),
            "time_in_force",
            TIMES_IN_FORCE,
        ),
        (CancelOrderRequest(), "target", "Give exactly one of order_id or client_order_id."),
        (
            ListOrdersRequest(page_size=501),
            "page_size",
            "It must be greater than or equal to 0 and less than or equal to 500.",
        ),
        (ListOrdersRequest(page_token="x" * 257), "page_token", "It must be at most 256 characters."),
        (GetBookRequest(instrument="BTC-KK99", depth=3), "depth", "It must be in list [0, 1, 10, 50, 200, 1000]."),
        (RegisterRequest(email="x"), "email", "Write an e-mail address such as ada@example.com."),
        (RegisterRequest(), "email", "Write an e-mail address such as ada@example.com."),
        (RegisterRequest(password="short"), "password", "Write at least 12 characters."),
        (LoginRequest(), "password", "Give a value; it may not be empty."),
        (LoginRequest(scopes=["a:b"] * 2), "scopes", "Name each of them only once."),
        (LoginRequest(scopes=[f"a:{'b' * n}" for n in range(1, 18)]), "scopes", "Give at most 16 of them."),
        (LoginRequest(scopes=["orders"]), "scopes[0]", "Write a scope such as orders:write."),
        (changed(quote_budget="1"), "", "A LIMIT order needs price and quantity, and no quote_budget."),
        (changed(type=ORDER_TYPE_MARKET), "", MARKET_NEEDS),
    ],
)
def test_each_kind_of_rule_says_what_to_do(message: Message, field: str, sentence: str) -> None:
    assert violations(message)[field] == sentence


@pytest.mark.parametrize(
    ("order", "begins"),
    [
        (changed(type=ORDER_TYPE_STOP), "A STOP or TAKE_PROFIT order needs"),
        (changed(type=ORDER_TYPE_TAKE_PROFIT_LIMIT), "A STOP_LIMIT or TAKE_PROFIT_LIMIT order needs"),
        (changed(type=ORDER_TYPE_TRAILING_STOP, trailing_ticks=1), "A TRAILING_STOP order needs"),
        (changed(trigger_price="1"), "Only an order that waits"),
        (changed(trailing_bps=1), "Only a TRAILING_STOP order"),
        (changed(time_in_force=TIME_IN_FORCE_GTD), "A GTD order needs expire_time"),
        (changed(expire_time=Timestamp(seconds=1)), "A GTD order needs expire_time"),
        (changed(time_in_force=TIME_IN_FORCE_DAY, min_quantity="1"), "Only an IOC order"),
        (changed(display_quantity="1"), "Only a LIMIT order that may rest"),
        (changed(post_only_reprice=True), "post_only_reprice goes with post_only"),
    ],
)
def test_fields_that_do_not_go_together_say_which_do(order: PlaceOrderRequest, begins: str) -> None:
    told = violations(order)
    assert list(told) == [""]
    assert told[""].startswith(begins)


@pytest.mark.parametrize("price", ["1e5", "+1", "1,5", "01", ".5", "5.", "1 ", "NaN", "0x1", "1" * 19, "\u0661"])
def test_a_malformed_decimal_is_told_what_a_decimal_is(price: str) -> None:
    told = violations(changed(price=price))
    assert told["price"].startswith("Write a plain decimal such as 1050 or 0.25")
    assert not any(pattern in told["price"] for pattern in PATTERNS)
