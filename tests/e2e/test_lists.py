"""Lists and read masks through the edge, by each kind of client."""

from decimal import Decimal
from itertools import count

import pytest

from tests.e2e.clients import Client, Refused
from tests.e2e.clients.rest_client import RestClient
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Trader

INSTRUMENTS = {"grpc": "BTC-KK99", "web": "ETH-KK99", "rest": "SOL-KK99"}
names = count(1)


async def two_trades(new_client: NewClient, instrument: str) -> Client:
    """Let a new account buy twice; return its client."""
    base = instrument.removesuffix("-KK99")
    seller = await Trader(new_client()).join(**{base: "10"})
    buyer = await Trader(new_client()).join(KK99="1000")
    for _ in range(2):
        await seller.place(instrument, "SELL", "1", "100", client_order_id=f"sell{next(names)}")
        await buyer.place(instrument, "BUY", "1", "100", client_order_id=f"buy{next(names)}")
    return buyer.client


async def test_trades_are_listed_by_page_and_by_time(new_client: NewClient, kind: str) -> None:
    client = await two_trades(new_client, INSTRUMENTS[kind])
    list_trades = "orders.OrdersService/ListTrades"
    first = await client.call(list_trades, {"page_size": 1, "side": "SIDE_BUY"})
    [last] = first["trades"]
    assert (last["fee"], last["busted"], last["instrument"]) == ("0.100000", False, INSTRUMENTS[kind])
    token = first["next_page_token"]
    second = await client.call(list_trades, {"page_size": 1, "side": "SIDE_BUY", "page_token": token})
    assert [int(trade["trade_id"]) < int(last["trade_id"]) for trade in second["trades"]] == [True]
    since = await client.call(list_trades, {"from_time": last["trade_time"]})
    assert [trade["trade_id"] for trade in since["trades"]] == [last["trade_id"]]
    with pytest.raises(Refused) as refused:
        await client.call(list_trades, {"page_size": 1, "side": "SIDE_SELL", "page_token": token})
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")


async def test_a_mask_is_kept_to_and_checked(new_client: NewClient, kind: str) -> None:
    client = await two_trades(new_client, INSTRUMENTS[kind])
    [trade, _] = (await client.call("orders.OrdersService/ListTrades", {"read_mask": "tradeId,price"}))["trades"]
    assert (bool(trade["trade_id"]), Decimal(trade["price"]), trade["order_id"], trade["fee"]) == (True, 100, "", "")
    with pytest.raises(Refused) as refused:
        await client.call("orders.OrdersService/ListOrders", {"read_mask": "price,nothing"})
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")


async def test_rest_takes_a_mask_of_the_contracts_names_and_several_statuses(exchange: Exchange) -> None:
    client = await two_trades(lambda: RestClient(exchange.edge, exchange.ca), "BTC-KK99")
    assert isinstance(client, RestClient)
    query = "read_mask=order_id,status&statuses=ORDER_STATUS_FILLED&statuses=ORDER_STATUS_NEW"
    status, answer = await client.send("GET", f"/v1/orders?{query}")
    assert status == 200
    assert {(bool(order["order_id"]), order["status"], order["price"]) for order in answer["orders"]} == {
        (True, "ORDER_STATUS_FILLED", "")
    }
    order_id = answer["orders"][0]["order_id"]
    status, answer = await client.send("GET", f"/v1/orders/{order_id}?read_mask=client_order_id,fills.fee")
    assert (status, answer["order"]["order_id"], answer["fills"][0]["price"]) == (200, "", "")
    assert answer["fills"][0]["fee"]
    status, answer = await client.send("GET", "/v1/trades?read_mask=trade_id,nothing")
    assert status == 400
    told = [detail for detail in answer["details"] if detail["@type"].endswith("google.rpc.BadRequest")]
    assert [violation["field"] for detail in told for violation in detail["field_violations"]] == ["read_mask"]
