"""Of the engine's events only what concerns instruments is kept; it is as it was."""

import pytest

from exchange.engine.v1 import engine_events_pb2 as events_pb
from exchange.engine.v1 import engine_service_pb2 as pb
from exchange.engine.v1 import order_pb2
from services.engine._core import keep_instruments
from tests.unit.orders.samples import BTC_KK99

LISTED = events_pb.Event(instrument_updated=events_pb.InstrumentUpdated(instrument=BTC_KK99))
TRADED = events_pb.Event(order_updated=events_pb.OrderUpdated(order=order_pb2.Order(order_id=1)))
BOOK = pb.BookState(instrument=BTC_KK99, book_seq=3)


def kept(response: pb.EventsResponse) -> pb.EventsResponse:
    return pb.EventsResponse.FromString(keep_instruments(response.SerializeToString()))


def test_blocks_without_instruments_are_left_out_but_not_how_far_the_engine_is() -> None:
    blocks = [events_pb.EventBlock(engine_seq=seq, events=[TRADED] * 3) for seq in range(1, 50)]
    assert kept(pb.EventsResponse(shard=1, epoch=2, durable_seq=49, blocks=blocks)) == pb.EventsResponse(
        shard=1, epoch=2, durable_seq=49
    )


def test_of_a_block_the_events_of_instruments_stay() -> None:
    block = events_pb.EventBlock(engine_seq=5, engine_time_ns=6, events=[TRADED, LISTED, TRADED])
    expected = events_pb.EventBlock(engine_seq=5, engine_time_ns=6, events=[LISTED])
    assert kept(pb.EventsResponse(durable_seq=9, blocks=[block])) == pb.EventsResponse(durable_seq=9, blocks=[expected])


def test_of_a_snapshot_the_books_stay() -> None:
    snapshot = pb.SnapshotPart(engine_seq=5, books=[BOOK], orders=[order_pb2.Order(order_id=1)] * 9, last=True)
    expected = pb.SnapshotPart(engine_seq=5, books=[BOOK], last=True)
    assert kept(pb.EventsResponse(snapshot=snapshot)) == pb.EventsResponse(snapshot=expected)


@pytest.mark.parametrize("garbage", [b"\xff", b"\x22\x05", b"\x22\x02\x1a\x05", b"\x2a\x01\x0a"])
def test_what_is_no_response_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match="EventsResponse"):
        keep_instruments(garbage)
