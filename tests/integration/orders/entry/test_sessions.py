"""What becomes of orders when their session is lost, on a real engine: streams that break, gateways that die.

Time is the engine's. That something does not happen is seen beside something that does, which is due at the same time.
"""

import asyncio

from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import orders_service_pb2 as calls
from exchange.type.v1 import order_pb2 as t
from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.orders.model.session import SessionDraft
from services.orders.model.words import DisconnectScope
from services.orders.peers import EnginePeer
from services.orders.usecases.trading_sessions import TradingSessions
from services.runtime.submitter import Submitter
from tests.integration.orders.entry.client import Entry, Item, entry
from tests.integration.orders.venue import PATIENCE_S, Orders, Venue, limit_order, refused
from tests.unit.orders.samples import ALICE, BOB

SCOPE = t.DisconnectScope


async def open_with_order(stream: Entry, name: str, **options: object) -> None:
    """Open a session and enter an order by it."""
    await stream.open(**options)
    [told] = (await stream.ask(Item(place_order=limit_order(name)))).results
    assert told.order.status == t.ORDER_STATUS_NEW


async def wait_until_cancelled(orders: Orders, name: str, account: int = ALICE) -> None:
    """Wait for the end of an order whose session was lost."""
    async with asyncio.timeout(PATIENCE_S):
        while (order := (await orders.get(account, client_order_id=name)).order).status == t.ORDER_STATUS_NEW:
            pass
    assert order.end_reason == t.ORDER_END_REASON_DISCONNECTED


async def is_open(orders: Orders, name: str, account: int = ALICE) -> bool:
    return (await orders.get(account, client_order_id=name)).order.status == t.ORDER_STATUS_NEW


async def test_a_stream_that_breaks_takes_its_orders_with_it_and_no_others(orders: Orders) -> None:
    await orders.place(client_order_id="by-call")
    async with entry(orders) as other:
        await open_with_order(other, "other", grace_ms=0)
        async with entry(orders) as stream:
            await open_with_order(stream, "lost", grace_ms=0)
        await wait_until_cancelled(orders, "lost")
        assert await is_open(orders, "other")
        assert await is_open(orders, "by-call")


async def test_the_scope_says_what_is_cancelled(orders: Orders) -> None:
    await orders.place(client_order_id="alice")
    await orders.place(BOB, client_order_id="bob")
    async with entry(orders) as nothing:
        await open_with_order(nothing, "nothing", grace_ms=0, scope=SCOPE.DISCONNECT_SCOPE_OFF)
    async with entry(orders, BOB) as account:
        await open_with_order(account, "account", grace_ms=0, scope=SCOPE.DISCONNECT_SCOPE_ACCOUNT)
    await wait_until_cancelled(orders, "bob", BOB)
    await wait_until_cancelled(orders, "account", BOB)
    assert await is_open(orders, "nothing")


async def test_a_session_that_comes_back_within_its_grace_keeps_its_orders(orders: Orders) -> None:
    async with entry(orders) as stream:
        await open_with_order(stream, "back", session_id="7", grace_ms=3_000)
    async with entry(orders) as again:
        await again.open(session_id="7", grace_ms=3_000, heartbeat_timeout_ms=60_000)
        async with entry(orders) as gone:
            await open_with_order(gone, "gone", grace_ms=3_000)
        await wait_until_cancelled(orders, "gone")
        assert await is_open(orders, "back")


async def test_a_stream_that_is_silent_for_too_long_is_lost(orders: Orders) -> None:
    async with entry(orders) as stream:
        await open_with_order(stream, "silent", grace_ms=0, heartbeat_timeout_ms=3_000)
        async with refused() as caught:
            await stream.read()
        assert caught[0].reason == "SESSION_NOT_OPEN"
        await wait_until_cancelled(orders, "silent")


async def test_a_session_that_is_taken_over_leaves_the_stream_before(orders: Orders) -> None:
    async with entry(orders) as before, entry(orders) as after:
        await open_with_order(before, "mine", session_id="7", grace_ms=0)
        await after.open(session_id="7", grace_ms=0)
        async with refused() as caught:
            await before.read()
        assert caught[0].reason == "SESSION_NOT_OPEN"
        async with entry(orders) as lost:
            await open_with_order(lost, "lost", grace_ms=0)
        await wait_until_cancelled(orders, "lost")
        assert await is_open(orders, "mine")


async def test_a_gateway_that_says_nothing_more_loses_its_sessions(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders, venue.mesh.channel("orders", venue.engine_port) as channel:
        submitter = Submitter(channel, SystemClock(), SystemEntropy())
        async with asyncio.TaskGroup() as group:
            running = group.create_task(submitter.run())
            await submitter.ready()
            dying = TradingSessions(EnginePeer(channel, submitter.submit), SystemClock(), SystemEntropy())
            draft = SessionDraft(ALICE, None, DisconnectScope.SESSION, grace_ms=0, heartbeat_timeout_ms=300_000)
            held = await dying.open(draft)
            await orders.place(client_order_id="dead", session_id=str(held.session.session_id))
            await wait_until_cancelled(orders, "dead")
            running.cancel()


async def test_sessions_of_an_engine_that_was_away_have_their_grace_anew(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders, entry(orders) as stream:
        await open_with_order(stream, "kept", grace_ms=10_000)
        await venue.stop_engine()
        await venue.start_engine()
        await orders.healthy()
        assert await is_open(orders, "kept")
        while (answer := await stream.ask(Item(place_order=limit_order("after")))).HasField("refusal"):
            await orders.healthy()
        assert answer.results[0].order.status == t.ORDER_STATUS_NEW


async def test_sessions_by_single_calls(orders: Orders) -> None:
    bearer = orders.bearer()
    opened = {}
    for name in ("heard", "silent", "closed"):
        asked = calls.OpenSessionRequest(scope=SCOPE.DISCONNECT_SCOPE_SESSION, grace_ms=0, heartbeat_timeout_ms=3_000)
        opened[name] = (await orders.stub.OpenSession(asked, metadata=bearer)).session_id
        placed = await orders.place(client_order_id=name, session_id=opened[name])
        assert placed.order.session_id == opened[name]
    await orders.stub.CloseSession(calls.CloseSessionRequest(session_id=opened["closed"]), metadata=bearer)
    async with asyncio.timeout(PATIENCE_S):
        while await is_open(orders, "silent"):
            await orders.stub.Heartbeat(calls.HeartbeatRequest(session_id=opened["heard"]), metadata=bearer)
    assert await is_open(orders, "heard")
    assert await is_open(orders, "closed")
    async with refused() as caught:
        await orders.stub.Heartbeat(calls.HeartbeatRequest(session_id=opened["closed"]), metadata=bearer)
    assert caught[0].reason == "SESSION_NOT_OPEN"
    async with refused() as caught:
        await orders.place(client_order_id="late", session_id=opened["closed"])
    assert caught[0].reason == "SESSION_NOT_OPEN"


async def test_a_session_is_only_its_owners(orders: Orders) -> None:
    asked = calls.OpenSessionRequest(session_id="7", scope=SCOPE.DISCONNECT_SCOPE_SESSION)
    await orders.stub.OpenSession(asked, metadata=orders.bearer())
    async with refused() as caught:
        await orders.stub.CloseSession(calls.CloseSessionRequest(session_id="7"), metadata=orders.bearer(BOB))
    assert caught[0].reason == "SESSION_NOT_OPEN"
    async with refused() as caught:
        await orders.stub.OpenSession(
            calls.OpenSessionRequest(scope=SCOPE.DISCONNECT_SCOPE_OFF, grace_ms=60_001), metadata=orders.bearer()
        )
    assert caught[0].reason == "SESSION_OPTIONS_OUT_OF_RANGE"


async def test_a_token_that_runs_out_is_told_before_and_ends_the_stream(orders: Orders) -> None:
    now_s = orders.entry.now_ns() // 1_000_000_000
    async with entry(orders, exp=now_s + 4) as stream:
        await stream.open()
        going = (await stream.read()).going_away
        assert going.reason == reason_pb2.REASON_TOKEN_EXPIRED
        assert going.reconnect_by.seconds == now_s + 4
        async with refused() as caught:
            await stream.read()
    assert caught[0].reason == "TOKEN_EXPIRED"


async def test_a_drain_is_told_ten_seconds_ahead(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders, entry(orders) as stream:
        await stream.open()
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(orders.entry.drain())
            going = (await stream.read()).going_away
            ahead_ns = going.reconnect_by.ToNanoseconds() - orders.entry.now_ns()
            assert going.reason == reason_pb2.REASON_DRAINING
            assert ahead_ns > 10_000_000_000
            assert not draining.done()
            await stream.close()
            await stream.ended()
