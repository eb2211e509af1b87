"""Private events: whose they are, how the history keeps them, and what subscribers are told of them."""

import pytest

from exchange.engine.v1 import account_events_pb2, engine_events_pb2, order_pb2
from exchange.engine.v1.engine_events_pb2 import Event, EventBlock
from exchange.orders.v1 import account_event_pb2
from exchange.orders.v1.account_stream_pb2 import StreamAccountResponse
from exchange.type.v1 import order_pb2 as t
from services.kernel.ids import EngineSeq
from services.orders.convert.account_messages import AccountMessages
from services.orders.convert.private_events import parted
from services.orders.model.account_stream import VENUE_ACCOUNTS, PrivateEvent
from tests.fakes.history_reading import EVENTS_A_RUN, OWNERS, private_events, runs_of
from tests.unit.orders.account_desk import names, private_event
from tests.unit.orders.samples import ALICE, BOB

KINDS = {field.name: field.message_type for field in Event.DESCRIPTOR.fields}
NUMBERED = {kind for kind, message in KINDS.items() if any("account_seq" in field.name for field in message.fields)}


def block(*events: Event, engine_seq: int = 5) -> EventBlock:
    return EventBlock(engine_seq=engine_seq, engine_time_ns=7, events=events)


def balance(account_id: int, account_seq: int) -> Event:
    change = engine_events_pb2.BalanceChanged(account_id=account_id, asset_id=1, kind=3, account_seq=account_seq)
    return Event(balance_changed=change)


def prevented(maker: int, maker_seq: int, taker: int, taker_seq: int) -> Event:
    match = engine_events_pb2.PreventedMatch(
        instrument_id=7,
        maker_order_id=1,
        taker_order_id=2,
        price=10_050,
        quantity=5_000,
        mode=t.SELF_TRADE_PREVENTION_DECREMENT,
        maker_account_id=maker,
        taker_account_id=taker,
        maker_account_seq=maker_seq,
        taker_account_seq=taker_seq,
    )
    return Event(prevented_match=match)


def test_every_event_with_a_number_of_its_account_is_private() -> None:
    assert set(OWNERS) == NUMBERED


def test_every_private_event_is_told() -> None:
    assert set(AccountMessages(names())._writers) == NUMBERED


def test_a_match_that_was_prevented_is_told_to_both_or_once() -> None:
    both = list(private_events(block(prevented(ALICE, 4, BOB, 9))))
    assert [(event.account_id, event.account_seq) for event in both] == [(ALICE, 4), (BOB, 9)]
    one = list(private_events(block(prevented(ALICE, 4, ALICE, 4))))
    assert [(event.account_id, event.account_seq) for event in one] == [(ALICE, 4)]


def test_the_venue_s_own_accounts_and_public_events_are_left_out() -> None:
    trade = Event(trade=engine_events_pb2.Trade(trade_id=1))
    told = private_events(block(balance(0, 1), balance(VENUE_ACCOUNTS + 7, 1), trade, balance(ALICE, 1)))
    assert [(event.account_id, event.engine_seq, event.time_ns) for event in told] == [(ALICE, 5, 7)]


def test_the_history_keeps_events_as_they_came_in_runs() -> None:
    many = EVENTS_A_RUN + 2
    blocks = [block(balance(ALICE, seq), balance(BOB, seq), engine_seq=seq) for seq in range(1, many + 1)]
    runs = runs_of(blocks)
    assert [(run.account_id, run.first_seq, run.last_seq) for run in runs] == [
        (ALICE, 1, EVENTS_A_RUN),
        (ALICE, EVENTS_A_RUN + 1, many),
        (BOB, 1, EVENTS_A_RUN),
        (BOB, EVENTS_A_RUN + 1, many),
    ]
    kept = [event for run in runs[:2] for event in parted(ALICE, run.events)]
    assert kept == [event for each in blocks for event in private_events(each) if event.account_id == ALICE]


@pytest.mark.parametrize(
    ("told", "engine"),
    [
        (account_event_pb2.OrderUpdateCause, engine_events_pb2.OrderUpdateCause),
        (account_event_pb2.BalanceUpdateKind, engine_events_pb2.BalanceChangeKind),
        (account_event_pb2.PositionUpdateKind, account_events_pb2.PositionChangeKind),
        (account_event_pb2.MassCancelCause, account_events_pb2.MassCancelCause),
        (account_event_pb2.CancelAllAfterState, account_events_pb2.CancelAllAfterState),
        (account_event_pb2.TradingSessionState, account_events_pb2.SessionState),
        (account_event_pb2.TradingSessionLoss, account_events_pb2.SessionLoss),
        (account_event_pb2.LiquidationState, account_events_pb2.LiquidationState),
    ],
)
def test_enums_say_what_the_engine_s_say(told: object, engine: object) -> None:
    assert values_of(told) == values_of(engine)


def values_of(enum: object) -> dict[int, str]:
    values = enum.DESCRIPTOR.values  # type: ignore[attr-defined]
    prefix = len(values[0].name) - len("UNSPECIFIED")
    return {value.number: value.name[prefix:] for value in values}


def test_amounts_have_the_decimals_of_their_asset_and_instrument() -> None:
    change = engine_events_pb2.BalanceChanged(
        account_id=ALICE, asset_id=2, kind=3, amount=-5, available=100_000_000, held=1, trade_id=2**63
    )
    told = event_of(Event(balance_changed=change)).balance_update
    assert (told.amount, told.trade_id, told.instrument) == ("-0.00000005", str(2**63), "")
    assert (told.balance.asset, told.balance.available) == ("BTC", "1.00000000")
    assert (told.balance.held, told.balance.unsettled) == ("0.00000001", "")  # only a snapshot says it
    assert told.kind == account_event_pb2.BALANCE_UPDATE_KIND_TRADE
    position = order_pb2.Position(instrument_id=7, quantity=-15_000, cost=-3, realised_result=4)
    moved = account_events_pb2.PositionChanged(account_id=ALICE, kind=2, position=position, quantity=5)
    shown = event_of(Event(position_changed=moved)).position_update
    assert (shown.position.instrument, shown.position.quantity, shown.quantity) == ("BTC-KK99", "-1.5000", "0.0005")
    assert (shown.position.cost, shown.position.realised_result) == ("-0.000003", "0.000004")


def test_a_prevented_match_names_both_orders() -> None:
    told = event_of(prevented(ALICE, 4, BOB, 9)).prevented_match
    assert (told.instrument, told.price, told.quantity) == ("BTC-KK99", "100.50", "0.5000")
    assert (told.maker_order_id, told.taker_order_id) == ("1", "2")
    assert (told.maker_account_id, told.taker_account_id) == (str(ALICE), str(BOB))


def test_a_delivery_tells_both_legs() -> None:
    delivered = account_events_pb2.UnsettledDelivered(
        account_id=ALICE,
        instrument_id=7,
        value_date=20_261_130,
        base_asset_id=2,
        base_amount=100_000_000,
        quote_asset_id=1,
        quote_amount=-5,
    )
    told = event_of(Event(unsettled_delivered=delivered)).delivery_update
    assert (told.instrument, told.value_date) == ("BTC-KK99", 20_261_130)
    assert (told.base_amount, told.quote_amount) == ("1.00000000", "-0.000005")


def event_of(told: Event) -> account_event_pb2.AccountEvent:
    event = PrivateEvent(ALICE, 3, EngineSeq(9), 1_000_000_007, told.SerializeToString())
    message = StreamAccountResponse.FromString(AccountMessages(names()).events(4, [private_event(2), event]))
    assert (message.epoch, message.account_seq) == (4, 3)
    shown = message.events.events[1]
    assert (shown.account_seq, shown.engine_seq, shown.event_time.seconds, shown.event_time.nanos) == (3, "9", 1, 7)
    return shown
