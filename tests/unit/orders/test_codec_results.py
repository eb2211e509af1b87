"""The codec writes the engine's answers as the calls for one request do, and less where the client asks for less."""

import random
from typing import Any

import pytest

from exchange.engine.v1 import command_pb2
from exchange.engine.v1 import order_pb2 as engine_pb
from exchange.engine.v1.engine_service_pb2 import BatchTimes, SubmitResponse
from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import order_entry_service_pb2 as entry_pb
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.orders._codec import split_results
from services.orders.convert import messages
from services.orders.convert.events import fill_of, order_of
from services.orders.entry.words import RefusedItem, Words
from services.orders.model.order import Told
from tests.unit.orders.entry_samples import NOW_NS, batch_of, item_of, known_instruments
from tests.unit.orders.samples import ALICE, INSTRUMENT
from tests.unit.orders.test_codec_requests import place

TURN = (5, 7, 3)
"""Sequenced, matched, and the length of the queue."""

CANCEL = item_of(pb.CancelOrderRequest, pb.CancelOrderRequest(order_id="1").SerializeToString())
PLACE = item_of(pb.PlaceOrderRequest, place().SerializeToString())


def results_of(items: list[bytes], answers: list[command_pb2.CommandResult], **options: Any) -> Any:
    batch = batch_of(items, **options)
    batch.answer(SubmitResponse(results=answers).SerializeToString(), TURN)
    response = entry_pb.OrderEntryResponse.FromString(batch.write())
    assert response.batch.correlation_id == 9
    return response.batch.results


def order_by_chance(chance: random.Random) -> engine_pb.Order:
    order = engine_pb.Order(account_id=ALICE, client_order_id="one", instrument_id=INSTRUMENT.instrument_id)
    for field in engine_pb.Order.DESCRIPTOR.fields:
        if field.name in ("account_id", "client_order_id", "instrument_id") or chance.randrange(3) == 0:
            continue
        if field.enum_type is not None:
            numbers = [value.number for value in field.enum_type.values if value.number]
            setattr(order, field.name, chance.choice(numbers))
        elif field.type == field.TYPE_BOOL:
            setattr(order, field.name, True)
        elif field.type in (field.TYPE_SINT64, field.TYPE_INT64):
            least = 0 if field.name.endswith(("_ns", "cum_quantity")) else -(10**12)
            setattr(order, field.name, chance.choice([least, 1, 10**12, chance.randint(least, 10**12)]))
        else:
            setattr(order, field.name, chance.randint(1, 2**32 - 1))
    order.order_id = order.order_id or 1
    order.side = order.side or t.SIDE_BUY
    order.type = order.type or t.ORDER_TYPE_LIMIT
    order.time_in_force = order.time_in_force or t.TIME_IN_FORCE_GTC
    order.status = order.status or t.ORDER_STATUS_NEW
    return order


@pytest.mark.parametrize("seed", range(500))
def test_an_order_and_its_fills_are_written_as_the_call_writes_them(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    order = order_by_chance(chance)
    fills = [
        engine_pb.Fill(trade_id=chance.randint(1, 2**64 - 1), price=-5, quantity=3, notional=7, fee=-1, liquidity=2)
        for _ in range(chance.randrange(3))
    ]
    answer = command_pb2.CommandResult(engine_seq=2**64 - 1, replayed=True, order=order, fills=fills)
    for item in (CANCEL, PLACE):
        [result] = results_of([item], [answer])
        told = Told(order_of(order), INSTRUMENT.scales, tuple(map(fill_of, fills)))
        assert result.order == messages.order_message(told)
        assert list(result.fills) == messages.fill_messages(told)
        assert (result.engine_seq, result.replayed, result.order_id) == (str(2**64 - 1), True, "")


def test_an_ack_says_reason_and_numbers() -> None:
    answers = [
        command_pb2.CommandResult(engine_seq=5, order_id=6),
        command_pb2.CommandResult(engine_seq=7, reason=reason_pb2.REASON_ORDER_NOT_OPEN, order_id=8),
    ]
    results = results_of([PLACE, CANCEL], answers, response_mode=entry_pb.RESPONSE_MODE_ACK)
    assert list(results) == [
        entry_pb.OrderItemResult(engine_seq="5", order_id="6"),
        entry_pb.OrderItemResult(engine_seq="7", order_id="8", reason=reason_pb2.REASON_ORDER_NOT_OPEN),
    ]


def test_a_result_says_where_the_order_stands() -> None:
    answer = command_pb2.CommandResult(
        engine_seq=5,
        order_id=6,
        status=t.ORDER_STATUS_PARTIALLY_FILLED,
        price=-10_001,
        cum_quantity=1,
        leaves_quantity=2,
        cum_notional=3,
        version=4,
        instrument_id=INSTRUMENT.instrument_id,
    )
    expected = entry_pb.OrderItemResult(
        engine_seq="5",
        order_id="6",
        status=t.ORDER_STATUS_PARTIALLY_FILLED,
        price="-100.01",
        cum_quantity="0.0001",
        leaves_quantity="0.0002",
        cum_notional="0.000003",
        version=4,
    )
    results = results_of([PLACE, CANCEL], [answer, answer], response_mode=entry_pb.RESPONSE_MODE_RESULT)
    assert list(results) == [expected, expected]


def test_a_mass_cancel_says_how_many() -> None:
    item = item_of(pb.MassCancelRequest, b"")
    [result] = results_of([item], [command_pb2.CommandResult(engine_seq=5, cancelled_count=1_000)])
    assert result == entry_pb.OrderItemResult(engine_seq="5", cancelled_count=1_000)


def test_what_the_engine_refuses_is_told_as_the_call_tells_it() -> None:
    order = engine_pb.Order(
        order_id=4, client_order_id="one", instrument_id=7, side=1, type=1, time_in_force=1, status=6
    )
    answer = command_pb2.CommandResult(engine_seq=5, reason=reason_pb2.REASON_INSUFFICIENT_FUNDS, order=order)
    batch = batch_of([PLACE])
    batch.answer(SubmitResponse(results=[answer]).SerializeToString(), TURN)
    [item] = batch.refused()
    refusal = Words(known_instruments()).of(RefusedItem(*item), ALICE)
    assert refusal.reason == "INSUFFICIENT_FUNDS"
    assert refusal.metadata == {"asset": "KK99", "client_order_id": "one", "engine_seq": "5", "order_id": "4"}


def test_what_the_engine_refuses_needs_words_only_in_full() -> None:
    answer = command_pb2.CommandResult(engine_seq=5, reason=reason_pb2.REASON_INSUFFICIENT_FUNDS)
    batch = batch_of([PLACE], response_mode=entry_pb.RESPONSE_MODE_RESULT)
    batch.answer(SubmitResponse(results=[answer]).SerializeToString(), TURN)
    assert batch.refused() == []


def test_each_order_of_what_stands_together_has_its_own_result() -> None:
    orders = [
        command_pb2.OrderResult(reason=reason_pb2.REASON_BATCH_REFUSED),
        command_pb2.OrderResult(reason=reason_pb2.REASON_PRICE_NOT_ON_TICK),
    ]
    answer = command_pb2.CommandResult(engine_seq=5, reason=reason_pb2.REASON_PRICE_NOT_ON_TICK, orders=orders)
    batch = batch_of([PLACE, PLACE], acceptance=entry_pb.ACCEPTANCE_ALL_OR_NONE)
    batch.answer(SubmitResponse(results=[answer]).SerializeToString(), TURN)
    [item] = batch.refused()
    refusal = Words(known_instruments()).of(RefusedItem(*item), ALICE)
    assert (item[0], refusal.reason, refusal.metadata["engine_seq"]) == (1, "PRICE_NOT_ON_TICK", "5")
    results = entry_pb.OrderEntryResponse.FromString(batch.write()).batch.results
    assert [each.reason for each in results] == [252, 207]
    assert [each.engine_seq for each in results] == ["5", "5"]


def test_what_stands_together_may_be_refused_before_any_order_is_looked_at() -> None:
    answer = command_pb2.CommandResult(reason=reason_pb2.REASON_ENGINE_FULL)
    batch = batch_of([PLACE, PLACE], acceptance=entry_pb.ACCEPTANCE_ALL_OR_NONE)
    batch.answer(SubmitResponse(results=[answer]).SerializeToString(), TURN)
    words = Words(known_instruments())
    assert [words.of(RefusedItem(*item), ALICE).reason for item in batch.refused()] == ["ENGINE_FULL"] * 2


def test_legs_of_a_group_have_results_below_that_of_the_group() -> None:
    legs = [place(client_order_id="a"), place(client_order_id="b", price="90")]
    group = entry_pb.OrderGroup(link_type=t.LINK_TYPE_OCO, orders=legs)
    item = entry_pb.OrderItem(place_order_group=group).SerializeToString()
    told = [
        command_pb2.OrderResult(order_id=1, status=1, leaves_quantity=5),
        command_pb2.OrderResult(order_id=2, status=1, leaves_quantity=6),
    ]
    answer = command_pb2.CommandResult(engine_seq=5, orders=told)
    [result] = results_of([item], [answer], response_mode=entry_pb.RESPONSE_MODE_RESULT)
    assert [(leg.order_id, leg.leaves_quantity, leg.engine_seq) for leg in result.orders] == [
        ("1", "0.0005", "5"),
        ("2", "0.0006", "5"),
    ]


@pytest.mark.parametrize("answers", [b"", b"\x0a\x00\x0a\x00", b"\x0a\x05", b"\xff"])
def test_answers_to_something_else_are_no_answers(answers: bytes) -> None:
    with pytest.raises(ValueError, match="results"):
        batch_of([PLACE]).answer(answers, TURN)


def test_a_response_is_taken_apart_by_counts() -> None:
    answers = [command_pb2.CommandResult(engine_seq=seq) for seq in range(1, 7)]
    times = BatchTimes(sequenced_time_ns=5, matched_time_ns=7, queue_length=3)
    whole = SubmitResponse(results=answers, times=times).SerializeToString()
    parts, turn = split_results(whole, [1, 3, 2])
    assert turn == TURN
    assert [[each.engine_seq for each in SubmitResponse.FromString(part).results] for part in parts] == [
        [1],
        [2, 3, 4],
        [5, 6],
    ]
    for counts in ([1, 3], [1, 3, 3], [7]):
        with pytest.raises(ValueError, match="results"):
            split_results(whole, counts)


def test_an_answer_tells_the_turn_of_its_batch_and_one_that_had_none_does_not() -> None:
    batch = batch_of([PLACE])
    batch.answer(SubmitResponse(results=[command_pb2.CommandResult(engine_seq=1)]).SerializeToString(), TURN)
    response = entry_pb.OrderEntryResponse.FromString(batch.write())
    assert response.turn == entry_pb.TurnTimes(
        gateway_time_ns=NOW_NS, sequenced_time_ns=5, matched_time_ns=7, queue_length=3
    )
    refused = batch_of([b""])
    assert not entry_pb.OrderEntryResponse.FromString(refused.write()).HasField("turn")
