"""The line that shows the market moving."""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

from stack.demo.public_market import PublicMarket

REFRESH_S = 1.0
LOG_EVERY_S = 10.0
"""Where the output is no terminal, a line is written this seldom."""
GAP = "   "


async def show(markets: Sequence[PublicMarket], output: TextIO = sys.stdout) -> None:
    """Write the line until cancelled: over itself on a terminal, below itself elsewhere."""
    if not output.isatty():
        while True:
            await asyncio.sleep(LOG_EVERY_S)
            print(line(markets), file=output, flush=True)
    try:
        while True:
            await asyncio.sleep(REFRESH_S)
            # A line that wraps cannot be written over.
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[2K{line(markets, width)}", end="", file=output, flush=True)
    finally:
        print(file=output, flush=True)


def line(markets: Sequence[PublicMarket], width: int = sys.maxsize) -> str:
    """Give each instrument's best bid and ask, last price and trades per second; as many as fit into the width."""
    parts = list(map(_instrument, markets))
    while len(parts) > 1 and len(GAP.join(parts)) > width:
        parts.pop()
    return GAP.join(parts)[:width]


def _instrument(market: PublicMarket) -> str:
    best_bids, best_asks = market.book.best_bids(1), market.book.best_asks(1)
    bid = _price(market, best_bids[0][0] if best_bids else None)
    ask = _price(market, best_asks[0][0] if best_asks else None)
    last = _price(market, market.last_price)
    return f"{market.instrument.symbol} {bid}/{ask} last {last} {market.trades_per_s():.1f}/s"


def _price(market: PublicMarket, price: int | None) -> str:
    return "-" if price is None else market.instrument.price_text(price)
