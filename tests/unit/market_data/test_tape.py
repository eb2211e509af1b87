"""The trades of an instrument, and how far back they are kept."""

from collections.abc import Sequence

import pytest

from services.market_data.model.book import OutOfStep, Side
from services.market_data.model.tape import KEPT_TRADES, Tape, Trade


def trade(seq: int) -> Trade:
    return Trade(1, 100 + seq, seq, 10, 1, Side.BUY, seq)


def numbers(trades: Sequence[Trade] | None) -> list[int] | None:
    return None if trades is None else [each.seq for each in trades]


def test_trades_are_read_from_where_the_reader_stands() -> None:
    tape = Tape(2)
    for seq in (3, 4, 5):
        tape.append(trade(seq))
    assert numbers(tape.since(3, 10)) == [4, 5]
    assert numbers(tape.since(2, 2)) == [3, 4]
    assert numbers(tape.since(5, 10)) == []


@pytest.mark.parametrize("seq", [1, 4])
def test_a_place_before_the_kept_trades_or_ahead_is_unknown(seq: int) -> None:
    tape = Tape(2)
    tape.append(trade(3))
    assert tape.since(seq, 10) is None


@pytest.mark.parametrize("seq", [2, 4])
def test_a_trade_that_is_not_the_next_is_out_of_step(seq: int) -> None:
    with pytest.raises(OutOfStep):
        Tape(2).append(trade(seq))


def test_only_so_many_trades_are_kept() -> None:
    tape = Tape()
    for seq in range(1, KEPT_TRADES + 2):
        tape.append(trade(seq))
    assert tape.since(0, 1) is None
    assert numbers(tape.since(1, 1)) == [2]


def test_earlier_trades_are_kept_as_far_as_they_reach_the_start_without_a_hole() -> None:
    tape = Tape(6, [trade(seq) for seq in (1, 2, 4, 5, 6, 7)])
    assert tape.since(2, 10) is None
    assert numbers(tape.since(3, 10)) == [4, 5, 6]
    assert Tape(6, [trade(1), trade(2)]).since(5, 10) is None
