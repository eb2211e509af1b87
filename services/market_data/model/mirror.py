"""The mirror: every instrument with its book and its trades, as the engine's events tell them.

1. It starts from a snapshot and takes whole blocks in order; a block that it has is ignored, so delivery may repeat.
2. A hole in the numbers of a book or of trades is `OutOfStep`: the mirror is then good for nothing but a new snapshot.
3. History never goes back within an epoch, and epochs only grow; otherwise `HistoryRegressed`, and an operator looks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.market_data.model.book import Book, LevelChanged, OutOfStep, Side
from services.market_data.model.instrument import Instrument
from services.market_data.model.tape import Tape, Trade


class HistoryRegressed(Exception):  # noqa: N818 - named as what it says
    """The engine offers an older history than the one that was already shown to subscribers."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader of the engine's log stands: all up to this event was taken in, and the whole of its command."""

    shard: int
    epoch: int
    engine_seq: int
    index: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An instrument was listed or changed."""

    instrument: Instrument


PublicEvent = Listed | LevelChanged | Trade


@dataclass(frozen=True, slots=True)
class Block:
    """The public events of one command, in order; `last_index` is the place of its last event, private or not."""

    engine_seq: int
    time_ns: int
    last_index: int
    events: Sequence[PublicEvent]


@dataclass(frozen=True, slots=True)
class Resting:
    """The open quantity of one order."""

    instrument_id: int
    side: Side
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Heading:
    """An instrument, and how far its book and its trades are."""

    instrument: Instrument
    book_seq: int
    trade_seq: int


@dataclass(slots=True)
class Snapshot:
    """The state after command `engine_seq`, collected part by part."""

    shard: int
    epoch: int
    engine_seq: int
    headings: list[Heading] = field(default_factory=list)
    _quantities: dict[int, dict[tuple[Side, int], int]] = field(default_factory=dict)

    def add(self, headings: Iterable[Heading], resting: Iterable[Resting]) -> None:
        """Take in a part."""
        self.headings.extend(headings)
        for order in resting:
            levels = self._quantities.setdefault(order.instrument_id, {})
            level = (order.side, order.price)
            levels[level] = levels.get(level, 0) + order.quantity

    def levels(self, instrument_id: int) -> Iterator[tuple[Side, int, int]]:
        """Yield the levels (side, price, quantity) of a book."""
        for (side, price), quantity in self._quantities.get(instrument_id, {}).items():
            yield side, price, quantity


@dataclass(slots=True)
class Market:
    """One instrument, its book and its trades."""

    instrument: Instrument
    book: Book
    tape: Tape


class Mirror:
    """All markets after the command at `position`; no position before the first snapshot."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self.live = False
        """True while the engine is followed; set by whoever follows it."""
        self._by_symbol: dict[str, Market] = {}
        self._by_id: dict[int, Market] = {}

    @property
    def epoch(self) -> int:
        """Epoch of the history; there is one from the first snapshot on."""
        assert self.position is not None
        return self.position.epoch

    def market(self, symbol: str) -> Market | None:
        """Return an instrument's market, or None."""
        return self._by_symbol.get(symbol)

    def instruments(self) -> list[Instrument]:
        """Return every instrument, by symbol."""
        return [self._by_symbol[symbol].instrument for symbol in sorted(self._by_symbol)]

    def load(self, snapshot: Snapshot, earlier: Mapping[int, Sequence[Trade]]) -> None:
        """Begin anew from a snapshot, and from trades before it by instrument; raises `HistoryRegressed`."""
        if self.position is not None:
            _check_forward(self.position, snapshot.epoch, snapshot.engine_seq)
        self._by_id.clear()
        self._by_symbol.clear()
        for heading in snapshot.headings:
            number = heading.instrument.instrument_id
            book = Book(heading.book_seq, snapshot.levels(number))
            self._add(Market(heading.instrument, book, Tape(heading.trade_seq, earlier.get(number, ()))))
        self.position = Position(snapshot.shard, snapshot.epoch, snapshot.engine_seq, 0)

    def apply(self, block: Block) -> None:
        """Take in the events of the next command; raises `OutOfStep`."""
        assert self.position is not None, "events before a snapshot"
        if block.engine_seq <= self.position.engine_seq:
            return
        for event in block.events:
            self._take(event)
        self.position = Position(self.position.shard, self.position.epoch, block.engine_seq, block.last_index)

    def _take(self, event: PublicEvent) -> None:
        if isinstance(event, Listed):
            self._list(event.instrument)
        elif isinstance(event, LevelChanged):
            self._known(event.instrument_id).book.apply(event)
        else:
            self._known(event.instrument_id).tape.append(event)

    def _list(self, instrument: Instrument) -> None:
        market = self._by_id.get(instrument.instrument_id)
        if market is None:
            self._add(Market(instrument, Book(), Tape()))
        else:
            market.instrument = instrument

    def _add(self, market: Market) -> None:
        self._by_id[market.instrument.instrument_id] = market
        self._by_symbol[market.instrument.symbol] = market

    def _known(self, instrument_id: int) -> Market:
        market = self._by_id.get(instrument_id)
        if market is None:
            raise OutOfStep(f"an event of instrument {instrument_id} came before its listing")
        return market


def _check_forward(known: Position, epoch: int, engine_seq: int) -> None:
    if (epoch, engine_seq) < (known.epoch, known.engine_seq):
        raise HistoryRegressed(
            f"the engine offers epoch {epoch} up to command {engine_seq}, "
            f"but epoch {known.epoch} up to command {known.engine_seq} was already shown"
        )
