"""The client's side of the public book stream, on messages made by hand."""

import pytest

from exchange.market_data.v1.book_pb2 import BookHeartbeat, BookSnapshot, BookUpdate, PriceLevel, Resume
from exchange.market_data.v1.market_data_service_pb2 import StreamBookResponse
from stack.demo.instruments import INSTRUMENTS
from stack.demo.public_market import PublicBook

BTC = INSTRUMENTS[0]
EMPTY_CHECKSUM = 0
BOOK_CHECKSUM = 1518234344
"""Of asks (45001, 10) (45002, 5) and bids (45000, 7) (44999, 1): the protocol's test vector."""

ASKS = [PriceLevel(price="450.01", quantity="0.0010"), PriceLevel(price="450.02", quantity="0.0005")]
BIDS = [PriceLevel(price="450.00", quantity="0.0007"), PriceLevel(price="449.99", quantity="0.0001")]


def _snapshot(seq: int = 5, epoch: int = 1) -> StreamBookResponse:
    return StreamBookResponse(epoch=epoch, seq=seq, checksum=BOOK_CHECKSUM, snapshot=BookSnapshot(bids=BIDS, asks=ASKS))


def _update(prev_seq: int, seq: int, checksum: int = BOOK_CHECKSUM, epoch: int = 1) -> StreamBookResponse:
    return StreamBookResponse(epoch=epoch, seq=seq, checksum=checksum, update=BookUpdate(prev_seq=prev_seq))


@pytest.fixture
def book() -> PublicBook:
    book = PublicBook(BTC)
    assert book.apply(_snapshot())
    return book


def test_a_snapshot_is_the_book(book: PublicBook) -> None:
    assert book.best_bids(9) == [(45000, 7), (44999, 1)]
    assert book.best_asks(9) == [(45001, 10), (45002, 5)]
    assert book.position == Resume(epoch=1, seq=5)


def test_an_empty_book_has_checksum_zero() -> None:
    assert PublicBook(BTC).apply(StreamBookResponse(epoch=1, seq=1, checksum=EMPTY_CHECKSUM, snapshot=BookSnapshot()))


def test_an_update_changes_adds_and_deletes(book: PublicBook) -> None:
    message = _update(5, 9, checksum=EMPTY_CHECKSUM)
    for level in (*BIDS, *ASKS):
        message.update.bids.add(price=level.price, quantity="0.0000")
        message.update.asks.add(price=level.price, quantity="0.0000")
    assert book.apply(message)
    assert book.best_bids(9) == book.best_asks(9) == []
    assert book.position == Resume(epoch=1, seq=9)


def test_numbers_may_be_skipped_but_not_lost(book: PublicBook) -> None:
    assert book.apply(_update(5, 9))
    assert not book.apply(_update(10, 11))


def test_an_old_message_is_ignored(book: PublicBook) -> None:
    assert book.apply(_update(3, 5, checksum=7))
    assert book.position == Resume(epoch=1, seq=5)


@pytest.mark.parametrize("message", [_update(5, 6, checksum=7), _update(5, 6, epoch=2)], ids=["checksum", "epoch"])
def test_what_does_not_fit_is_refused_and_the_good_position_kept(book: PublicBook, message: StreamBookResponse) -> None:
    assert not book.apply(message)
    assert book.position == Resume(epoch=1, seq=5)


def test_a_new_epoch_begins_with_a_snapshot(book: PublicBook) -> None:
    assert book.apply(_snapshot(seq=1, epoch=2))
    assert book.position == Resume(epoch=2, seq=1)


def test_a_heartbeat_confirms_the_position(book: PublicBook) -> None:
    assert book.apply(StreamBookResponse(epoch=1, seq=5, checksum=BOOK_CHECKSUM, heartbeat=BookHeartbeat()))
    assert not book.apply(StreamBookResponse(epoch=1, seq=6, checksum=BOOK_CHECKSUM, heartbeat=BookHeartbeat()))
    assert not book.apply(StreamBookResponse(epoch=2, seq=5, checksum=BOOK_CHECKSUM, heartbeat=BookHeartbeat()))


def test_without_a_snapshot_nothing_fits() -> None:
    book = PublicBook(BTC)
    assert not book.apply(_update(5, 6))
    assert not book.apply(StreamBookResponse(epoch=1, seq=5, heartbeat=BookHeartbeat()))


def test_forgetting_asks_for_a_snapshot(book: PublicBook) -> None:
    book.forget()
    assert book.position is None
    assert book.best_bids(1) == []
