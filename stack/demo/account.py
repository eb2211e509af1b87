"""A demo user: registered, logged in, funded, and able to trade, all through the public API."""

import asyncio
import logging
from dataclasses import dataclass
from decimal import Decimal

import grpc

from exchange.auth.v1.auth_service_pb2 import LoginRequest, RefreshTokenRequest, RegisterRequest
from exchange.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from exchange.auth.v1.user_pb2 import TokenPair
from exchange.orders.v1.order_pb2 import Order
from exchange.orders.v1.orders_service_pb2 import (
    CancelOrderRequest,
    ListOrdersRequest,
    PlaceOrderRequest,
    PlaceOrderResponse,
)
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from exchange.wallets.v1.sandbox_service_pb2 import FundRequest
from exchange.wallets.v1.sandbox_service_pb2_grpc import SandboxServiceStub
from exchange.wallets.v1.wallets_service_pb2 import ListBalancesRequest
from exchange.wallets.v1.wallets_service_pb2_grpc import WalletsServiceStub
from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from stack.demo.edge import (
    CALL_TIMEOUT_S,
    Metadata,
    Method,
    RefusedError,
    Request_contra,
    Response_co,
    call,
    without_token,
)

TOKEN_MARGIN_S = 60.0
"""A token is renewed this long before it ends."""
ORDERS_PAGE = 500
MAX_ORDER_PAGES = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DemoUser:
    """Who logs in. The passwords are no secrets: they open play money on a local stack."""

    email: str
    password: str


MAKER = DemoUser("maker@demo.example", "maker-of-the-demo-market")
TAKER = DemoUser("taker@demo.example", "taker-of-the-demo-market")
VISITOR = DemoUser("visitor@demo.example", "visitor-of-the-demo-market")
"""For the person at the terminal: funded, and otherwise left alone."""

FUNDING = {"KK99": Decimal(2_000_000), "BTC": Decimal(20), "ETH": Decimal(400), "SOL": Decimal(10_000)}
"""What a demo user is given, and given again when less than a fifth is left."""


class DemoAccount:
    """One user's side of the API; tokens are renewed as they age.

    Every call raises RefusedError, and NoAnswerError when the exchange stays away.
    """

    def __init__(self, channel: grpc.aio.Channel, user: DemoUser, clock: Clock, entropy: Entropy) -> None:
        self._auth = AuthServiceStub(channel)
        self._orders = OrdersServiceStub(channel)
        self._wallets = WalletsServiceStub(channel)
        self._sandbox = SandboxServiceStub(channel)
        self._user = user
        self._entropy = entropy
        self._clock = clock
        self._tokens: TokenPair | None = None
        self._renewing = asyncio.Lock()
        self._funding = asyncio.Lock()
        # Ids of one run never meet those of another: the exchange remembers them.
        self._run = entropy.take(6).hex()
        self._ids = 0

    async def open(self) -> None:
        """Register the user, unless that was done before, log in, and fund what lacks."""
        try:
            request = RegisterRequest(email=self._user.email, password=self._user.password)
            await self._public(self._auth.Register, request)
        except RefusedError as refused:
            if refused.reason != "EMAIL_TAKEN":
                raise
        await self.fund_what_lacks()

    async def place(self, order: PlaceOrderRequest) -> PlaceOrderResponse:
        """Enter an order, repeated until its outcome is known; without a client order id it is given a new one."""
        order.client_order_id = order.client_order_id or self._next_id()
        return await self._call(self._orders.PlaceOrder, order)

    async def cancel(self, order_id: str) -> None:
        """Take an order out of the book; one that has ended before is fine."""
        try:
            await self._call(self._orders.CancelOrder, CancelOrderRequest(order_id=order_id))
        except RefusedError as refused:
            if refused.reason not in {"ORDER_NOT_OPEN", "ORDER_NOT_FOUND"}:
                raise

    async def open_orders(self, instrument: str) -> list[Order]:
        """List the account's open orders in an instrument."""
        orders: list[Order] = []
        request = ListOrdersRequest(instrument=instrument, open_only=True, page_size=ORDERS_PAGE)
        for _ in range(MAX_ORDER_PAGES):
            page = await self._call(self._orders.ListOrders, request)
            orders += page.orders
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        return orders

    async def fund_what_lacks(self) -> None:
        """Top up each asset of which less than a fifth of its funding is available."""
        async with self._funding:
            await self._fund()

    async def _fund(self) -> None:
        balances = (await self._call(self._wallets.ListBalances, ListBalancesRequest())).balances
        available = {balance.asset: Decimal(balance.available) for balance in balances}
        for asset, amount in FUNDING.items():
            if 5 * available.get(asset, Decimal(0)) < amount:
                request = FundRequest(request_id=self._next_id(), asset=asset, amount=str(amount))
                await self._call(self._sandbox.Fund, request)
                _log.info("%s was given %s %s", self._user.email, amount, asset)

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self._run}-{self._ids}"

    async def _public(self, method: Method[Request_contra, Response_co], request: Request_contra) -> Response_co:
        return await call(method, request, self._entropy, without_token)

    async def _call(self, method: Method[Request_contra, Response_co], request: Request_contra) -> Response_co:
        shown: TokenPair | None = None

        async def authorization() -> Metadata:
            nonlocal shown
            shown = await self._lasting_tokens()
            return (("authorization", f"Bearer {shown.access_token}"),)

        try:
            return await call(method, request, self._entropy, authorization)
        except RefusedError as refused:
            if refused.code is not grpc.StatusCode.UNAUTHENTICATED:
                raise
        # The session may be gone with the server that kept it. A new login settles that, unless another call did it
        # meanwhile; a second refusal is final.
        if self._tokens is shown:
            self._tokens = None
        return await call(method, request, self._entropy, authorization)

    async def _lasting_tokens(self) -> TokenPair:
        """Give tokens that will live a while."""
        async with self._renewing:
            tokens = self._tokens
            if tokens is None or self._age_left_s(tokens) < TOKEN_MARGIN_S:
                # Forgotten first: a refresh token whose fate is unknown must not be shown again.
                self._tokens = None
                tokens = self._tokens = await self._renewed(tokens)
            return tokens

    async def _renewed(self, tokens: TokenPair | None) -> TokenPair:
        if tokens is not None:
            refresh = RefreshTokenRequest(refresh_token=tokens.refresh_token)
            try:
                return (await self._auth.RefreshToken(refresh, timeout=CALL_TIMEOUT_S)).tokens
            except grpc.aio.AioRpcError as error:
                _log.info("no refresh, logging in: %s", error.details())
        login = LoginRequest(email=self._user.email, password=self._user.password)
        return (await self._public(self._auth.Login, login)).tokens

    def _age_left_s(self, tokens: TokenPair) -> float:
        return tokens.access_token_expire_time.seconds - self._clock.now_ns() / 1e9
