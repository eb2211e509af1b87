"""The line that shows the market moving."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TextIO

from stack.demo.public_market import PublicMarket

REFRESH_S = 1.0
LOG_EVERY_S = 10.0
"""Where the output is no terminal, a line is written this seldom."""


async def show(markets: Sequence[PublicMarket], output: TextIO = sys.stdout) -> None:
    """Write the line until cancelled: over itself on a terminal, below itself elsewhere."""
    on_terminal = output.isatty()
    before, after = ("\r\x1b[2K", "") if on_terminal else ("", "\n")
    while True:
        await asyncio.sleep(REFRESH_S if on_terminal else LOG_EVERY_S)
        output.write(f"{before}{line(markets)}{after}")
        output.flush()


def line(markets: Sequence[PublicMarket]) -> str:
    """Give each instrument's best bid and ask, last price and trades per second."""
    return "   ".join(map(_instrument, markets))


def _instrument(market: PublicMarket) -> str:
    best_bids, best_asks = market.book.best_bids(1), market.book.best_asks(1)
    bid = _price(market, best_bids[0][0] if best_bids else None)
    ask = _price(market, best_asks[0][0] if best_asks else None)
    last = _price(market, market.last_price)
    return f"{market.instrument.symbol} {bid}/{ask} last {last} {market.trades_per_s():.1f}/s"


def _price(market: PublicMarket, price: int | None) -> str:
    return "-" if price is None else market.instrument.price_text(price)
