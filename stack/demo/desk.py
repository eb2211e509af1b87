"""The quoting desk of one instrument: mirrors the feed's book into ours, one command at a time.

1. The desk decides anew before each command, so a command is never older than the book it answers.
2. What is really open is read back from the exchange: at the start (which adopts the orders of an earlier run), after
   trades, and every RECONCILE_S. In between the desk counts its own commands.
3. When the feed's book is lost, every quote is cancelled before any is placed again.
"""

import asyncio
import contextlib
import logging

from exchange.orders.v1.order_pb2 import Order
from exchange.orders.v1.orders_service_pb2 import PlaceOrderRequest
from exchange.type.v1.order_pb2 import (
    ORDER_STATUS_NEW,
    ORDER_STATUS_PARTIALLY_FILLED,
    ORDER_TYPE_LIMIT,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_GTC,
)
from stack.demo.account import DemoAccount
from stack.demo.book import Book
from stack.demo.edge import RefusedError
from stack.demo.instruments import DemoInstrument
from stack.demo.quotes import Cancel, LiveQuote, Place, Quote, Side, mirrored, next_action
from stack.demo.rate import TokenBucket

QUOTED_LEVELS = 10
RECONCILE_S = 5.0
RECONCILE_AFTER_TRADE_S = 0.5
REFUSED_PRICE_REST_S = 1.0
"""A price that was refused is left alone for this long."""

CONTRACT_SIDES = {Side.BUY: SIDE_BUY, Side.SELL: SIDE_SELL}
_SIDES = {number: side for side, number in CONTRACT_SIDES.items()}
_OPEN = {ORDER_STATUS_NEW, ORDER_STATUS_PARTIALLY_FILLED}

_log = logging.getLogger(__name__)


class QuotingDesk:
    """Keeps one instrument quoted. All methods run on one event loop."""

    def __init__(self, instrument: DemoInstrument, account: DemoAccount, bucket: TokenBucket) -> None:
        self._instrument = instrument
        self._account = account
        self._bucket = bucket
        self._book: Book | None = None
        self._clearing = False
        self._live: dict[str, LiveQuote] = {}
        self._unanswered: PlaceOrderRequest | None = None
        self._resting: dict[tuple[Side, int], float] = {}
        self._news = asyncio.Event()
        self._reconcile_at_s = 0.0

    def book_changed(self, book: Book) -> None:
        """Quote after this book, which the caller goes on changing."""
        self._book = book
        self._news.set()

    def book_lost(self) -> None:
        """Withdraw from the market until there is a book again."""
        self._book = None
        self._clearing = True
        self._news.set()

    def traded(self) -> None:
        """Expect that quotes were hit."""
        self._reconcile_at_s = min(self._reconcile_at_s, _now_s() + RECONCILE_AFTER_TRADE_S)
        self._news.set()

    async def run(self) -> None:
        """Quote until cancelled; the live quotes stay, see `withdraw`."""
        while True:
            if _now_s() >= self._reconcile_at_s:
                await self._reconcile()
            self._news.clear()
            if self._next_action() is None:
                await self._wait()
                continue
            await self._bucket.take()
            await self._perform(self._next_action())

    async def withdraw(self) -> None:
        """Cancel every open order of the account in the instrument."""
        await self._settle_unanswered()
        await self._reconcile()
        for quote in list(self._live.values()):
            await self._bucket.take()
            await self._cancel(quote)

    def _next_action(self) -> Place | Cancel | None:
        live = self._live.values()
        self._clearing = self._clearing and bool(live)
        if self._book is None or self._clearing:
            return next_action([], live)
        now_s = _now_s()
        self._resting = {key: until_s for key, until_s in self._resting.items() if until_s > now_s}
        wanted = mirrored(self._book, self._instrument, QUOTED_LEVELS)
        return next_action([quote for quote in wanted if (quote.side, quote.price) not in self._resting], live)

    async def _perform(self, action: Place | Cancel | None) -> None:
        match action:
            case Place(quote):
                await self._place(quote)
            case Cancel(quote):
                await self._cancel(quote)

    async def _place(self, quote: Quote) -> None:
        request = PlaceOrderRequest(
            instrument=self._instrument.symbol,
            side=CONTRACT_SIDES[quote.side],
            type=ORDER_TYPE_LIMIT,
            time_in_force=TIME_IN_FORCE_GTC,
            price=self._instrument.price_text(quote.price),
            quantity=self._instrument.quantity_text(quote.lots),
            post_only=True,
        )
        self._unanswered = request
        try:
            self._keep((await self._account.place(request)).order)
        except RefusedError as refused:
            _log.info("%s: a quote was refused: %s", self._instrument.symbol, refused)
            self._resting[quote.side, quote.price] = _now_s() + REFUSED_PRICE_REST_S
            if refused.reason == "INSUFFICIENT_FUNDS":
                await self._account.fund_what_lacks()
        self._unanswered = None

    async def _settle_unanswered(self) -> None:
        # An order whose answer a stop cut off could still be entered behind any list. Entered again under its id it is
        # in the book or refused, whichever of the two comes first.
        if self._unanswered is not None:
            with contextlib.suppress(RefusedError):
                await self._account.place(self._unanswered)
            self._unanswered = None

    async def _cancel(self, quote: LiveQuote) -> None:
        await self._account.cancel(quote.order_id)
        self._live.pop(quote.order_id, None)

    async def _reconcile(self) -> None:
        # Set first: a trade seen while the list is on its way asks for the next one.
        self._reconcile_at_s = _now_s() + RECONCILE_S
        orders = await self._account.open_orders(self._instrument.symbol)
        self._live.clear()
        for order in orders:
            self._keep(order)

    def _keep(self, order: Order) -> None:
        if order.status in _OPEN:
            price, lots = self._instrument.price_of(order.price), self._instrument.lots_of(order.leaves_quantity)
            self._live[order.order_id] = LiveQuote(order.order_id, _SIDES[order.side], price, lots)

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._reconcile_at_s):
                await self._news.wait()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
