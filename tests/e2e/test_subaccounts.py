"""A firm with sub-accounts through the edge: made, funded, traded for, kept from trading with itself, and followed."""

from contextlib import aclosing
from uuid import uuid4

import pytest

from tests.e2e.clients import Client, Json, Refused
from tests.e2e.conftest import NewClient
from tests.e2e.trader import PASSWORD, Trader

INSTRUMENT = "SOL-KK99"
STREAM = "orders.OrdersService/StreamAccount"


class Desk(Trader):
    """A trader of a firm, for one of its sub-accounts."""

    def __init__(self, client: Client, firm: Trader, account_id: str) -> None:
        super().__init__(client)
        self.email, self.account_id = firm.email, account_id

    async def login(self, *scopes: str) -> None:
        request = {"email": self.email, "password": PASSWORD, "scopes": list(scopes), "account_id": self.account_id}
        tokens = (await self.client.call("auth.AuthService/Login", request))["tokens"]
        assert tokens["account_id"] == self.account_id
        self.client.token = tokens["access_token"]

    async def fund(self, asset: str, amount: str) -> None:
        request = {"request_id": uuid4().hex, "asset": asset, "amount": amount}
        await self.client.call("wallets.SandboxService/Fund", request)


async def desk_of(firm: Trader, client: Client, label: str) -> Desk:
    """Make a sub-account, and log in for it."""
    request = {"request_id": uuid4().hex, "label": label}
    made = (await firm.client.call("auth.AuthService/CreateSubaccount", request))["subaccount"]
    desk = Desk(client, firm, made["account_id"])
    await desk.login()
    return desk


async def test_a_firm_makes_sub_accounts_trades_for_them_and_never_with_itself(new_client: NewClient) -> None:
    firm = await Trader(new_client()).join(KK99="1000")
    seller, buyer = [await desk_of(firm, new_client(), label) for label in ("Seller", "Buyer")]
    listed = await firm.client.call("auth.AuthService/ListSubaccounts", {})
    assert [each["account_id"] for each in listed["subaccounts"]] == [seller.account_id, buyer.account_id]
    await seller.fund("SOL", "10")
    await buyer.fund("KK99", "1000")
    rests = await seller.place(INSTRUMENT, "SELL", "1.000", "7.00")
    takes = await buyer.place(INSTRUMENT, "BUY", "1.000", "7.00")
    assert (takes["order"]["status"], takes["fills"]) == ("ORDER_STATUS_NEW", [])
    ended = await seller.order(rests["order"]["order_id"])
    assert ended["order"]["end_reason"] == "ORDER_END_REASON_SELF_TRADE"
    assert (await buyer.owns("SOL"), await firm.owns("KK99")) == (0, 1000)
    with pytest.raises(Refused) as refused:
        await firm.order(takes["order"]["order_id"])
    assert refused.value.reason == "ORDER_NOT_FOUND"
    await buyer.cancel(takes["order"]["order_id"])


async def test_a_drop_copy_follows_all_of_them_and_its_token_does_nothing_else(new_grpc_client: NewClient) -> None:
    firm, copy = await Trader(new_grpc_client()).join(KK99="1000"), new_grpc_client()
    request = {"email": firm.email, "password": PASSWORD, "scopes": ["drop_copy:read"]}
    copy.token = (await copy.call("auth.AuthService/Login", request))["tokens"]["access_token"]
    updates: list[Json] = []
    async with aclosing(copy.stream(STREAM, {"firm": {}})) as messages:  # type: ignore[type-var]
        while "heartbeat" not in (message := await anext(messages)):
            assert message["account_id"] == firm.account_id
        desk = await desk_of(firm, new_grpc_client(), "Opened meanwhile")
        await desk.fund("KK99", "500")
        placed = [await each.place(INSTRUMENT, "BUY", "1.000", "6.00") for each in (firm, desk)]
        while len(updates) < len(placed):
            message = await anext(messages)
            told = message.get("events", {}).get("events", [])
            updates += [{message["account_id"]: event["order_update"]} for event in told if "order_update" in event]
    orders = {firm.account_id: placed[0]["order"], desk.account_id: placed[1]["order"]}
    assert {account: each["order"] for update in updates for account, each in update.items()} == orders
    for method, body in {
        "orders.OrdersService/PlaceOrder": firm.order_request(INSTRUMENT, "BUY", "1.000", "6.00"),
        "orders.OrdersService/CancelOrder": {"order_id": placed[0]["order"]["order_id"]},
        "orders.OrdersService/ListOrders": {},
        "wallets.WalletsService/ListBalances": {},
        "wallets.SandboxService/Fund": {"request_id": uuid4().hex, "asset": "KK99", "amount": "1"},
        "auth.AuthService/ListSubaccounts": {},
    }.items():
        with pytest.raises(Refused) as refused:
            await copy.call(method, body)
        assert (refused.value.code, refused.value.reason) == ("PERMISSION_DENIED", "SCOPE_MISSING")
    for trader, order in zip((firm, desk), placed, strict=True):
        await trader.cancel(order["order"]["order_id"])
