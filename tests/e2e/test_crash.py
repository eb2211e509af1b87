"""A part dies while orders are on their way; nothing is lost, nothing happens twice, and trading goes on."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from tests.e2e.clients import Json, Refused
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Patient, Trader

INSTRUMENT = "BTC-KK99"
ORDERS = 300
ANSWERED_BEFORE_THE_KILL = 40


@pytest.mark.parametrize("part", ["engine", "orders", "envoy"])
async def test_a_killed_part_loses_nothing_and_repeats_nothing(
    exchange: Exchange, new_grpc_client: NewClient, part: str
) -> None:
    seller = await Trader(Patient(new_grpc_client())).join(BTC="100")
    buyer = await Trader(Patient(new_grpc_client())).join(KK99="100000")
    answered = asyncio.Semaphore(0)

    async def place(trader: Trader, request: Json) -> Json:
        answer = await trader.client.call("orders.OrdersService/PlaceOrder", request)
        answered.release()
        return answer

    async with asyncio.TaskGroup() as group:
        requests = [
            (trader, _order(trader, side, n))
            for n in range(ORDERS // 2)
            for trader, side in ((seller, "SELL"), (buyer, "BUY"))
        ]
        answers = [group.create_task(place(trader, request)) for trader, request in requests]
        for _ in range(ANSWERED_BEFORE_THE_KILL):
            await answered.acquire()
        exchange.stack.kill(part)
        impatient = new_grpc_client()
        impatient.token = seller.client.token
        with pytest.raises(Refused) as refused:
            await Trader(impatient).place(INSTRUMENT, "SELL", "0.1", "100")
        assert refused.value.code == "UNAVAILABLE"
        exchange.stack.restart(part)

    for trader, side in ((seller, "SELL"), (buyer, "BUY")):
        ids = Counter(order["client_order_id"] for order in await trader.orders())
        assert ids == Counter(f"{side}-{n}" for n in range(ORDERS // 2))
    told = {answer.result()["order"]["order_id"] for answer in answers}
    assert len(told) == ORDERS
    await _adds_up(seller, buyer)

    # Life goes on: the next order trades or rests as any other.
    after = await buyer.place(INSTRUMENT, "BUY", "0.0100", "100.00", time_in_force="TIME_IN_FORCE_IOC")
    assert after["order"]["status"] in ("ORDER_STATUS_FILLED", "ORDER_STATUS_EXPIRED")
    for trader in (seller, buyer):
        for order in await trader.orders():
            if Decimal(order["leaves_quantity"]):
                await trader.cancel(order["order_id"])
    await _adds_up(seller, buyer)
    for trader in (seller, buyer):
        assert {Decimal(balance["held"]) for balance in (await trader.balances()).values()} == {Decimal(0)}
    await buyer.client.call("market_data.MarketDataService/GetBook", {"instrument": INSTRUMENT})


def _order(trader: Trader, side: str, n: int) -> Json:
    # Prices overlap, so that about every second order trades.
    price = Decimal(100) + (n % 7) * Decimal("0.01")
    return trader.order_request(INSTRUMENT, side, "0.1000", str(price), client_order_id=f"{side}-{n}")


async def _adds_up(*traders: Trader) -> None:
    """What was funded is all there: with the traders, or paid as fees."""
    orders = [order for trader in traders for order in await trader.orders()]
    fees = sum(Decimal(order["cum_fee"]) for order in orders)
    assert sum([await trader.owns("BTC") for trader in traders], Decimal(0)) == 100
    assert sum([await trader.owns("KK99") for trader in traders], fees) == 100_000
    bought = sum(Decimal(order["cum_quantity"]) for order in orders if order["side"] == "SIDE_BUY")
    sold = sum(Decimal(order["cum_quantity"]) for order in orders if order["side"] == "SIDE_SELL")
    assert bought == sold > 0
