# ruff: noqa: N802 - the names of the methods are the contract's
"""The exchange's public API in memory, behind real gRPC over TLS: as much of it as a client that trades can see.

No fees and no holds: an order may sell what the account owns and spend what it has. A test can stop and start it with
its state kept, let it lose answers after their effect or take orders late, end its tokens, and read every command it
took.
"""

import asyncio
import itertools
import struct
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

import grpc

from exchange.auth.v1 import auth_service_pb2 as auth
from exchange.auth.v1.auth_service_pb2_grpc import AuthServiceServicer, add_AuthServiceServicer_to_server
from exchange.auth.v1.user_pb2 import TokenPair, User
from exchange.market_data.v1 import market_data_service_pb2 as market_data
from exchange.market_data.v1.book_pb2 import BookSnapshot, BookUpdate, PriceLevel
from exchange.market_data.v1.market_data_service_pb2_grpc import (
    MarketDataServiceServicer,
    add_MarketDataServiceServicer_to_server,
)
from exchange.market_data.v1.trade_pb2 import Trade
from exchange.orders.v1 import orders_service_pb2 as orders
from exchange.orders.v1.order_pb2 import Order
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceServicer, add_OrdersServiceServicer_to_server
from exchange.type.v1 import order_pb2 as kinds
from exchange.wallets.v1 import sandbox_service_pb2 as sandbox
from exchange.wallets.v1 import wallets_service_pb2 as wallets
from exchange.wallets.v1.sandbox_service_pb2_grpc import SandboxServiceServicer, add_SandboxServiceServicer_to_server
from exchange.wallets.v1.wallets_service_pb2_grpc import WalletsServiceServicer, add_WalletsServiceServicer_to_server
from services.kernel.refusal import RelayedRefusal
from services.runtime.refusals import code_of, trailers_of
from stack.authority import Identity

BOOK_DEPTH = 10
QUOTE = "KK99"
Context = Any
Side = dict[Decimal, Decimal]


@dataclass
class _Resting:
    owner: str
    order: Order
    leaves: Decimal

    @property
    def price(self) -> Decimal:
        return Decimal(self.order.price)


@dataclass
class _Market:
    """One instrument: what rests, and how the public saw it last."""

    scales: tuple[int, int]
    resting: dict[str, _Resting] = field(default_factory=dict)
    seq: int = 1
    trades: list[Trade] = field(default_factory=list)

    def side(self, side: int) -> Side:
        levels: Side = defaultdict(Decimal)
        for each in self.resting.values():
            if each.order.side == side:
                levels[each.price] += each.leaves
        best_first = sorted(levels, reverse=side == kinds.SIDE_BUY)[:BOOK_DEPTH]
        return {price: levels[price] for price in best_first}

    def opposite(self, side: int) -> list[_Resting]:
        """What an order of a side meets, best first, oldest first."""
        sign = 1 if side == kinds.SIDE_BUY else -1
        others = [each for each in self.resting.values() if each.order.side != side]
        return sorted(others, key=lambda each: (sign * each.price, int(each.order.order_id)))


class FakeExchange(
    AuthServiceServicer,
    OrdersServiceServicer,
    WalletsServiceServicer,
    SandboxServiceServicer,
    MarketDataServiceServicer,
):
    """Everything behind one edge. `instruments` maps a symbol to its price and quantity decimals."""

    def __init__(self, identity: Identity, instruments: dict[str, tuple[int, int]], token_life_s: int = 900) -> None:
        self.commands: list[tuple[float, str, Any]] = []
        self.lost_answers: list[grpc.StatusCode] = []
        self.slow_orders = 0
        self.token_life_s = token_life_s
        self.logins = self.refreshes = 0
        self.balances: dict[str, dict[str, Decimal]] = {}
        self._credentials = grpc.ssl_server_credentials(
            [(identity.key.read_bytes(), identity.certificate.read_bytes())]
        )
        self._passwords: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._answers: dict[tuple[str, str], orders.PlaceOrderResponse] = {}
        self._on_the_way: list[tuple[str, orders.PlaceOrderRequest]] = []
        self._markets = {symbol: _Market(scales) for symbol, scales in instruments.items()}
        self._numbers = itertools.count(1)
        self._news = asyncio.Condition()
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on 127.0.0.1, on the port it had before; gives host:port."""
        server = grpc.aio.server()
        add_AuthServiceServicer_to_server(self, server)
        add_OrdersServiceServicer_to_server(self, server)
        add_WalletsServiceServicer_to_server(self, server)
        add_SandboxServiceServicer_to_server(self, server)
        add_MarketDataServiceServicer_to_server(self, server)
        self.port = server.add_secure_port(f"127.0.0.1:{self.port}", self._credentials)
        await server.start()
        try:
            yield f"127.0.0.1:{self.port}"
        finally:
            await server.stop(None)

    def open_orders(self, email: str) -> list[Order]:
        """What a user has in the books."""
        markets = self._markets.values()
        return [each.order for market in markets for each in market.resting.values() if each.owner == email]

    def book(self, symbol: str) -> tuple[Side, Side]:
        """The bids and asks of an instrument, best first."""
        market = self._markets[symbol]
        return market.side(kinds.SIDE_BUY), market.side(kinds.SIDE_SELL)

    def trades(self, symbol: str) -> list[Trade]:
        """All trades of an instrument."""
        return self._markets[symbol].trades

    def forbid(self, email: str) -> None:
        """Let the user exist with a password that nobody knows."""
        self._passwords[email] = ""

    def end_tokens(self) -> None:
        """Forget every session."""
        self._tokens.clear()

    async def wait_until(self, met: Any) -> None:
        """Wait until the state meets a condition."""
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(met)

    async def Register(self, request: auth.RegisterRequest, context: Context) -> auth.RegisterResponse:
        if request.email in self._passwords:
            await _refuse(context, "EMAIL_TAKEN")
        self._passwords[request.email] = request.password
        self.balances[request.email] = defaultdict(Decimal)
        return auth.RegisterResponse(user=User(email=request.email))

    async def Login(self, request: auth.LoginRequest, context: Context) -> auth.LoginResponse:
        if self._passwords.get(request.email) != request.password:
            await _refuse(context, "INVALID_CREDENTIALS")
        self.logins += 1
        return auth.LoginResponse(tokens=self._new_tokens(request.email))

    async def RefreshToken(self, request: auth.RefreshTokenRequest, context: Context) -> auth.RefreshTokenResponse:
        email = self._tokens.pop(request.refresh_token, None)
        if email is None:
            await _refuse(context, "REFRESH_TOKEN_INVALID")
        self.refreshes += 1
        return auth.RefreshTokenResponse(tokens=self._new_tokens(email))

    async def ListBalances(
        self, request: wallets.ListBalancesRequest, context: Context
    ) -> wallets.ListBalancesResponse:
        owned = self.balances[await self._caller(context)]
        return wallets.ListBalancesResponse(
            balances=[wallets.Balance(asset=asset, available=str(amount)) for asset, amount in owned.items()]
        )

    async def Fund(self, request: sandbox.FundRequest, context: Context) -> sandbox.FundResponse:
        email = await self._caller(context)
        await self._record("Fund", request)
        self.balances[email][request.asset] += Decimal(request.amount)
        return sandbox.FundResponse()

    async def PlaceOrder(self, request: orders.PlaceOrderRequest, context: Context) -> orders.PlaceOrderResponse:
        email = await self._caller(context)
        if self.slow_orders:
            await self._overtaken(email, request)
        key = email, request.client_order_id
        replayed = key in self._answers
        await self._enter_once(email, request, context)
        await self._record("PlaceOrder", request)
        if self.lost_answers:
            await context.abort(self.lost_answers.pop(), "The answer is lost.")
        answer = self._answers[key]
        answer.replayed = replayed
        return answer

    async def CancelOrder(self, request: orders.CancelOrderRequest, context: Context) -> orders.CancelOrderResponse:
        email = await self._caller(context)
        market, resting = next(self._resting(email, request.order_id), (None, None))
        if market is None or resting is None:
            await _refuse(context, "ORDER_NOT_OPEN")
        del market.resting[request.order_id]
        market.seq += 1
        await self._record("CancelOrder", request)
        return orders.CancelOrderResponse(order=resting.order)

    async def ListOrders(self, request: orders.ListOrdersRequest, context: Context) -> orders.ListOrdersResponse:
        email = await self._caller(context)
        mine = [order for order in self.open_orders(email) if order.instrument == request.instrument]
        while self._on_the_way:
            await self._enter_once(*self._on_the_way.pop(), context)
        return orders.ListOrdersResponse(orders=mine)

    async def StreamBook(
        self, request: market_data.StreamBookRequest, context: Context
    ) -> AsyncIterator[market_data.StreamBookResponse]:
        market = self._markets[request.instrument]
        bids, asks, seq = market.side(kinds.SIDE_BUY), market.side(kinds.SIDE_SELL), market.seq
        snapshot = BookSnapshot(bids=_levels({}, bids), asks=_levels({}, asks))
        yield self._message(market, bids, asks, seq, snapshot=snapshot)
        while True:
            await self._changed(lambda seen=seq: market.seq > seen)
            now_bids, now_asks = market.side(kinds.SIDE_BUY), market.side(kinds.SIDE_SELL)
            update = BookUpdate(prev_seq=seq, bids=_levels(bids, now_bids), asks=_levels(asks, now_asks))
            bids, asks, seq = now_bids, now_asks, market.seq
            yield self._message(market, bids, asks, seq, update=update)

    async def StreamTrades(
        self, request: market_data.StreamTradesRequest, context: Context
    ) -> AsyncIterator[market_data.StreamTradesResponse]:
        market = self._markets[request.instrument]
        sent = len(market.trades)
        yield market_data.StreamTradesResponse(epoch=1, seq=sent)
        while True:
            await self._changed(lambda seen=sent: len(market.trades) > seen)
            fresh = market.trades[sent:]
            sent += len(fresh)
            yield market_data.StreamTradesResponse(epoch=1, seq=sent, trades=fresh)

    def _resting(self, email: str, order_id: str) -> Iterator[tuple[_Market, _Resting]]:
        for market in self._markets.values():
            resting = market.resting.get(order_id)
            if resting is not None and resting.owner == email:
                yield market, resting

    async def _overtaken(self, email: str, order: orders.PlaceOrderRequest) -> None:
        """Let the next list of orders overtake this one, which nobody is answered."""
        self.slow_orders -= 1
        self._on_the_way.append((email, order))
        await self._record("PlaceOrder", order)
        await asyncio.Event().wait()

    async def _enter_once(self, email: str, request: orders.PlaceOrderRequest, context: Context) -> None:
        key = email, request.client_order_id
        if key not in self._answers:
            self._answers[key] = await self._enter(email, request, context)

    async def _enter(
        self, email: str, request: orders.PlaceOrderRequest, context: Context
    ) -> orders.PlaceOrderResponse:
        market = self._markets[request.instrument]
        order = Order(
            order_id=str(next(self._numbers)),
            client_order_id=request.client_order_id,
            instrument=request.instrument,
            side=request.side,
            price=request.price,
            quantity=request.quantity,
            status=kinds.ORDER_STATUS_EXPIRED,
        )
        met = [each for each in market.opposite(request.side) if _meets(request, each.price)]
        if request.post_only and met:
            await _refuse(context, "POST_ONLY_WOULD_CROSS")
        asset, needed = _cost(request)
        if self.balances[email][asset] < needed:
            await _refuse(context, "INSUFFICIENT_FUNDS", asset=asset)
        leaves = self._match(email, request, market, met)
        if not leaves:
            order.status = kinds.ORDER_STATUS_FILLED
        elif request.time_in_force == kinds.TIME_IN_FORCE_GTC:
            order.status = kinds.ORDER_STATUS_NEW
            order.leaves_quantity = str(leaves)
            market.resting[order.order_id] = _Resting(email, order, leaves)
        market.seq += 1
        return orders.PlaceOrderResponse(order=order)

    def _match(self, email: str, request: orders.PlaceOrderRequest, market: _Market, met: list[_Resting]) -> Decimal:
        leaves = Decimal(request.quantity)
        for resting in met:
            traded = min(leaves, resting.leaves)
            if not traded:
                break
            leaves -= traded
            self._settle(email, resting, request.side, traded)
            resting.leaves -= traded
            resting.order.leaves_quantity = str(resting.leaves)
            resting.order.status = kinds.ORDER_STATUS_PARTIALLY_FILLED
            if not resting.leaves:
                del market.resting[resting.order.order_id]
            price, quantity = resting.order.price, str(traded)
            market.trades.append(Trade(price=price, quantity=quantity, taker_side=request.side))
        return leaves

    def _settle(self, taker: str, resting: _Resting, side: int, quantity: Decimal) -> None:
        base = resting.order.instrument.partition("-")[0]
        signed = quantity if side == kinds.SIDE_BUY else -quantity
        self.balances[taker][base] += signed
        self.balances[taker][QUOTE] -= signed * resting.price
        self.balances[resting.owner][base] -= signed
        self.balances[resting.owner][QUOTE] += signed * resting.price

    def _message(
        self, market: _Market, bids: Side, asks: Side, seq: int, **message: Any
    ) -> market_data.StreamBookResponse:
        return market_data.StreamBookResponse(epoch=1, seq=seq, checksum=_checksum(market, bids, asks), **message)

    async def _record(self, name: str, request: Any) -> None:
        self.commands.append((asyncio.get_running_loop().time(), name, request))
        async with self._news:
            self._news.notify_all()

    async def _changed(self, changed: Any) -> None:
        async with self._news:
            await self._news.wait_for(changed)

    def _new_tokens(self, email: str) -> TokenPair:
        number = next(self._numbers)
        tokens = TokenPair(access_token=f"access-{number}", refresh_token=f"refresh-{number}")
        self._tokens[tokens.access_token] = self._tokens[tokens.refresh_token] = email
        tokens.access_token_expire_time.GetCurrentTime()
        tokens.access_token_expire_time.seconds += self.token_life_s
        return tokens

    async def _caller(self, context: Context) -> str:
        bearer = dict(context.invocation_metadata()).get("authorization", "")
        email = self._tokens.get(bearer.removeprefix("Bearer "))
        if email is None:
            await _refuse(context, "SESSION_REVOKED")
        return email


def _meets(request: orders.PlaceOrderRequest, price: Decimal) -> bool:
    if not request.price:
        return True
    limit = Decimal(request.price)
    return price <= limit if request.side == kinds.SIDE_BUY else price >= limit


def _cost(request: orders.PlaceOrderRequest) -> tuple[str, Decimal]:
    if request.side == kinds.SIDE_SELL:
        return request.instrument.partition("-")[0], Decimal(request.quantity)
    return QUOTE, Decimal(request.quantity) * Decimal(request.price or 0)


def _levels(before: Side, now: Side) -> list[PriceLevel]:
    changed = {price: now.get(price, Decimal(0)) for price in before | now if before.get(price) != now.get(price)}
    return [PriceLevel(price=str(price), quantity=str(quantity)) for price, quantity in changed.items()]


def _checksum(market: _Market, bids: Side, asks: Side) -> int:
    price_scale, quantity_scale = market.scales
    levels = [*asks.items(), *bids.items()]
    packed = (struct.pack(">qq", int(p.scaleb(price_scale)), int(q.scaleb(quantity_scale))) for p, q in levels)
    return zlib.crc32(b"".join(packed))


async def _refuse(context: Context, reason: str, **metadata: str) -> NoReturn:
    refusal = RelayedRefusal(reason, f"Refused: {reason}.", metadata=metadata)
    await context.abort(code_of(refusal), refusal.message, trailers_of(refusal))
    raise AssertionError("abort raises")
