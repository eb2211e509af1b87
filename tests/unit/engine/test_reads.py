"""The core's books, read into a caller's buffer or as a small tuple."""

import tempfile
from array import array
from collections.abc import Iterator, Sequence

import pytest

from exchange.engine.v1.command_pb2 import Command, CreateInstrument, OpenAccount, PlaceOrder, TransferIn
from exchange.engine.v1.engine_service_pb2 import QueryResponse, SubmitRequest, SubmitResponse
from exchange.engine.v1.instrument_pb2 import Instrument
from exchange.type.v1 import order_pb2 as t
from services.engine import _core
from tests.unit.engine.samples import BTC_KK99

START_NS = 1_700_000_000_000_000_000
EVERY_KIND = 0b1111_1110
MARKET = BTC_KK99.instrument_id
UNKNOWN = 99
BUY, SELL = t.SIDE_BUY, t.SIDE_SELL
BIDS = [(9_000, 10_000), (8_000, 30_000)]
ASKS = [(10_000, 20_000), (11_000, 10_000), (12_000, 40_000)]


def apply(engine: _core.Engine, *commands: Command) -> None:
    _, answer = engine.apply(SubmitRequest(commands=commands).SerializeToString(), START_NS, EVERY_KIND)
    assert [each.reason for each in SubmitResponse.FromString(answer).results] == [0] * len(commands)


def order(side: t.Side, price: int, quantity: int) -> Command:
    return Command(
        place_order=PlaceOrder(
            account_id=1,
            client_order_id=f"{side}-{price}",
            instrument_id=MARKET,
            side=side,
            type=t.ORDER_TYPE_LIMIT,
            time_in_force=t.TIME_IN_FORCE_GTC,
            self_trade_prevention=t.SELF_TRADE_PREVENTION_CANCEL_MAKER,
            price=price,
            quantity=quantity,
            valid_until_ns=START_NS + 10**9,
        )
    )


@pytest.fixture
def engine() -> Iterator[_core.Engine]:
    """A book of two bids and three asks, the worst entered first."""
    instrument = Instrument()
    instrument.CopyFrom(BTC_KK99)
    with tempfile.TemporaryDirectory() as folder:
        engine = _core.Engine(folder=folder, journal_segment_bytes=1 << 16)
        apply(
            engine,
            Command(create_instrument=CreateInstrument(instrument=instrument)),
            Command(open_account=OpenAccount(account_id=1)),
            *(
                Command(transfer_in=TransferIn(transfer_seq=seq, account_id=1, asset_id=asset, amount=10**15))
                for seq, asset in ((1, 1), (2, 2))
            ),
            *(order(BUY, *level) for level in reversed(BIDS)),
            *(order(SELL, *level) for level in reversed(ASKS)),
        )
        yield engine
        engine.close()


def levels(buffer: Sequence[int], count: int) -> list[tuple[int, int]]:
    return [(buffer[2 * place], buffer[2 * place + 1]) for place in range(count)]


def test_depth_is_read_into_the_buffer_best_first(engine: _core.Engine) -> None:
    buffer = array("q", [-1] * 10)
    assert engine.depth_into(MARKET, BUY, buffer) == (9, 2)
    assert levels(buffer, 2) == BIDS
    assert engine.depth_into(MARKET, SELL, buffer) == (9, 3)
    assert levels(buffer, 3) == ASKS
    assert list(buffer[6:]) == [-1] * 4


def test_a_small_buffer_gets_the_best_levels(engine: _core.Engine) -> None:
    buffer = array("q", [0, 0, -1])
    assert engine.depth_into(MARKET, SELL, buffer) == (9, 1)
    assert list(buffer) == [*ASKS[0], -1]
    assert engine.depth_into(MARKET, SELL, bytearray()) == (9, 0)


def test_what_cannot_be_written_is_refused(engine: _core.Engine) -> None:
    with pytest.raises(BufferError):
        engine.depth_into(MARKET, BUY, bytes(16))
    with pytest.raises(BufferError):
        engine.depth_into(MARKET, BUY, memoryview(array("q", [0] * 8))[::2])
    with pytest.raises(ValueError, match="64 bits"):
        engine.depth_into(MARKET, BUY, memoryview(bytearray(33))[1:])
    with pytest.raises(ValueError, match="side is 3"):
        engine.depth_into(MARKET, 3, bytearray(16))


def test_an_unknown_instrument_has_no_book(engine: _core.Engine) -> None:
    assert engine.depth_into(UNKNOWN, BUY, bytearray(16)) is None
    assert engine.top(UNKNOWN) is None


def test_the_top_is_the_best_of_both_sides(engine: _core.Engine) -> None:
    assert engine.top(MARKET) == (9, BIDS[0], ASKS[0])


def test_an_empty_side_has_no_top(engine: _core.Engine) -> None:
    other = Instrument()
    other.CopyFrom(BTC_KK99)
    other.instrument_id, other.symbol = UNKNOWN, "BTC-KK99.E"
    apply(engine, Command(create_instrument=CreateInstrument(instrument=other)))
    assert engine.top(UNKNOWN) == (10, None, None)


def test_a_query_gives_the_account_and_its_open_orders(engine: _core.Engine) -> None:
    found = engine.query(1)
    assert found is not None
    ticket, answer = found
    assert ticket == 9
    assert len(QueryResponse.FromString(answer).open_orders) == len(BIDS) + len(ASKS)
