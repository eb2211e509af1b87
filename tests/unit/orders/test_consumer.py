"""What a run of events changes: each order once, each fill with the identity of its event."""

from exchange.engine.v1 import engine_events_pb2
from services.kernel.ids import EngineSeq
from services.orders.convert.commands import place_command
from services.orders.convert.events import order_of
from services.orders.model.words import OrderStatus, Side
from services.orders.usecases.translate import translate
from tests.fakes.engine import EngineFake
from tests.fakes.history_reading import Changes, EventId, changes_of
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, draft, open_market


def traded() -> EngineFake:
    """Let Bob sell 0.2 to Alice, who wanted 0.5."""
    engine = EngineFake()
    open_market(engine)
    for changes in ({"account_id": BOB, "side": Side.SELL, "quantity": "0.2"}, {"account_id": ALICE}):
        engine.apply(place_command(translate(draft(**changes), INSTRUMENT, engine.now_ns)))
    return engine


def test_an_order_is_told_as_its_last_event_left_it() -> None:
    engine = traded()
    changes = changes_of(0, 1, engine.blocks)
    assert [(order.account_id, order.status, order.cum_quantity) for order in changes.orders] == [
        (BOB, OrderStatus.FILLED, 2_000),
        (ALICE, OrderStatus.PARTIALLY_FILLED, 2_000),
    ]
    last = [event.order_updated.order for event in engine.blocks[-1].events if event.HasField("order_updated")][-1]
    assert changes.orders[-1] == order_of(last)


def test_a_fill_carries_the_place_of_its_event() -> None:
    engine = traded()
    fills = changes_of(3, 4, engine.blocks).fills
    kinds = [event.WhichOneof("event") for event in engine.blocks[-1].events]
    assert kinds == ["order_updated", "order_updated", "order_updated", "trade"]  # accepted, maker's fill, taker's fill
    last_seq = EngineSeq(engine.engine_seq)
    assert [fill.event for fill in fills] == [EventId(3, 4, last_seq, 1), EventId(3, 4, last_seq, 2)]


def test_a_listed_instrument_is_told() -> None:
    assert changes_of(0, 1, traded().blocks).instruments == [INSTRUMENT]


def test_blocks_without_orders_change_nothing() -> None:
    assert changes_of(0, 1, [engine_events_pb2.EventBlock(engine_seq=1)]) == Changes([], [], [], [], [])
