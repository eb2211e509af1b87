"""Where a feed is found: the addresses and the stream names of one market."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from stack.demo.protocol import SNAPSHOT_LEVELS, Dialect


@dataclass(frozen=True)
class Venue:
    """One market: its dialect and the roots of its REST and WebSocket addresses."""

    dialect: Dialect
    rest_root: str
    stream_root: str

    def snapshot_url(self, symbol: str) -> str:
        """Return the address of a depth snapshot."""
        query = urlencode({"symbol": symbol, "limit": SNAPSHOT_LEVELS})
        return f"{self.rest_root}{self.dialect.value}?{query}"

    def stream_url(self, symbols: Sequence[str]) -> str:
        """Return the address of one connection with the diff depth and the trades of all symbols."""
        names = [f"{symbol.lower()}@{kind}" for kind in ("depth@100ms", "aggTrade") for symbol in symbols]
        return f"{self.stream_root}/stream?streams={'/'.join(names)}"


BINANCE_SPOT = Venue(
    Dialect.SPOT, rest_root="https://data-api.binance.vision", stream_root="wss://data-stream.binance.vision"
)
"""Binance's hosts for public market data: no key, nothing but market data."""


def local_venue(dialect: Dialect, port: int) -> Venue:
    """Return the venue that the local feed server plays on a port of this machine."""
    return Venue(dialect, rest_root=f"http://127.0.0.1:{port}", stream_root=f"ws://127.0.0.1:{port}")
