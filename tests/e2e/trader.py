"""A user of the exchange, as the stories tell of one: registers, logs in, funds, trades."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from uuid import uuid4

from tests.e2e.clients import Client, Json, Refused

PASSWORD = "correct horse battery staple"
RETRYABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED")


class Trader:
    """One account, over one client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.email = f"{uuid4().hex}@example.com"
        self.account_id = ""
        self.refresh_token = ""

    async def join(self, **funds: str) -> "Trader":
        """Register, log in, and receive funds by asset."""
        request = {"email": self.email, "password": PASSWORD}
        self.account_id = (await self.client.call("auth.AuthService/Register", request))["user"]["account_id"]
        await self.login()
        for asset, amount in funds.items():
            await self.client.call(
                "wallets.SandboxService/Fund", {"request_id": uuid4().hex, "asset": asset, "amount": amount}
            )
        return self

    async def login(self, *scopes: str) -> None:
        request = {"email": self.email, "password": PASSWORD, "scopes": list(scopes)}
        tokens = (await self.client.call("auth.AuthService/Login", request))["tokens"]
        self.client.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]

    def order_request(self, instrument: str, side: str, quantity: str, price: str = "", **fields: object) -> Json:
        """Describe a new GTC limit order, or whatever `fields` makes of it."""
        return {
            "client_order_id": uuid4().hex,
            "instrument": instrument,
            "side": f"SIDE_{side}",
            "type": "ORDER_TYPE_LIMIT",
            "time_in_force": "TIME_IN_FORCE_GTC",
            "price": price,
            "quantity": quantity,
            **fields,
        }

    async def place(self, instrument: str, side: str, quantity: str, price: str = "", **fields: object) -> Json:
        request = self.order_request(instrument, side, quantity, price, **fields)
        return await self.client.call("orders.OrdersService/PlaceOrder", request)

    async def cancel(self, order_id: str) -> Json:
        return await self.client.call("orders.OrdersService/CancelOrder", {"order_id": order_id})

    async def order(self, order_id: str) -> Json:
        return await self.client.call("orders.OrdersService/GetOrder", {"order_id": order_id})

    async def orders(self) -> list[Json]:
        """Return every order of the account, newest first, by pages."""
        orders: list[Json] = []
        token = ""
        while True:
            page = await self.client.call("orders.OrdersService/ListOrders", {"page_size": 100, "page_token": token})
            orders += page["orders"]
            if not (token := page["next_page_token"]):
                return orders

    async def balances(self) -> Mapping[str, Json]:
        answer = await self.client.call("wallets.WalletsService/ListBalances", {})
        return {balance["asset"]: balance for balance in answer["balances"]}

    async def owns(self, asset: str) -> Decimal:
        balances = await self.balances()
        return Decimal(balances[asset]["total"]) if asset in balances else Decimal(0)


class Patient:
    """A client that sends a request again, with the same ids, until there is an answer: a lost part is waited for."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def token(self) -> str | None:
        return self._client.token

    @token.setter
    def token(self, token: str | None) -> None:
        self._client.token = token

    async def call(self, method: str, request: Json) -> Json:
        while True:
            try:
                return await self._client.call(method, request)
            except Refused as refused:
                if refused.code not in RETRYABLE:
                    raise
                # Without a pause this would only burn the processor that the lost part needs.
                await asyncio.sleep(0.05)

    def stream(self, method: str, request: Json) -> AsyncIterator[Json]:
        return self._client.stream(method, request)

    async def close(self) -> None:
        await self._client.close()
