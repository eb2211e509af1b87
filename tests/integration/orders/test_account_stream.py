"""Private streams of the service, with a real engine and a real PostgreSQL."""

import pytest

from exchange.orders.v1 import account_event_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.kernel.refusal import Refusal
from tests.integration.orders.subscriber import Subscriber, follow
from tests.integration.orders.test_projection import CUT_ALL, database, market
from tests.integration.orders.venue import Orders, Venue
from tests.unit.orders.samples import ALICE, BOB, STRANGER


def kinds(subscriber: Subscriber) -> list[str]:
    return [event.WhichOneof("event") or "" for event in subscriber.events]


async def trade(orders: Orders, name: str = "trade") -> None:
    """Let Bob sell 0.2 at 100.00 to Alice."""
    await orders.place(BOB, client_order_id=f"{name}-sell", side=t.SIDE_SELL, quantity="0.2")
    await orders.place(ALICE, client_order_id=f"{name}-buy", quantity="0.2")


async def test_a_life_is_told_from_its_first_event(orders: Orders) -> None:
    await trade(orders)
    alice = Subscriber()
    async with alice.stream(orders, resume=False) as stream:
        messages = await stream.snapshot()
    begin, part = messages[0], messages[1].snapshot_part
    assert begin.account_seq > 0
    assert {balance.asset: balance.available for balance in part.balances} == {
        "KK99": "999979.980000",
        "BTC": "1000.20000000",
    }
    life = Subscriber()
    life.epoch = alice.epoch
    async with life.stream(orders) as stream:
        await stream.until(begin.account_seq)
    assert [event.account_seq for event in life.events] == list(range(1, begin.account_seq + 1))
    fills = [event.order_update for event in life.events if event.order_update.HasField("fill")]
    assert [(update.cause, update.fill.quantity, update.fill.fee) for update in fills] == [
        (pb.ORDER_UPDATE_CAUSE_FILLED, "0.2000", "0.020000")
    ]
    transfers = [event.balance_update for event in life.events if event.balance_update.kind == 1]
    assert sorted((update.balance.asset, update.amount) for update in transfers) == [
        ("BTC", "1000.00000000"),
        ("KK99", "1000000.000000"),
    ]


async def test_what_the_stream_tells_comes_to_what_a_snapshot_says(orders: Orders) -> None:
    alice = Subscriber()
    async with alice.stream(orders, resume=False) as stream:
        await stream.snapshot()
        await trade(orders)
        await orders.place(client_order_id="open", price="99")
        placed = await orders.place(client_order_id="gone", price="98")
        await orders.cancel(order_id=placed.order.order_id)
        other = Subscriber()
        async with other.stream(orders, resume=False) as again:
            messages = await again.snapshot()
        await stream.until(other.seq)
    parts = [message.snapshot_part for message in messages if message.HasField("snapshot_part")]
    balances = {
        u.balance_update.balance.asset: u.balance_update.balance for u in alice.events if u.HasField("balance_update")
    }
    told = {balance.asset: balance for part in parts for balance in part.balances}
    for balance in told.values():
        balance.ClearField("unsettled")  # only a snapshot says it
    assert balances == told
    seen = {u.order_update.order.order_id: u.order_update.order for u in alice.events if u.HasField("order_update")}
    live = {number: order for number, order in seen.items() if order.status == t.ORDER_STATUS_NEW}
    assert live == {order.order_id: order for part in parts for order in part.open_orders}
    assert [order.client_order_id for order in live.values()] == ["open"]


async def test_events_are_told_while_the_history_stands_still(venue: Venue, orders: Orders) -> None:
    alice = Subscriber()
    async with database(venue) as obstacle, alice.stream(orders, resume=False) as stream:
        await stream.snapshot()
        async with obstacle.transaction():
            await obstacle.execute("LOCK TABLE consumer_position IN ACCESS EXCLUSIVE MODE")
            placed = await orders.place()
            while not any(event.order_update.order.order_id == placed.order.order_id for event in alice.events):
                await stream.next()
            seq, epoch = alice.seq, alice.epoch
            back = Subscriber()
            back.seq, back.epoch = seq - 1, epoch
            async with back.stream(orders) as resumed:
                await resumed.until(seq)
    assert kinds(back) == kinds(alice)[-1:]


async def test_orders_cancelled_by_the_guard_of_a_group_are_told_with_the_match_that_was_prevented(
    orders: Orders,
) -> None:
    alice = Subscriber()
    async with alice.stream(orders, resume=False) as stream:
        await stream.snapshot()
        await orders.place(client_order_id="rests")
        await orders.place(client_order_id="meets", side=t.SIDE_SELL)
        while not (kinds(alice).count("order_update") == 3 and "prevented_match" in kinds(alice)):
            await stream.next()
        await orders.mass_cancel()
        while "mass_cancel_update" not in kinds(alice):
            await stream.next()
    updates = [event.order_update for event in alice.events if event.HasField("order_update")]
    ended = [(update.order.client_order_id, update.order.end_reason) for update in updates if update.order.end_reason]
    assert ended == [
        ("rests", t.ORDER_END_REASON_SELF_TRADE),
        ("meets", t.ORDER_END_REASON_MASS_CANCEL),
    ]
    done = next(event.mass_cancel_update for event in alice.events if event.HasField("mass_cancel_update"))
    assert (done.cause, done.cancelled_count) == (pb.MASS_CANCEL_CAUSE_REQUESTED, 1)


async def test_a_gateway_that_starts_anew_tells_what_was_missed(venue: Venue) -> None:
    alice = Subscriber()
    async with venue.orders() as orders:
        async with alice.stream(orders, resume=False) as stream:
            await stream.snapshot()
        await trade(orders, "first")
    async with venue.orders() as orders:
        await trade(orders, "second")
        other = Subscriber()
        async with other.stream(orders, resume=False) as stream:
            await stream.snapshot()
        async with alice.stream(orders) as stream:
            await stream.until(other.seq)
    assert kinds(alice).count("order_update") == 4  # accepted and filled, twice


async def test_a_stream_outlives_the_engine_and_the_database(venue: Venue) -> None:
    alice = Subscriber()
    async with venue.orders() as orders, alice.stream(orders, resume=False) as stream, database(venue) as tables:
        await stream.snapshot()
        await tables.execute(CUT_ALL)
        await venue.stop_engine()
        await venue.start_engine()
        await orders.healthy()
        await orders.place()
        while "order_update" not in kinds(alice):
            await stream.next()


async def test_a_quiet_stream_gives_signs_of_life(orders: Orders) -> None:
    alice = Subscriber()
    async with alice.stream(orders, resume=False) as stream:
        await stream.snapshot()
        for _ in range(2):
            assert (await stream.next()).heartbeat.current_seq == alice.seq
    assert alice.heartbeats == 3


@pytest.mark.parametrize(("account", "epoch", "seq", "reason"), [
    (ALICE, 1, 10**6, "RESUME_UNKNOWN"),
    (ALICE, 77, 1, "RESUME_UNKNOWN"),
    (STRANGER, 1, 0, "UNKNOWN_ACCOUNT"),
])  # fmt: skip
async def test_what_cannot_be_followed_is_refused(
    orders: Orders, account: int, epoch: int, seq: int, reason: str
) -> None:
    lost = Subscriber(account)
    lost.epoch, lost.seq = epoch, seq
    async with lost.stream(orders) as stream:
        with pytest.raises(Refusal) as refusal:
            await stream.next()
    assert refusal.value.reason == reason


async def test_a_reader_that_does_not_read_is_ended_and_goes_on_where_it_stood(venue: Venue) -> None:
    alice, other = Subscriber(), Subscriber()
    async with market(venue) as trading, venue.orders(recent_events_bytes=100_000) as orders:
        async with alice.stream(orders, resume=False) as stream:
            await stream.snapshot()
            for _ in range(4):
                await trading.trade(500)
            refusal = await stream.end()
        assert (refusal.reason, refusal.metadata["last_seq"]) == ("SLOW_CONSUMER", str(alice.seq))
        async with other.stream(orders, resume=False) as again:
            await again.snapshot()
        await follow(alice, orders, other.seq)
    assert alice.events[-1].account_seq == other.seq
