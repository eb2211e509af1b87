"""The codec reads a request as the call for one request does: the same command to the byte, or the same refusal."""

import pytest

from exchange.engine.v1 import command_pb2
from exchange.orders.v1 import order_entry_service_pb2 as entry_pb
from exchange.orders.v1 import order_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.kernel.refusal import InvalidField, Refusal
from services.runtime.refusals import status_of
from services.runtime.validation import FieldRules
from tests.unit.orders.entry_samples import Chance, batch_of, by_call, by_stream, item_of

REQUESTS = 6_000
MUTANTS = 6_000


def told(outcome: bytes | Refusal) -> object:
    if isinstance(outcome, Refusal):
        violations = getattr(outcome, "violations", ())
        return outcome.reason, outcome.message, dict(outcome.metadata), violations, outcome.retry_after_ms
    return outcome


def needs_an_instrument(request: object) -> bool:
    return isinstance(request, pb.AmendOrderRequest) and not request.instrument


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_write_the_same_command_or_tell_the_same_refusal(seed: int) -> None:
    chance = Chance(seed)
    taken = 0
    for _ in range(REQUESTS // 4):
        request = chance.request()
        if needs_an_instrument(request):
            continue
        wire = request.SerializeToString()
        stream = by_stream(type(request), wire)
        assert told(stream) == told(by_call(type(request), wire)), request
        taken += isinstance(stream, bytes)
    assert REQUESTS // 16 < taken < REQUESTS // 4  # both outcomes are common


@pytest.mark.parametrize("seed", range(4))
def test_bytes_that_no_client_library_writes_are_read_the_same_way(seed: int) -> None:
    chance = Chance(100 + seed)
    for _ in range(MUTANTS // 4):
        request = chance.request()
        wire = chance.mutated(request.SerializeToString())
        stream = by_stream(type(request), wire)
        if isinstance(stream, InvalidField) and any(
            each.field in ("validate_only", "instrument") for each in stream.violations
        ):
            continue
        assert told(stream) == told(by_call(type(request), wire)), (type(request), wire)


def test_an_amend_on_the_stream_names_the_instrument() -> None:
    request = pb.AmendOrderRequest(order_id="1", price="1")
    refusal = by_stream(pb.AmendOrderRequest, request.SerializeToString())
    assert isinstance(refusal, InvalidField)
    assert refusal.violations[0].field == "instrument"


def test_the_stream_judges_no_orders() -> None:
    request = place(validate_only=True)
    refusal = by_stream(pb.PlaceOrderRequest, request.SerializeToString())
    assert isinstance(refusal, InvalidField)
    assert refusal.violations[0].field == "validate_only"


def test_the_stream_takes_no_twap_and_no_id_of_a_slice() -> None:
    schedule = order_pb2.TwapSchedule(duration_s=300, interval_s=30)
    twap = place(type=t.ORDER_TYPE_TWAP, time_in_force=t.TIME_IN_FORCE_IOC)
    twap.twap.CopyFrom(schedule)
    limit = place()
    limit.twap.CopyFrom(schedule)
    FieldRules().check(twap)
    for request, field in (
        (twap, "type"),
        (limit, ""),
        (place(type=t.ORDER_TYPE_TWAP, time_in_force=t.TIME_IN_FORCE_IOC), ""),
        (place(client_order_id="TWAP-1-0"), ""),
    ):
        refusal = by_stream(pb.PlaceOrderRequest, request.SerializeToString())
        assert isinstance(refusal, InvalidField)
        assert refusal.violations[0].field == field
    assert isinstance(by_stream(pb.PlaceOrderRequest, place(client_order_id="aTWAP-1").SerializeToString()), bytes)


def test_an_item_that_asks_for_nothing_or_for_two_things_is_refused_alone() -> None:
    good = item_of(pb.PlaceOrderRequest, place().SerializeToString())
    cancel = item_of(pb.CancelOrderRequest, pb.CancelOrderRequest(order_id="1").SerializeToString())
    batch = batch_of([b"", good, good + cancel, b"\x0a\x05", good])
    assert batch.command_count == 2
    assert [index for index, *_ in batch.refused()] == [0, 2, 3]


def test_one_bad_item_does_not_spoil_its_neighbours() -> None:
    good, bad = place(), place(price="1.001")
    batch = batch_of([item_of(pb.PlaceOrderRequest, each.SerializeToString()) for each in (good, bad, good)])
    commands = command_pb2.Command.FromString
    assert commands(batch.commands[2:]) is not None
    results = entry_pb.OrderEntryResponse.FromString(_answered(batch, 2)).batch.results
    assert [bool(each.reason) for each in results] == [False, True, False]


def test_only_the_first_refusals_are_put_into_words() -> None:
    bad = item_of(pb.PlaceOrderRequest, place(price="x").SerializeToString())
    batch = batch_of([bad] * 1_024)
    assert [index for index, *_ in batch.refused()] == list(range(32))
    results = entry_pb.OrderEntryResponse.FromString(_answered(batch, 0)).batch.results
    assert len(results) == 1_024
    assert {each.reason for each in results} == {1}


def test_words_reach_the_client() -> None:
    batch = batch_of([item_of(pb.PlaceOrderRequest, place(price="x").SerializeToString())])
    refusal = by_stream(pb.PlaceOrderRequest, place(price="x").SerializeToString())
    assert isinstance(refusal, Refusal)
    batch.explain(0, status_of(refusal).SerializeToString())
    [result] = entry_pb.OrderEntryResponse.FromString(_answered(batch, 0)).batch.results
    assert result.refusal == status_of(refusal)


@pytest.mark.parametrize("count", [0, 1_025])
def test_a_batch_has_items_and_not_too_many(count: int) -> None:
    good = item_of(pb.PlaceOrderRequest, place().SerializeToString())
    assert batch_of([good] * count).fault.name == "ITEM_COUNT"


def test_what_stands_together_is_single_orders_and_not_too_many() -> None:
    together = entry_pb.ACCEPTANCE_ALL_OR_NONE
    good = item_of(pb.PlaceOrderRequest, place().SerializeToString())
    cancel = item_of(pb.CancelOrderRequest, pb.CancelOrderRequest(order_id="1").SerializeToString())
    assert batch_of([good] * 257, acceptance=together).fault.name == "TOGETHER_COUNT"
    assert batch_of([good, cancel], acceptance=together).fault.name == "TOGETHER_KIND"
    whole = batch_of([good, good], acceptance=together)
    assert whole.command_count == 1
    orders = command_pb2.Command.FromString(whole.commands[2 + (len(whole.commands) > 129) :]).place_orders.orders
    assert len(orders) == 2


def test_of_what_stands_together_one_refusal_refuses_all() -> None:
    wires = [place().SerializeToString(), place(price="1.001").SerializeToString()]
    batch = batch_of(
        [item_of(pb.PlaceOrderRequest, each) for each in wires], acceptance=entry_pb.ACCEPTANCE_ALL_OR_NONE
    )
    assert batch.command_count == 0
    results = entry_pb.OrderEntryResponse.FromString(_answered(batch, 0)).batch.results
    assert [each.reason for each in results] == [252, 207]


def test_a_batch_costs_what_its_items_cost() -> None:
    good = item_of(pb.PlaceOrderRequest, place().SerializeToString())
    cancel = item_of(pb.CancelOrderRequest, pb.CancelOrderRequest(order_id="1").SerializeToString())
    everything = item_of(pb.MassCancelRequest, b"")
    group = entry_pb.OrderGroup(link_type=t.LINK_TYPE_OCO, orders=[place(), place(client_order_id="b")])
    grouped = entry_pb.OrderItem(place_order_group=group).SerializeToString()
    batch = batch_of([good, cancel, everything, grouped, b""])
    assert (batch.order_count, batch.cancel_count) == (4, 2)


def test_a_group_is_one_command() -> None:
    legs = [place(client_order_id="a"), place(client_order_id="b", price="90")]
    group = entry_pb.OrderGroup(link_type=t.LINK_TYPE_OCO, orders=legs)
    batch = batch_of([entry_pb.OrderItem(place_order_group=group).SerializeToString()])
    assert batch.command_count == 1
    for broken in (
        entry_pb.OrderGroup(link_type=t.LINK_TYPE_OCO, orders=legs[:1]),
        entry_pb.OrderGroup(link_type=t.LINK_TYPE_OCO, orders=[*legs, *legs, *legs]),
        entry_pb.OrderGroup(orders=legs),
        entry_pb.OrderGroup(link_type=t.LINK_TYPE_OCO, orders=[legs[0], place(quantity="0")]),
    ):
        batch = batch_of([entry_pb.OrderItem(place_order_group=broken).SerializeToString()])
        assert batch.command_count == 0


def place(**changes: object) -> pb.PlaceOrderRequest:
    request = pb.PlaceOrderRequest(
        client_order_id="one",
        instrument="BTC-KK99",
        side=t.SIDE_BUY,
        type=t.ORDER_TYPE_LIMIT,
        time_in_force=t.TIME_IN_FORCE_GTC,
        price="100.00",
        quantity="0.5",
    )
    for name, value in changes.items():
        setattr(request, name, value)
    return request


def _answered(batch: object, commands: int) -> bytes:
    batch.answer(b"\x0a\x00" * commands, (1, 2, 0))  # type: ignore[attr-defined]
    return batch.write()  # type: ignore[attr-defined,no-any-return]
