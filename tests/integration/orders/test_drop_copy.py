"""Drop copies of the service, with a real engine and a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable

import grpc
import pytest

from exchange.orders.v1 import account_event_pb2 as pb
from exchange.orders.v1 import account_stream_pb2 as s
from exchange.orders.v1 import orders_service_pb2 as o
from exchange.orders.v1.order_entry_service_pb2_grpc import OrderEntryServiceStub
from exchange.type.v1 import order_pb2 as t
from services.kernel.firm import subaccount
from services.kernel.ids import AccountId
from services.kernel.refusal import Refusal
from services.runtime.refusals import refusal_of
from tests.contract.orders.engines import operator
from tests.integration.orders.firm import DROP_COPY, FIRM, ONE, THREE, TWO, FirmSubscriber, Funds, until
from tests.integration.orders.subscriber import Subscriber
from tests.integration.orders.venue import Orders, Venue, limit_order, refused
from tests.unit.orders.samples import BOB

BOBS_ONE = subaccount(BOB, 1)


@pytest.fixture
async def funds(venue: Venue) -> AsyncIterator[Funds]:
    """Give the firm two funded sub-accounts, and another firm one."""
    async with operator(venue.mesh, venue.engine_port) as channel:
        funds = Funds(channel)
        for account in (ONE, TWO, BOBS_ONE):
            await funds.open(account)
        yield funds


async def trade(orders: Orders, buyer: AccountId, seller: AccountId, name: str) -> None:
    await orders.place(seller, client_order_id=f"{name}-sell", side=t.SIDE_SELL, quantity="0.2")
    await orders.place(buyer, client_order_id=f"{name}-buy", quantity="0.2")


async def end_of(account: AccountId, orders: Orders) -> int:
    """Tell the number of an account's last event."""
    now = Subscriber(account)
    async with now.stream(orders, resume=False) as stream:
        await stream.snapshot()
    return now.seq


async def test_every_account_of_the_firm_is_told_as_its_own_stream_tells_it(orders: Orders, funds: Funds) -> None:
    firm = FirmSubscriber()
    async with firm.stream(orders, resume=False) as stream:
        messages = await stream.snapshot()
        assert [int(m.account_id) for m in messages if m.HasField("snapshot_end")] == [FIRM, ONE, TWO]
        for number, buyer in enumerate((FIRM, ONE, TWO, ONE)):
            await trade(orders, buyer, BOB, f"t{number}")
        ends = {account: await end_of(account, orders) for account in (FIRM, ONE, TWO)}
        await until(stream, firm, firm=ends[FIRM], one=ends[ONE], two=ends[TWO])
    for account, end in ends.items():
        own = Subscriber(account)
        own.epoch, own.seq = firm.epoch, end - len(firm.accounts[account].events)
        async with own.stream(orders) as stream:
            await stream.until(end)
        assert own.events == firm.accounts[account].events
    assert set(firm.accounts) == {FIRM, ONE, TWO}


async def test_a_sub_account_opened_while_it_lasts_joins(orders: Orders, funds: Funds) -> None:
    firm = FirmSubscriber()
    async with firm.stream(orders, resume=False) as stream:
        await stream.snapshot()
        await funds.open(THREE)
        await trade(orders, THREE, BOB, "third")
        await until(stream, firm, three=await end_of(THREE, orders))
    events = firm.accounts[THREE].events
    assert [event.account_seq for event in events] == list(range(1, len(events) + 1))
    assert sum(event.order_update.HasField("fill") for event in events) == 1
    async with firm.stream(orders) as stream:
        heartbeat = (await stream.next()).heartbeat
    assert {int(place.account_id) for place in heartbeat.places} == {FIRM, ONE, TWO, THREE}


async def test_what_a_client_missed_comes_after_a_restart_from_the_history(venue: Venue, funds: Funds) -> None:
    firm = FirmSubscriber()
    async with venue.orders() as orders:
        async with firm.stream(orders, resume=False) as stream:
            await stream.snapshot()
        for number, buyer in enumerate((ONE, TWO, FIRM)):
            await trade(orders, buyer, BOB, f"missed{number}")
        ends = {account: await end_of(account, orders) for account in (FIRM, ONE, TWO)}
    async with venue.orders() as orders, firm.stream(orders) as stream:
        await until(stream, firm, firm=ends[FIRM], one=ends[ONE], two=ends[TWO])


async def test_two_accounts_of_a_firm_never_trade_with_each_other_and_the_drop_copy_tells_both_sides(
    orders: Orders, funds: Funds
) -> None:
    firm = FirmSubscriber()
    async with firm.stream(orders, resume=False) as stream:
        await stream.snapshot()
        rests = await orders.place(ONE, client_order_id="rests", side=t.SIDE_SELL, quantity="0.2")
        takes = await orders.place(TWO, client_order_id="takes", quantity="0.2")
        ends = {account: await end_of(account, orders) for account in (ONE, TWO)}
        await until(stream, firm, one=ends[ONE], two=ends[TWO])
    assert (takes.order.status, len(takes.fills)) == (t.ORDER_STATUS_NEW, 0)
    told = {account: firm.accounts[account].events for account in (ONE, TWO)}
    for events in told.values():
        (match,) = [event.prevented_match for event in events if event.HasField("prevented_match")]
        assert (match.maker_order_id, match.taker_order_id) == (rests.order.order_id, takes.order.order_id)
        assert (match.maker_account_id, match.taker_account_id) == (str(ONE), str(TWO))
        assert not any(event.order_update.HasField("fill") for event in events)
    ended = [e.order_update for e in told[ONE] if e.order_update.cause == pb.ORDER_UPDATE_CAUSE_CANCELLED]
    assert [update.order.end_reason for update in ended] == [t.ORDER_END_REASON_SELF_TRADE]


async def reason(call: Awaitable[object]) -> str:
    async with refused() as caught:
        await call
    return caught[0].reason


async def test_its_token_opens_nothing_else(venue: Venue, funds: Funds) -> None:
    narrow = venue.mesh.bearer(FIRM, DROP_COPY)
    async with venue.orders(entry={}) as orders:
        placed = await orders.place(FIRM)
        order_id = placed.order.order_id
        stub = orders.stub
        calls: list[tuple[object, object]] = [
            (stub.PlaceOrder, limit_order("two")),
            (stub.PreviewOrder, o.PreviewOrderRequest(order=limit_order("three"))),
            (stub.CancelOrder, o.CancelOrderRequest(order_id=order_id)),
            (stub.AmendOrder, o.AmendOrderRequest(order_id=order_id, quantity="0.4")),
            (stub.MassCancel, o.MassCancelRequest()),
            (stub.CancelAllAfter, o.CancelAllAfterRequest(timeout_s=0)),
            (stub.OpenSession, o.OpenSessionRequest(session_id="1")),
            (stub.GetOrder, o.GetOrderRequest(order_id=order_id)),
            (stub.ListOrders, o.ListOrdersRequest()),
        ]
        for method, request in calls:
            assert await reason(method(request, metadata=narrow)) == "SCOPE_MISSING"  # type: ignore[operator]
        entry = OrderEntryServiceStub(orders.entry.channel).OrderEntry(metadata=narrow)
        assert await reason(entry.read()) == "SCOPE_MISSING"
        single = stub.StreamAccount(s.StreamAccountRequest(), metadata=narrow)
        assert await reason(single.read()) == "SCOPE_MISSING"
        assert (await orders.get(FIRM, order_id=order_id)).order == placed.order


@pytest.mark.parametrize(
    ("account", "scopes"),
    [(FIRM, "orders:read orders:write account:read"), (ONE, DROP_COPY), (TWO, f"{DROP_COPY} orders:read")],
)
async def test_nobody_follows_the_firm_without_the_scope_or_as_a_sub_account(
    orders: Orders, funds: Funds, account: AccountId, scopes: str
) -> None:
    firm = FirmSubscriber(account)
    async with firm.stream(orders, resume=False, scopes=scopes) as stream:
        with pytest.raises(Refusal) as caught:
            await stream.next()
    assert (caught.value.reason, caught.value.metadata["scope"]) == ("SCOPE_MISSING", DROP_COPY)


@pytest.mark.parametrize("account", [BOB, BOBS_ONE, subaccount(BOB, 2), subaccount(FIRM, 9)])
async def test_a_place_in_an_account_that_is_not_the_firm_s_is_refused_alike(
    orders: Orders, funds: Funds, account: AccountId
) -> None:
    firm = FirmSubscriber()
    async with firm.stream(orders, resume=False) as stream:
        await stream.snapshot()
    firm.accounts[account] = Subscriber(account)
    async with firm.stream(orders) as stream:
        assert (await stream.end()).reason == "RESUME_UNKNOWN"


async def test_a_request_says_one_way_to_resume_and_names_each_account_once(orders: Orders) -> None:
    place = s.AccountPlace(account_id=str(FIRM))
    for request in (
        s.StreamAccountRequest(resume=s.AccountResume(), firm=s.FirmFollow()),
        s.StreamAccountRequest(firm=s.FirmFollow(resume=s.FirmResume(places=[place, place]))),
        s.StreamAccountRequest(firm=s.FirmFollow(resume=s.FirmResume(places=[s.AccountPlace(account_id="one")]))),
    ):
        call = orders.stub.StreamAccount(request, metadata=orders.bearer(FIRM, f"{DROP_COPY} orders:read"))
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call.read()
        assert refusal_of(error.value).reason == "INVALID_FIELD"
