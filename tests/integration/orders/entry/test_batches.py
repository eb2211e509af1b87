"""Order entry by stream, on a real engine: what batches do, and how streams end."""

from google.rpc import error_details_pb2, status_pb2

from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import orders_service_pb2 as calls
from exchange.type.v1 import order_pb2 as t
from services.runtime.refusals import status_of
from tests.integration.orders.entry.client import Item, entry
from tests.integration.orders.venue import Orders, Venue, limit_order, refused
from tests.unit.orders.samples import BOB


def place(client_order_id: str = "one", **changes: object) -> Item:
    return Item(place_order=limit_order(client_order_id, **changes))


async def test_items_act_in_their_order_and_each_has_its_result(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open()
        result = await stream.ask(
            place("buy"),
            place("bad", price="1.001"),
            Item(amend_order=calls.AmendOrderRequest(client_order_id="buy", instrument="BTC-KK99", price="99")),
            Item(cancel_order=calls.CancelOrderRequest(client_order_id="buy")),
            place("again"),
            Item(mass_cancel=calls.MassCancelRequest(instrument="BTC-KK99")),
        )
        told = result.results
        assert [each.reason for each in told] == [0, reason_pb2.REASON_PRICE_NOT_ON_TICK, 0, 0, 0, 0]
        assert (told[2].order.price, told[3].order.status) == ("99.00", t.ORDER_STATUS_CANCELLED)
        assert told[5].cancelled_count == 1
        numbers = [int(each.engine_seq) for each in told if each.engine_seq]
        assert numbers == list(range(numbers[0], numbers[0] + 5))


async def test_a_refused_item_is_refused_as_the_call_would_be(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open()
        for changes in ({"instrument": "ETH-KK99"}, {"price": "1.001"}, {"client_order_id": "a b"}, {"quantity": "0"}):
            request = limit_order(**{"client_order_id": "x", **changes})
            [told] = (await stream.ask(Item(place_order=request))).results
            async with refused() as caught:
                await orders.stub.PlaceOrder(request, metadata=orders.bearer())
            assert details_of(told.refusal) == details_of(status_of(caught[0]))


def details_of(status: status_pb2.Status) -> object:
    """Read a refusal; its facts may travel in any order."""
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        assert detail.Unpack(info) or detail.Unpack(bad_request)
    return status.code, status.message, info, bad_request


async def test_a_batch_repeated_on_a_new_stream_acts_once(orders: Orders) -> None:
    items = [place("a"), place("b"), place("a", price="98")]
    first, second = [], []
    for results in (first, second):
        async with entry(orders) as stream:
            await stream.open(session_id="7")
            results.extend((await stream.ask(*items)).results)
    assert [each.replayed for each in second] == [True, True, False]
    assert [each.order.order_id for each in first[:2]] == [each.order.order_id for each in second[:2]]
    assert second[2].reason == reason_pb2.REASON_CLIENT_ORDER_ID_REUSED


async def test_all_or_none(orders: Orders) -> None:
    together = pb.ACCEPTANCE_ALL_OR_NONE
    async with entry(orders) as stream:
        await stream.open()
        refused_batch = await stream.ask(place("a"), place("b", quantity="99999"), acceptance=together)
        assert [each.reason for each in refused_batch.results] == [
            reason_pb2.REASON_BATCH_REFUSED,
            reason_pb2.REASON_INSUFFICIENT_FUNDS,
        ]
        entered = await stream.ask(place("a"), place("b"), acceptance=together)
        assert [each.order.status for each in entered.results] == [t.ORDER_STATUS_NEW] * 2


async def test_modes_say_more_and_more(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open()
        [ack] = (await stream.ask(place("a"), response_mode=pb.RESPONSE_MODE_ACK)).results
        assert ack.order_id
        assert not ack.status
        cancel = Item(cancel_order=calls.CancelOrderRequest(order_id=ack.order_id))
        [result] = (await stream.ask(cancel, response_mode=pb.RESPONSE_MODE_RESULT)).results
        assert (result.order_id, result.status, result.price) == (ack.order_id, t.ORDER_STATUS_CANCELLED, "100.00")
        assert not result.HasField("order")


async def test_fills_are_told(orders: Orders) -> None:
    async with entry(orders) as mine, entry(orders, BOB) as theirs:
        await mine.open()
        await theirs.open()
        await mine.ask(place("buy"))
        [told] = (await theirs.ask(place("sell", side=t.SIDE_SELL))).results
        assert [(each.price, each.quantity) for each in told.fills] == [("100.00", "0.5000")]


async def test_a_stream_begins_with_its_session(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.send(place())
        async with refused() as caught:
            await stream.read()
    assert caught[0].reason == "INVALID_FIELD"


async def test_what_came_before_garbage_is_answered(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open()
        await stream.send(place("a"))
        await stream.stream.write(pb.OrderEntryRequest())
        assert (await stream.read()).batch.results[0].order.status == t.ORDER_STATUS_NEW
        async with refused() as caught:
            await stream.read()
    assert caught[0].reason == "INVALID_FIELD"


async def test_a_batch_of_nothing_is_refused_and_the_stream_goes_on(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open()
        assert (await stream.ask()).HasField("refusal")
        await stream.heartbeat()


async def test_a_closed_session_leaves_its_orders(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open(grace_ms=0)
        await stream.ask(place("stays"))
        assert int((await stream.close()).engine_seq) > 0
        await stream.ended()
    told = await orders.get(client_order_id="stays")
    assert told.order.status == t.ORDER_STATUS_NEW


async def test_who_may_only_read_enters_nothing(orders: Orders) -> None:
    async with entry(orders, scopes="orders:read") as stream, refused() as caught:
        await stream.open()
    assert caught[0].reason == "SCOPE_MISSING"


async def test_without_an_engine_a_batch_is_refused_and_may_be_repeated(venue: Venue) -> None:
    async with venue.orders(entry={}) as orders, entry(orders) as stream:
        await stream.open(heartbeat_timeout_ms=60_000)
        await venue.stop_engine()
        result = await stream.ask(place("a"))
        assert result.HasField("refusal")
        await venue.start_engine()
        await orders.healthy()
        while (result := await stream.ask(place("a"))).HasField("refusal"):
            await orders.healthy()
        assert result.results[0].order.status == t.ORDER_STATUS_NEW


async def test_an_answer_tells_when_its_batch_had_its_turn_and_the_hops_are_measured(orders: Orders) -> None:
    async with entry(orders) as stream:
        await stream.open()
        await stream.send(place("a"), place("b"))
        turn = (await stream.read()).turn
        times = [turn.gateway_time_ns, turn.sequenced_time_ns, turn.matched_time_ns]
        assert times == sorted(times)
        assert 0 < turn.gateway_time_ns <= orders.entry.now_ns()
        await stream.send(place("c", price="1.001"))
        assert not (await stream.read()).HasField("turn")
        await stream.heartbeat()
    measured = orders.entry.process.telemetry.registry.get_sample_value
    for hop in ("sequenced", "matched", "answered"):
        assert measured("exchange_orders_hop_seconds_count", {"hop": hop}) == 1
