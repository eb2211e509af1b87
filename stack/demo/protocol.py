"""Binance's public market data messages, parsed once at the border.

Prices and quantities are integers in units of 10**-FEED_SCALE: Binance never sends more than eight decimals.
Sources: Binance's "WebSocket Streams" and "How to manage a local order book correctly", spot and USD-M futures.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from services.kernel.money import AmountError, units_of

FEED_SCALE = 8
SNAPSHOT_LEVELS = 1000

Level = tuple[int, int]
"""A price and the total quantity resting at it; a quantity of 0 deletes the price."""


class Dialect(Enum):
    """The two protocols, by the path that answers a depth snapshot."""

    SPOT = "/api/v3/depth"
    FUTURES = "/fapi/v1/depth"


class MalformedMessageError(ValueError):
    """A message that the documented protocol does not allow."""


@dataclass(frozen=True, slots=True)
class DepthSnapshot:
    """A book as it was after the update `last_id`, at most SNAPSHOT_LEVELS a side."""

    symbol: str
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class DepthUpdate:
    """Every change of a book in the updates `first_id` to `last_id`, as absolute quantities.

    `previous_id` is the `last_id` of the update sent before; only futures send it.
    """

    symbol: str
    first_id: int
    last_id: int
    previous_id: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution, or those of one taker at one price together."""

    symbol: str
    trade_id: int
    price: int
    quantity: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class ServerShutdown:
    """The server is about to close the connection; the client connects anew."""


Event = DepthUpdate | Trade | ServerShutdown


def parse_decimal(text: object) -> int:
    """Read an unsigned decimal string, in units of 10**-FEED_SCALE; anything else is a MalformedMessageError."""
    if not isinstance(text, str) or text.startswith("-"):
        raise MalformedMessageError(f"not an unsigned decimal: {text!r:.80}")
    try:
        return units_of(text, FEED_SCALE)
    except AmountError as error:
        raise MalformedMessageError(str(error)) from error


def parse_snapshot(text: str | bytes, symbol: str) -> DepthSnapshot:
    """Read the answer of a REST depth request for `symbol`; raises MalformedMessageError."""
    body = _object(_json(text))
    return DepthSnapshot(symbol, _id(body, "lastUpdateId"), _levels(body, "bids"), _levels(body, "asks"))


def parse_event(text: str | bytes, dialect: Dialect) -> Event | None:
    """Read one frame of a combined stream, None if no book needs it; raises MalformedMessageError."""
    frame = _object(_json(text))
    data = _object(frame.get("data", frame))
    match data.get("e"):
        case "depthUpdate":
            return _depth_update(data, dialect)
        case "aggTrade":
            return _trade(data, "a")
        case "trade":
            return _trade(data, "t")
        case "serverShutdown":
            return ServerShutdown()
        case _:
            return None


def _depth_update(data: dict[str, Any], dialect: Dialect) -> DepthUpdate:
    first_id, last_id = _id(data, "U"), _id(data, "u")
    if first_id > last_id:
        raise MalformedMessageError(f"an update ends before it begins: {first_id} > {last_id}")
    previous_id = _id(data, "pu") if dialect is Dialect.FUTURES else None
    return DepthUpdate(_symbol(data), first_id, last_id, previous_id, _levels(data, "b"), _levels(data, "a"))


def _trade(data: dict[str, Any], id_field: str) -> Trade:
    buyer_is_maker = data.get("m")
    if not isinstance(buyer_is_maker, bool):
        raise MalformedMessageError(f"m is not a boolean: {buyer_is_maker!r}")
    price, quantity = parse_decimal(data.get("p")), parse_decimal(data.get("q"))
    return Trade(_symbol(data), _id(data, id_field), price, quantity, buyer_is_maker)


def _json(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError(f"not JSON: {error}") from error


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedMessageError(f"not a JSON object: {value!r:.80}")
    return value


def _symbol(data: dict[str, Any]) -> str:
    symbol = data.get("s")
    if not isinstance(symbol, str) or not symbol:
        raise MalformedMessageError(f"not a symbol: {symbol!r}")
    return symbol


def _id(data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is not int or value < 0:
        raise MalformedMessageError(f"{name} is not an id: {value!r}")
    return value


def _levels(data: dict[str, Any], name: str) -> tuple[Level, ...]:
    rows = data.get(name)
    if not isinstance(rows, list):
        raise MalformedMessageError(f"{name} is not a list of levels: {rows!r:.80}")
    return tuple(map(_level, rows))


def _level(row: object) -> Level:
    # Years ago spot sent a third, empty member.
    if not isinstance(row, list) or len(row) < 2:
        raise MalformedMessageError(f"not a level: {row!r:.80}")
    price = parse_decimal(row[0])
    if price == 0:
        raise MalformedMessageError(f"a level without a price: {row!r:.80}")
    return price, parse_decimal(row[1])
