"""A demo user through the public API: its tokens, its money, its orders, and servers that fail."""

import asyncio
from decimal import Decimal
from pathlib import Path

import grpc
import pytest

from exchange.auth.v1.auth_service_pb2 import LoginRequest
from exchange.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from exchange.market_data.v1.market_data_service_pb2 import GetBookRequest
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest
from exchange.type.v1.order_pb2 import ORDER_STATUS_NEW, ORDER_TYPE_LIMIT, SIDE_BUY, TIME_IN_FORCE_GTC
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from stack.authority import authority_of
from stack.demo.account import FUNDING, MAKER, DemoAccount, DemoUser
from stack.demo.edge import NoAnswerError, RefusedError, call, open_channel, without_token
from stack.site import Site
from tests.fakes.exchange import FakeExchange
from tests.integration.demo.conftest import Edge


def _account(edge: Edge, user: DemoUser = MAKER) -> DemoAccount:
    return DemoAccount(edge.channel, user, SystemClock(), SystemEntropy())


def _order(price: str = "100.00", quantity: str = "1.0000") -> PlaceOrderRequest:
    return PlaceOrderRequest(
        instrument="BTC-KK99",
        side=SIDE_BUY,
        type=ORDER_TYPE_LIMIT,
        time_in_force=TIME_IN_FORCE_GTC,
        price=price,
        quantity=quantity,
    )


async def test_a_new_user_is_funded_in_every_asset(edge: Edge) -> None:
    await _account(edge).open()
    assert edge.exchange.balances[MAKER.email] == FUNDING


async def test_a_known_user_logs_in_and_is_topped_up_only_where_it_lacks(edge: Edge) -> None:
    await _account(edge).open()
    edge.exchange.balances[MAKER.email]["BTC"] = Decimal(1)
    await _account(edge).open()
    assert edge.exchange.balances[MAKER.email] == FUNDING | {"BTC": FUNDING["BTC"] + 1}


async def test_a_wrong_password_is_final(edge: Edge) -> None:
    await _account(edge).open()
    with pytest.raises(RefusedError, match="INVALID_CREDENTIALS"):
        await _account(edge, DemoUser(MAKER.email, "some other password")).open()


async def test_an_order_is_entered_listed_and_cancelled(edge: Edge) -> None:
    account = _account(edge)
    await account.open()
    order = (await account.place(_order())).order
    assert order.status == ORDER_STATUS_NEW
    assert await account.open_orders("BTC-KK99") == [order]
    await account.cancel(order.order_id)
    await account.cancel(order.order_id)
    assert await account.open_orders("BTC-KK99") == []


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED]
)
async def test_a_lost_answer_is_asked_for_again_under_the_same_id(edge: Edge, code: grpc.StatusCode) -> None:
    account = _account(edge)
    await account.open()
    edge.exchange.lost_answers = [code, code]
    answer = await account.place(_order())
    assert answer.replayed
    sent = [request.client_order_id for _, name, request in edge.exchange.commands if name == "PlaceOrder"]
    assert sent == [answer.order.client_order_id] * 3
    assert len(edge.exchange.open_orders(MAKER.email)) == 1


async def test_ids_of_two_runs_never_meet(edge: Edge) -> None:
    first, second = _account(edge), _account(edge)
    await first.open()
    ids = {(await account.place(_order())).order.client_order_id for account in (first, first, second, second)}
    assert len(ids) == 4


async def test_a_restart_is_waited_for(exchange: FakeExchange, tmp_path: Path) -> None:
    ca_file = authority_of(Site(tmp_path, 0)).certificate
    async with exchange.running() as address:
        channel = open_channel(address, ca_file)
        account = DemoAccount(channel, MAKER, SystemClock(), SystemEntropy())
        await account.open()
    async with asyncio.TaskGroup() as group:
        placing = group.create_task(account.place(_order()))
        # One attempt has met a closed port before the exchange is back on it.
        with pytest.raises(grpc.aio.AioRpcError, match="UNAVAILABLE"):
            await MarketDataServiceStub(channel).GetBook(GetBookRequest(instrument="BTC-KK99"))
        async with exchange.running():
            assert (await placing).order.status == ORDER_STATUS_NEW
    await channel.close()


async def test_an_exchange_that_stays_away_is_given_up(exchange: FakeExchange, tmp_path: Path) -> None:
    async with exchange.running() as address:
        pass
    login = LoginRequest(email=MAKER.email, password=MAKER.password)
    async with open_channel(address, authority_of(Site(tmp_path, 0)).certificate) as channel:
        with pytest.raises(NoAnswerError, match="UNAVAILABLE"):
            await call(AuthServiceStub(channel).Login, login, SystemEntropy(), without_token, patience_s=0.5)


async def test_an_aging_token_is_refreshed(edge: Edge) -> None:
    edge.exchange.token_life_s = 30
    account = _account(edge)
    await account.open()
    assert edge.exchange.logins == 1
    assert edge.exchange.refreshes > 0


async def test_a_refresh_that_is_refused_becomes_a_login(edge: Edge) -> None:
    edge.exchange.token_life_s = 30
    account = _account(edge)
    await account.open()
    edge.exchange.end_tokens()
    await account.open_orders("BTC-KK99")
    assert edge.exchange.logins == 2


async def test_a_revoked_session_becomes_a_login(edge: Edge) -> None:
    account = _account(edge)
    await account.open()
    edge.exchange.end_tokens()
    await account.open_orders("BTC-KK99")
    assert (edge.exchange.logins, edge.exchange.refreshes) == (2, 0)


async def test_a_revoked_session_becomes_one_login_for_all_calls(edge: Edge) -> None:
    account = _account(edge)
    await account.open()
    edge.exchange.end_tokens()
    await asyncio.gather(*(account.open_orders("BTC-KK99") for _ in range(10)))
    assert edge.exchange.logins == 2


async def test_what_lacks_is_named_by_the_refusal(edge: Edge) -> None:
    account = _account(edge)
    await account.open()
    with pytest.raises(RefusedError) as refused:
        await account.place(_order(quantity="100000.0000"))
    assert (refused.value.reason, refused.value.details) == ("INSUFFICIENT_FUNDS", {"asset": "KK99"})
