"""What an order may ask for comes through the edge and back, by three kinds of clients."""

import pytest

from tests.e2e.clients import Refused
from tests.e2e.conftest import NewClient
from tests.e2e.trader import Trader

INSTRUMENTS = {"grpc": "BTC-KK99", "web": "ETH-KK99", "rest": "SOL-KK99"}


@pytest.fixture
def instrument(kind: str) -> str:
    """Give each kind of client a market of its own: the story begins and ends with an empty book."""
    return INSTRUMENTS[kind]


async def test_a_stop_limit_waits_until_a_trade_and_a_mark_takes_it_out(new_client: NewClient, instrument: str) -> None:
    base = instrument.removesuffix("-KK99")
    seller = await Trader(new_client()).join(**{base: "10"})
    buyer = await Trader(new_client()).join(KK99="1000")
    await _trade(seller, buyer, instrument, "20")

    stop = {"type": "ORDER_TYPE_STOP_LIMIT", "trigger_price": "25", "time_in_force": "TIME_IN_FORCE_DAY", "tag": 7}
    placed = (await buyer.place(instrument, "BUY", "1", "24", **stop))["order"]
    assert (placed["status"], placed["tag"]) == ("ORDER_STATUS_UNTRIGGERED", 7)
    assert placed["expire_time"].endswith("T00:00:00Z")
    assert (await buyer.order(placed["order_id"]))["order"] == placed

    await _trade(seller, buyer, instrument, "25")
    assert (await buyer.order(placed["order_id"]))["order"]["status"] == "ORDER_STATUS_NEW"
    done = await buyer.client.call("orders.OrdersService/MassCancel", {"tag": 7})
    assert done["cancelled_count"] == 1


async def test_checks_alone_tell_all_that_fails(new_client: NewClient, instrument: str) -> None:
    buyer = await Trader(new_client()).join(KK99="100")
    judged = await buyer.place(instrument, "BUY", "999999", "0.001", validate_only=True)
    assert [check["reason"] for check in judged["failed_checks"]] == ["PRICE_NOT_ON_TICK"]
    judged = await buyer.place(instrument, "BUY", "50", "10", validate_only=True)
    assert [check["reason"] for check in judged["failed_checks"]] == ["INSUFFICIENT_FUNDS"]
    assert judged["failed_checks"][0]["metadata"]["asset"] == "KK99"
    with pytest.raises(Refused) as refused:
        await buyer.place(instrument, "BUY", "1", "10", type="ORDER_TYPE_STOP")
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert await buyer.orders() == []


async def test_a_preview_tells_what_is_held_then(new_client: NewClient, instrument: str) -> None:
    buyer = await Trader(new_client()).join(KK99="100")
    order = buyer.order_request(instrument, "BUY", "1", "10")
    told = await buyer.client.call("orders.OrdersService/PreviewOrder", {"order": order})
    assert (told["failed_checks"], told["asset"], told["worst_fee"]) == ([], "KK99", "0.010000")
    assert (told["required"], told["available"]) == ("10.010001", "100.000000")
    placed = (await buyer.client.call("orders.OrdersService/PlaceOrder", order))["order"]
    assert (await buyer.balances())["KK99"]["held"] == told["required"]
    await buyer.cancel(placed["order_id"])


async def _trade(seller: Trader, buyer: Trader, instrument: str, price: str) -> None:
    await seller.place(instrument, "SELL", "0.1", price)
    await buyer.place(instrument, "BUY", "0.1", price)
