"""A listener that keeps what it is shown, and lets a test wait for what it expects."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from stack.demo.book import Book
from stack.demo.protocol import Trade
from tests.integration.demo.rebuild import Books, Side

WAIT_LIMIT_S = 60


@dataclass
class Watcher:
    """Copies every book at once: the adapter goes on changing its own."""

    copies: dict[str, list[tuple[int, dict[int, int], dict[int, int]]]] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def book_changed(self, symbol: str, book: Book, last_id: int) -> None:
        self.copies.setdefault(symbol, []).append((last_id, dict(book.bids), dict(book.asks)))
        self._news.set()

    def book_lost(self, symbol: str) -> None:
        self.losses.append(symbol)
        self._news.set()

    def traded(self, trade: Trade) -> None:
        self.trades.append(trade)
        self._news.set()

    def ids(self, symbol: str) -> list[int]:
        """The update ids at which the book of a symbol was shown."""
        return [last_id for last_id, _, _ in self.copies.get(symbol, [])]

    def books(self, symbol: str) -> list[tuple[int, Books]]:
        """The books of a symbol in decimals, each with its update id."""
        return [(last_id, (_decimals(bids), _decimals(asks))) for last_id, bids, asks in self.copies[symbol]]

    async def wait_for(self, met: Callable[[], bool]) -> None:
        """Wait until something shown meets the condition."""
        async with asyncio.timeout(WAIT_LIMIT_S):
            while not met():
                self._news.clear()
                await self._news.wait()


def _decimals(side: dict[int, int]) -> Side:
    return {Decimal(price).scaleb(-8): Decimal(quantity).scaleb(-8) for price, quantity in side.items()}
