"""What the feed's messages may and may not look like."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.demo.protocol import (
    FEED_SCALE,
    DepthSnapshot,
    DepthUpdate,
    Dialect,
    MalformedMessageError,
    ServerShutdown,
    Trade,
    parse_decimal,
    parse_event,
    parse_snapshot,
)

UPDATE = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 5, "u": 7, "pu": 4, "b": [["1.50", "2"]], "a": []}
TRADE = {"e": "aggTrade", "E": 1, "s": "BTCUSDT", "a": 12, "p": "0.001", "q": "100", "f": 1, "l": 1, "T": 1, "m": True}


def _frame(data: object) -> str:
    return json.dumps({"stream": "btcusdt@depth", "data": data})


def test_spot_update() -> None:
    assert parse_event(_frame(UPDATE), Dialect.SPOT) == DepthUpdate(
        "BTCUSDT", 5, 7, None, bids=((150_000_000, 200_000_000),), asks=()
    )


def test_futures_update_names_the_one_before() -> None:
    event = parse_event(_frame(UPDATE), Dialect.FUTURES)
    assert isinstance(event, DepthUpdate)
    assert event.previous_id == 4


@pytest.mark.parametrize("kind", ["aggTrade", "trade"])
def test_trades_of_both_streams(kind: str) -> None:
    data = TRADE | {"e": kind, "t": 12}
    assert parse_event(_frame(data), Dialect.SPOT) == Trade("BTCUSDT", 12, 100_000, 10_000_000_000, buyer_is_maker=True)


def test_an_event_need_not_be_wrapped() -> None:
    assert parse_event(json.dumps({"e": "serverShutdown", "E": 1}), Dialect.SPOT) == ServerShutdown()


@pytest.mark.parametrize("data", [{"e": "kline"}, {"u": 1, "s": "X", "b": "1", "B": "1", "a": "2", "A": "1"}])
def test_other_events_are_passed_over(data: object) -> None:
    assert parse_event(_frame(data), Dialect.SPOT) is None


def test_the_answer_to_a_subscription_is_passed_over() -> None:
    assert parse_event('{"result":null,"id":1}', Dialect.SPOT) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "null", '{"data":[]}', '{"data":7}', b"\xff\xfe", "[" * 100_000],
    ids=["empty", "open", "list", "number", "null", "list-data", "number-data", "not-utf8", "deep"],
)
def test_frames_that_are_no_message(text: str | bytes) -> None:
    with pytest.raises(MalformedMessageError):
        parse_event(text, Dialect.SPOT)


@pytest.mark.parametrize(
    "change",
    [
        {"s": None},
        {"s": ""},
        {"U": "5"},
        {"U": True},
        {"U": -1},
        {"U": 8},
        {"u": 7.0},
        {"pu": None},
        {"b": None},
        {"b": {}},
        {"b": [["1"]]},
        {"b": ["1", "2"]},
        {"b": [[1, 2]]},
        {"b": [["0.0", "2"]]},
        {"a": [["1", "-2"]]},
        {"a": [["1", "NaN"]]},
    ],
    ids=str,
)
def test_updates_that_break_the_protocol(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessageError):
        parse_event(_frame(UPDATE | change), Dialect.FUTURES)


@pytest.mark.parametrize("change", [{"m": 1}, {"m": None}, {"p": 1.5}, {"q": "1e3"}, {"a": None}, {"s": 3}], ids=str)
def test_trades_that_break_the_protocol(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessageError):
        parse_event(_frame(TRADE | change), Dialect.SPOT)


def test_snapshot_with_an_empty_side() -> None:
    text = '{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}'
    assert parse_snapshot(text, "BNBBTC") == DepthSnapshot("BNBBTC", 160, ((240_000, 1_000_000_000),), ())


def test_an_error_is_no_snapshot() -> None:
    with pytest.raises(MalformedMessageError):
        parse_snapshot('{"code":-1121,"msg":"Invalid symbol."}', "NONE")


@pytest.mark.parametrize(
    "text", ["", ".5", "5.", "-1", "+1", "1e5", "1,000", "0.123456789", "1" * 19, "٣", " 1", "1\n", None, 1.5, 3]
)
def test_what_is_no_decimal(text: object) -> None:
    with pytest.raises(MalformedMessageError):
        parse_decimal(text)


@given(st.integers(0, 10**10), st.integers(0, FEED_SCALE + 2))
def test_trailing_zeros_do_not_matter(whole: int, zeros: int) -> None:
    assert parse_decimal(f"{whole}.{'0' * zeros}" if zeros else str(whole)) == whole * 10**FEED_SCALE
