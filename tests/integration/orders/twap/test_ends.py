"""What ends a TWAP before its time: its owner, a mass cancel, a guard, a lost session, an operator, a refused slice."""

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_command_pb2 import SetAccount
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import account_pb2 as account
from exchange.type.v1 import order_pb2 as t
from tests.contract.orders.engines import operator
from tests.integration.orders.entry.client import Item, entry
from tests.integration.orders.twap.clockwork import INTERVAL_S, Spread, let_pass, slices_of
from tests.integration.orders.venue import Orders, Venue, refused
from tests.unit.orders.samples import ALICE, BOB


async def started(venue: Venue, orders: Orders, name: str = "spread", **changes: object) -> Spread:
    """Enter one, and wait for its first slice."""
    spread = Spread(orders, venue.dsn, name)
    await spread.enter(**changes)
    await spread.sent(1)
    return spread


async def test_its_owner_ends_it_once(venue: Venue, orders: Orders) -> None:
    await orders.place(BOB, client_order_id="offer", side=t.SIDE_SELL, quantity="1")
    spread = await started(venue, orders)
    ended = await orders.cancel(client_order_id="spread", request_id="c1")
    assert (ended.order.status, ended.order.end_reason) == (t.ORDER_STATUS_CANCELLED, t.ORDER_END_REASON_REQUESTED)
    assert (ended.order.cum_quantity, ended.order.cancelled_quantity) == ("0.0100", "0.0900")
    again = await orders.cancel(client_order_id="spread", request_id="c1")
    assert (again.order, again.replayed) == (ended.order, True)
    for target in ({"client_order_id": "spread"}, {"order_id": ended.order.order_id}):
        async with refused() as refusals:
            await orders.cancel(**target)
        assert (refusals[0].reason, refusals[0].metadata["status"]) == ("ORDER_NOT_OPEN", "CANCELLED")
    await let_pass(venue.dsn, 10 * INTERVAL_S)
    assert (await spread.now()) == ended.order
    assert len(await slices_of(venue.dsn)) == 1


async def test_a_mass_cancel_ends_what_it_meets_and_counts_it(venue: Venue, orders: Orders) -> None:
    buys = await started(venue, orders, "buys", tag=1)
    sells = await started(venue, orders, "sells", side=t.SIDE_SELL, price="110", tag=2)
    await orders.place(client_order_id="resting", price="90", tag=1)
    done = await orders.mass_cancel(tag=1, request_id="m1")
    assert done.cancelled_count == 2
    ended = await buys.now()
    assert (ended.status, ended.end_reason) == (t.ORDER_STATUS_CANCELLED, t.ORDER_END_REASON_MASS_CANCEL)
    assert (await sells.now()).status == t.ORDER_STATUS_NEW
    later = await started(venue, orders, "later", tag=1)
    again = await orders.mass_cancel(tag=1, request_id="m1")
    assert (again.cancelled_count, again.replayed) == (2, True)
    assert (await later.now()).status == t.ORDER_STATUS_NEW
    assert (await orders.mass_cancel(instrument="BTC-KK99")).cancelled_count == 2
    assert (await sells.now()).end_reason == (await later.now()).end_reason == t.ORDER_END_REASON_MASS_CANCEL


async def test_a_kill_switch_ends_it(venue: Venue, orders: Orders) -> None:
    spread = await started(venue, orders)
    await halt(venue, cancel_orders=True)
    ended = await spread.now()
    assert (ended.status, ended.end_reason) == (t.ORDER_STATUS_CANCELLED, t.ORDER_END_REASON_KILL_SWITCH)


async def test_a_halted_account_has_its_next_slice_refused(venue: Venue, orders: Orders) -> None:
    spread = await started(venue, orders)
    await halt(venue, cancel_orders=False)
    await let_pass(venue.dsn, INTERVAL_S)
    ended = await spread.ended()
    assert (ended.end_reason, ended.reject_reason) == (t.ORDER_END_REASON_SLICE_REFUSED, "TRADING_STATE")
    assert [row["reason"] for row in await slices_of(venue.dsn)] == ["", "TRADING_STATE"]


async def test_it_ends_when_its_funds_have_gone(venue: Venue, orders: Orders) -> None:
    spread = await started(venue, orders, side=t.SIDE_SELL, price="110")
    await orders.place(client_order_id="all", side=t.SIDE_SELL, price="120", quantity="1000")
    await let_pass(venue.dsn, INTERVAL_S)
    ended = await spread.ended()
    assert (ended.status, ended.reject_reason) == (t.ORDER_STATUS_CANCELLED, "INSUFFICIENT_FUNDS")


async def test_a_guard_that_fires_ends_it(venue: Venue, orders: Orders) -> None:
    spread = await started(venue, orders)
    await orders.cancel_all_after(timeout_s=5)
    assert (await spread.ended()).end_reason == t.ORDER_END_REASON_CANCEL_ALL_AFTER


async def test_a_mass_cancel_on_the_stream_ends_what_it_meets(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders, entry(orders) as stream:
        await stream.open()
        buys = await started(venue, orders, "buys", tag=1)
        sells = await started(venue, orders, "sells", side=t.SIDE_SELL, price="110", tag=2)
        [done] = (await stream.ask(Item(mass_cancel=pb.MassCancelRequest(instrument="BTC-KK99", tag=1)))).results
        assert done.cancelled_count == 0  # of orders
        ended = await buys.now()
        assert (ended.status, ended.end_reason) == (t.ORDER_STATUS_CANCELLED, t.ORDER_END_REASON_MASS_CANCEL)
        assert (await sells.now()).status == t.ORDER_STATUS_NEW
        await let_pass(venue.dsn, INTERVAL_S)
        assert (await sells.sent(2)).status == t.ORDER_STATUS_NEW
        assert await buys.now() == ended


async def test_a_lost_session_ends_what_its_scope_says(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders:
        free = await started(venue, orders, "free")
        bobs = Spread(orders, venue.dsn, "bobs", BOB)
        await bobs.enter(side=t.SIDE_SELL, price="110")
        async with entry(orders) as nothing:
            await nothing.open(session_id="1", scope=t.DISCONNECT_SCOPE_OFF, grace_ms=0)
            kept = await started(venue, orders, "kept", session_id="1")
        async with entry(orders) as own:
            await own.open(session_id="2", scope=t.DISCONNECT_SCOPE_SESSION, grace_ms=0)
            bound = await started(venue, orders, "bound", session_id="2")
        assert (await bound.ended()).end_reason == t.ORDER_END_REASON_DISCONNECTED
        assert (await free.now()).status == (await kept.now()).status == t.ORDER_STATUS_NEW
        async with entry(orders) as whole:
            await whole.open(scope=t.DISCONNECT_SCOPE_ACCOUNT, grace_ms=0)
        assert (await free.ended()).end_reason == t.ORDER_END_REASON_DISCONNECTED
        assert (await kept.now()).end_reason == t.ORDER_END_REASON_DISCONNECTED
        assert (await bobs.now()).status == t.ORDER_STATUS_NEW


async def test_it_ends_with_its_session_and_not_with_another(venue: Venue, orders: Orders) -> None:
    for number in ("1", "2"):
        opened = pb.OpenSessionRequest(
            session_id=number,
            scope=t.DISCONNECT_SCOPE_SESSION,
            grace_ms=0,
            heartbeat_timeout_ms=3_000 * int(number) ** 6,
        )
        await orders.stub.OpenSession(opened, metadata=orders.bearer())
    bound = await started(venue, orders, "bound", session_id="1")
    free = await started(venue, orders, "free", session_id="2")
    assert (await bound.ended()).end_reason == t.ORDER_END_REASON_DISCONNECTED
    assert (await free.now()).status == t.ORDER_STATUS_NEW


async def test_a_session_that_is_closed_leaves_it(venue: Venue, orders: Orders) -> None:
    opened = pb.OpenSessionRequest(session_id="1", scope=t.DISCONNECT_SCOPE_SESSION, grace_ms=0)
    await orders.stub.OpenSession(opened, metadata=orders.bearer())
    spread = await started(venue, orders, session_id="1")
    await orders.stub.CloseSession(pb.CloseSessionRequest(session_id="1"), metadata=orders.bearer())
    await let_pass(venue.dsn, INTERVAL_S)
    assert (await spread.sent(2)).status == t.ORDER_STATUS_NEW


async def halt(venue: Venue, *, cancel_orders: bool) -> None:
    """Let an operator halt Alice."""
    async with operator(venue.mesh, venue.engine_port) as channel:
        halted = SetAccount(account_id=ALICE, trading_state=account.TRADING_STATE_HALTED, cancel_orders=cancel_orders)
        await AdminServiceStub(channel).SetAccount(admin.SetAccountRequest(account=halted))
