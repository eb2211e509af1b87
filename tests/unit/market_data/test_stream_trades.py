"""What a subscriber of trades is told: each trade once, in order, or the end."""

import pytest

from services.kernel.refusal import UnknownInstrument
from services.market_data.errors import ResumeUnknown, SlowConsumer
from services.market_data.model.tape import KEPT_TRADES
from services.market_data.model.view import Resume
from services.market_data.usecases.stream_trades import MAX_TRADES
from services.market_data.usecases.subscribers import MAX_MISSED
from tests.fakes.market_data_client import TradeClient
from tests.fakes.market_data_engine import STEP_NS, ScriptedEngine
from tests.unit.market_data.desk import BTC, SECOND_NS, SELL, Desk, trade_messages


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    trade(desk, 3)
    return desk


def trade(desk: Desk, count: int = 1) -> None:
    for _ in range(count):
        desk.engine.trade(BTC, 12_345, 7, SELL)
    desk.tell()


def test_a_subscription_begins_with_a_heartbeat_that_says_where_it_stands(desk: Desk) -> None:
    with desk.tape() as subscription:
        (heartbeat,) = trade_messages(subscription)
    assert (heartbeat.epoch, heartbeat.seq, list(heartbeat.trades)) == (1, 3, [])


def test_trades_come_as_the_contract_says(desk: Desk) -> None:
    with desk.tape() as subscription:
        trade_messages(subscription)
        trade(desk)
        (message,) = trade_messages(subscription)
    (told,) = message.trades
    assert (told.seq, told.price, told.quantity, told.taker_side) == (4, "123.45", "0.0007", SELL)
    assert (told.trade_id, told.trade_time.ToNanoseconds()) == ("1004", 5 * STEP_NS)


def test_trades_of_one_tick_are_encoded_once_for_all(desk: Desk) -> None:
    with desk.tape() as one, desk.tape() as other:
        trade_messages(one), trade_messages(other)
        trade(desk, 5)
        first, second = one.due(), other.due()
    assert first is second
    assert first is not None


def test_a_quiet_tape_gives_one_heartbeat_a_second(desk: Desk) -> None:
    with desk.tape() as subscription:
        trade_messages(subscription)
        given = []
        for _ in range(25):
            desk.wait(SECOND_NS // 10)
            given += trade_messages(subscription)
    assert [message.seq for message in given] == [3, 3]


def test_resuming_gives_every_trade_since(desk: Desk) -> None:
    trade(desk, 2 * MAX_TRADES)
    client = TradeClient(seq=1)
    with desk.tape(Resume(1, 1)) as subscription:
        for message in trade_messages(subscription):
            assert len(message.trades) <= MAX_TRADES
            client.take(message)
    assert client.seq == 3 + 2 * MAX_TRADES


def test_resuming_is_possible_from_what_the_channel_has_not_told_yet(desk: Desk) -> None:
    with desk.tape():
        desk.engine.trade(BTC, 1, 1)
        desk.hear()
        with desk.tape(Resume(1, 4)) as subscription:
            assert [message.seq for message in trade_messages(subscription)] == [4]


@pytest.mark.parametrize("resume", [Resume(1, 4), Resume(2, 3), Resume(0, 0)])
def test_resuming_from_ahead_or_from_another_epoch_is_refused(desk: Desk, resume: Resume) -> None:
    with pytest.raises(ResumeUnknown), desk.tape(resume):
        pass


def test_resuming_from_before_the_kept_trades_is_refused(desk: Desk) -> None:
    trade(desk, KEPT_TRADES)
    with pytest.raises(ResumeUnknown), desk.tape(Resume(1, 2)):
        pass
    with desk.tape(Resume(1, 3)) as subscription:
        assert trade_messages(subscription)[-1].seq == KEPT_TRADES + 3


def test_a_reader_that_is_late_misses_nothing(desk: Desk) -> None:
    client = TradeClient()
    with desk.tape() as subscription:
        client.take(trade_messages(subscription)[0])
        for _ in range(MAX_MISSED):
            trade(desk, 3)
        for message in trade_messages(subscription):
            client.take(message)
    assert len(client.trade_ids) == 3 * MAX_MISSED


def test_a_reader_that_is_too_slow_is_refused_with_its_place_and_may_resume_there(desk: Desk) -> None:
    with desk.tape() as subscription:
        trade_messages(subscription)
        trade(desk)
        trade_messages(subscription)
        for _ in range(MAX_MISSED + 1):
            trade(desk)
        with pytest.raises(SlowConsumer) as refused:
            subscription.due()
    assert refused.value.metadata == {"last_seq": "4"}
    with desk.tape(Resume(1, 4)) as subscription:
        assert trade_messages(subscription)[-1].seq == 4 + MAX_MISSED + 1


def test_trades_lost_with_a_new_snapshot_end_the_stream(desk: Desk) -> None:
    with desk.tape() as subscription:
        trade_messages(subscription)
        desk.engine.trade(BTC, 1, 1)
        desk.reload()
        with pytest.raises(SlowConsumer):
            subscription.due()


def test_a_new_epoch_ends_the_stream(desk: Desk) -> None:
    with desk.tape() as subscription:
        trade_messages(subscription)
        desk.engine.restore(2)
        desk.reload()
        with pytest.raises(ResumeUnknown):
            subscription.due()


def test_an_unknown_instrument_is_refused() -> None:
    with pytest.raises(UnknownInstrument), Desk(ScriptedEngine()).tape(symbol="NO-SUCH"):
        pass
