"""What a subscriber of a book is told: snapshots, updates, signs of life, and never a hole in silence."""

import asyncio

import pytest

from services.kernel.refusal import LimitExceeded, UnknownInstrument
from services.market_data.errors import NotLive, ResumeUnknown
from services.market_data.model.book import KEPT_CHANGES
from services.market_data.model.view import Resume
from services.market_data.usecases.subscribers import MAX_MISSED
from tests.fakes.market_data_client import BookClient
from tests.fakes.market_data_engine import ScriptedEngine
from tests.unit.market_data.desk import BTC, BUY, SECOND_NS, SELL, BookMessage, Desk, book_messages, kinds


@pytest.fixture
def desk() -> Desk:
    engine = ScriptedEngine()
    engine.put(BTC, BUY, 100, 5)
    engine.put(BTC, SELL, 101, 7)
    return Desk(engine)


def test_a_subscription_begins_with_a_snapshot_and_a_heartbeat_at_once(desk: Desk) -> None:
    with desk.book() as subscription:
        snapshot, heartbeat = book_messages(subscription)
    assert (snapshot.epoch, snapshot.seq, heartbeat.seq) == (1, 2, 2)
    assert [(level.price, level.quantity) for level in snapshot.snapshot.bids] == [("1.00", "0.0005")]
    assert [(level.price, level.quantity) for level in snapshot.snapshot.asks] == [("1.01", "0.0007")]
    assert heartbeat.HasField("heartbeat")


def test_changes_of_one_tick_come_as_one_update(desk: Desk) -> None:
    with desk.book() as subscription:
        book_messages(subscription)
        desk.engine.put(BTC, BUY, 99, 1)
        desk.engine.put(BTC, BUY, 100, 0)
        desk.engine.put(BTC, BUY, 99, 3)
        desk.tell()
        (update,) = book_messages(subscription)
    assert (update.update.prev_seq, update.seq) == (2, 5)
    assert [(level.price, level.quantity) for level in update.update.bids] == [("1.00", "0.0000"), ("0.99", "0.0003")]


def test_an_update_is_encoded_once_for_all_who_stand_at_the_same_place(desk: Desk) -> None:
    with desk.book() as one, desk.book() as other:
        book_messages(one), book_messages(other)
        desk.engine.put(BTC, BUY, 99, 1)
        desk.tell()
        before = desk.figures.encoded_bytes
        first, second = one.due(), other.due()
    assert first is second
    assert first is not None
    assert desk.figures.encoded_bytes == before + len(first)


def test_a_change_outside_the_depth_is_told_with_the_next_sign_of_life(desk: Desk) -> None:
    with desk.book(depth=1) as subscription:
        client = BookClient()
        for message in book_messages(subscription):
            client.take(message)
        desk.engine.put(BTC, BUY, 50, 1)
        desk.tell()
        assert book_messages(subscription) == []
        desk.wait(SECOND_NS)
        desk.wait(SECOND_NS)
        for message in book_messages(subscription):
            client.take(message)
    assert client.seq == 3
    assert client.levels() == {(BUY, 100): 5, (SELL, 101): 7}


def test_a_quiet_book_gives_one_heartbeat_a_second(desk: Desk) -> None:
    with desk.book() as subscription:
        book_messages(subscription)
        given = []
        for _ in range(35):
            desk.wait(SECOND_NS // 10)
            given += book_messages(subscription)
    assert kinds(given) == ["heartbeat"] * 3


def test_a_busy_book_gives_no_heartbeat(desk: Desk) -> None:
    with desk.book() as subscription:
        book_messages(subscription)
        given = []
        for quantity in range(1, 30):
            desk.engine.put(BTC, BUY, 99, quantity)
            desk.wait(SECOND_NS // 10)
            desk.tell()
            given += book_messages(subscription)
    assert set(kinds(given)) == {"update"}


def test_resuming_where_it_stands_a_client_gets_a_heartbeat_only(desk: Desk) -> None:
    with desk.book(resume=Resume(1, 2)) as subscription:
        assert kinds(book_messages(subscription)) == ["heartbeat"]


def test_resuming_from_a_kept_place_gives_what_was_missed(desk: Desk) -> None:
    for quantity in range(1, 10):
        desk.engine.put(BTC, BUY, 100, quantity)
        desk.engine.put(BTC, SELL, 101, 7 + quantity % 2)
    desk.tell()
    with desk.book(resume=Resume(1, 4)) as subscription:
        update, heartbeat = book_messages(subscription)
    assert (update.update.prev_seq, update.seq) == (4, 20)
    assert [level.quantity for level in update.update.bids] == ["0.0009"]
    assert list(update.update.asks) == []
    assert heartbeat.HasField("heartbeat")


def test_resuming_from_before_the_kept_changes_gives_a_snapshot_that_says_so(desk: Desk) -> None:
    for quantity in range(1, KEPT_CHANGES + 2):
        desk.engine.put(BTC, BUY, 100, quantity)
    desk.tell()
    client = BookClient()
    with desk.book(resume=Resume(1, 1)) as subscription:
        for message in book_messages(subscription):
            client.take(message)
    assert client.reasons == ["RESUME_TOO_OLD"]


@pytest.mark.parametrize("resume", [Resume(1, 3), Resume(2, 1), Resume(0, 0)])
def test_resuming_from_ahead_or_from_another_epoch_is_refused(desk: Desk, resume: Resume) -> None:
    with pytest.raises(ResumeUnknown), desk.book(resume=resume):
        pass
    assert desk.figures.subscribers == 0


def test_resuming_from_what_the_channel_has_not_told_yet_is_no_place_ahead(desk: Desk) -> None:
    with desk.book() as other:
        book_messages(other)
        desk.engine.put(BTC, BUY, 99, 1)
        desk.hear()
        with desk.book(resume=Resume(1, 3)) as subscription:
            assert kinds(book_messages(subscription)) == ["heartbeat"]
        assert [message.seq for message in book_messages(other)] == [3]


def test_a_subscriber_that_misses_some_views_takes_one_update_over_all_of_them(desk: Desk) -> None:
    with desk.book() as subscription:
        client = BookClient()
        for message in book_messages(subscription):
            client.take(message)
        for quantity in range(1, MAX_MISSED + 1):
            desk.engine.put(BTC, BUY, 100, 10 + quantity)
            desk.tell()
        (update,) = book_messages(subscription)
        client.take(update)
    assert kinds([update]) == ["update"]
    assert client.levels()[BUY, 100] == 10 + MAX_MISSED


def test_a_subscriber_that_misses_too_much_gets_a_snapshot_that_says_so_and_others_notice_nothing(desk: Desk) -> None:
    slow, fast = BookClient(), BookClient()
    with desk.book() as slow_subscription, desk.book() as fast_subscription:
        for message in book_messages(slow_subscription):
            slow.take(message)
        for quantity in range(1, MAX_MISSED + 2):
            desk.engine.put(BTC, BUY, 100, 10 + quantity)
            desk.tell()
            for message in book_messages(fast_subscription):
                fast.take(message)
        for message in book_messages(slow_subscription):
            slow.take(message)
    assert slow.reasons == ["SUBSCRIBED", "SLOW_CONSUMER"]
    assert fast.reasons == ["SUBSCRIBED"]
    assert slow.levels() == fast.levels()
    assert desk.figures.slow_consumers == 1


def test_a_new_epoch_comes_as_a_snapshot_that_says_so(desk: Desk) -> None:
    client = BookClient()
    with desk.book() as subscription:
        for message in book_messages(subscription):
            client.take(message)
        desk.engine.restore(2)
        desk.reload()
        for message in book_messages(subscription):
            client.take(message)
    assert client.reasons == ["SUBSCRIBED", "NEW_EPOCH"]
    assert (client.epoch, client.seq, client.levels()) == (2, 1, {(BUY, 100): 5})


def test_an_instrument_that_a_new_epoch_lacks_ends_its_streams(desk: Desk) -> None:
    with desk.book() as subscription:
        book_messages(subscription)
        desk.engine.restore(0)
        desk.reload()
        with pytest.raises(UnknownInstrument):
            subscription.due()


def test_a_new_snapshot_within_the_epoch_is_no_hole(desk: Desk) -> None:
    client = BookClient()
    with desk.book() as subscription:
        for message in book_messages(subscription):
            client.take(message)
        desk.engine.put(BTC, BUY, 100, 0)
        desk.engine.put(BTC, SELL, 103, 4)
        desk.reload()
        for message in book_messages(subscription):
            client.take(message)
    assert client.levels() == {(SELL, 101): 7, (SELL, 103): 4}
    assert client.kinds == ["snapshot", "heartbeat", "update"]


def test_levels_at_the_edge_of_the_depth_are_deleted_and_added(desk: Desk) -> None:
    client = BookClient()
    with desk.book(depth=1) as subscription:
        for message in book_messages(subscription):
            client.take(message)
        for quantity, best in ((3, 102), (0, 100)):
            desk.engine.put(BTC, BUY, 102, quantity)
            desk.tell()
            for message in book_messages(subscription):
                client.take(message)
            assert list(client.bids) == [best]


def test_an_unknown_instrument_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownInstrument), desk.book(symbol="NO-SUCH"):
        pass


def test_a_mirror_that_does_not_follow_the_engine_takes_no_subscribers(desk: Desk) -> None:
    with desk.book():
        desk.mirror.live = False
        with pytest.raises(NotLive), desk.book():
            pass


def test_seats_are_limited_and_given_back() -> None:
    desk = Desk(seats=2)
    with desk.book(), desk.tape(), pytest.raises(LimitExceeded), desk.book():
        pass
    with desk.book():
        assert desk.figures.subscribers == 1


async def test_a_waiting_subscriber_wakes_when_there_is_something(desk: Desk) -> None:
    with desk.book() as subscription:
        book_messages(subscription)
        waiting = asyncio.create_task(subscription.take())
        await asyncio.sleep(0)
        assert not waiting.done()
        desk.engine.put(BTC, BUY, 99, 1)
        desk.tell()
        message = BookMessage.FromString(await waiting)
    assert (message.update.prev_seq, message.seq) == (2, 3)
