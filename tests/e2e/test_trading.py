"""The story of two traders, told by three kinds of clients, to the unit."""

import asyncio
from decimal import Decimal

import pytest

from tests.e2e.clients import Client, Refused
from tests.e2e.conftest import NewClient
from tests.e2e.trader import Trader

INSTRUMENTS = {"grpc": "BTC-KK99", "web": "ETH-KK99", "rest": "SOL-KK99"}


@pytest.fixture
def instrument(kind: str) -> str:
    """Give each kind of client a market of its own: the story begins and ends with an empty book."""
    return INSTRUMENTS[kind]


async def test_two_accounts_trade_and_every_unit_is_accounted_for(new_client: NewClient, instrument: str) -> None:
    base = instrument.removesuffix("-KK99")
    seller = await Trader(new_client()).join(**{base: "10"})
    buyer = await Trader(new_client()).join(KK99="1000")

    resting = await seller.place(instrument, "SELL", "4.000", "100.00")
    assert resting["order"]["status"] == "ORDER_STATUS_NEW"
    assert (await seller.balances())[base]["held"] == resting_text(instrument, "4")

    # 1.5 at 100 = 150; the taker pays 0.1 %, the maker 0.05 %.
    taken = await buyer.place(instrument, "BUY", "1.5", "101.00", time_in_force="TIME_IN_FORCE_IOC")
    assert taken["order"]["status"] == "ORDER_STATUS_FILLED"
    assert [(f["notional"], f["fee"], f["liquidity"]) for f in taken["fills"]] == [
        ("150.000000", "0.150000", "LIQUIDITY_TAKER")
    ]
    assert await buyer.owns("KK99") == Decimal("849.85")
    assert await buyer.owns(base) == Decimal("1.5")
    assert await seller.owns("KK99") == Decimal("149.925")
    assert await seller.owns(base) == Decimal("8.5")

    half = await seller.order(resting["order"]["order_id"])
    assert half["order"]["status"] == "ORDER_STATUS_PARTIALLY_FILLED"
    assert [(f["notional"], f["fee"], f["liquidity"]) for f in half["fills"]] == [
        ("150.000000", "0.075000", "LIQUIDITY_MAKER")
    ]
    gone = await seller.cancel(resting["order"]["order_id"])
    assert (gone["order"]["status"], gone["order"]["end_reason"]) == (
        "ORDER_STATUS_CANCELLED",
        "ORDER_END_REASON_REQUESTED",
    )
    assert Decimal((await seller.balances())[base]["held"]) == 0
    assert [order["status"] for order in await seller.orders()] == ["ORDER_STATUS_CANCELLED"]
    assert [order["order_id"] for order in await buyer.orders()] == [taken["order"]["order_id"]]


def resting_text(instrument: str, whole: str) -> str:
    """Write a whole number of the base asset with its decimals."""
    return f"{whole}.{'0' * (8 if instrument.startswith('BTC') else 9)}"


async def test_the_same_request_twice_is_one_order(new_client: NewClient, instrument: str) -> None:
    buyer = await Trader(new_client()).join(KK99="1000")
    first = await buyer.place(instrument, "BUY", "1", "10", client_order_id="once")
    again = await buyer.place(instrument, "BUY", "1", "10", client_order_id="once")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["order"]["order_id"] == first["order"]["order_id"]
    with pytest.raises(Refused) as refused:
        await buyer.place(instrument, "BUY", "2", "10", client_order_id="once")
    assert (refused.value.code, refused.value.reason) == ("ALREADY_EXISTS", "CLIENT_ORDER_ID_REUSED")
    assert len(await buyer.orders()) == 1
    await buyer.cancel(first["order"]["order_id"])


async def test_sessions_refresh_and_end(new_client: NewClient) -> None:
    trader = await Trader(new_client()).join()
    me = await trader.client.call("auth.AuthService/GetCurrentUser", {})
    assert (me["user"]["email"], me["user"]["account_id"]) == (trader.email, trader.account_id)
    spent = trader.refresh_token
    answer = await trader.client.call("auth.AuthService/RefreshToken", {"refresh_token": spent})
    trader.client.token = answer["tokens"]["access_token"]
    await trader.client.call("auth.AuthService/Logout", {})
    with pytest.raises(Refused) as refused:
        await trader.orders()
    assert (refused.value.code, refused.value.reason) == ("UNAUTHENTICATED", "SESSION_REVOKED")


async def test_the_book_of_everyone_shows_the_order(new_client: NewClient, instrument: str) -> None:
    buyer = await Trader(new_client()).join(KK99="1000")
    placed = await buyer.place(instrument, "BUY", "3", "12.34")
    public = new_client()
    # The book follows the engine a moment later.
    async with asyncio.timeout(10):
        while (await _bids(public, instrument)) != [(Decimal("12.34"), Decimal(3))]:
            pass
    await buyer.cancel(placed["order"]["order_id"])


async def _bids(public: Client, instrument: str) -> list[tuple[Decimal, Decimal]]:
    book = await public.call("market_data.MarketDataService/GetBook", {"instrument": instrument})
    return [(Decimal(level["price"]), Decimal(level["quantity"])) for level in book["bids"]]
