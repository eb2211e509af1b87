"""Order entry's codec in C++. Each call drops the interpreter's lock while it reads or writes; one thread uses a codec.

Bytes in and out are serialized messages of the contracts.
"""

from collections.abc import Sequence
from enum import Enum

Turn = tuple[int, int, int]
"""When commands were sequenced and when they were matched, in nanoseconds since 1970, and how many waited then."""

MAX_ITEMS: int
MAX_TOGETHER: int

class MessageKind(Enum):
    """What an OrderEntryRequest holds; UNREADABLE if it is none, or holds not exactly one thing."""

    UNREADABLE = 0
    OPEN_SESSION = 1
    BATCH = 2
    HEARTBEAT = 3
    CLOSE = 4

class ItemKind(Enum):
    """What an OrderItem holds; NONE if not exactly one thing."""

    NONE = 0
    PLACE = 1
    AMEND = 2
    CANCEL = 3
    MASS_CANCEL = 4
    GROUP = 5

class BatchFault(Enum):
    """What is wrong with a batch as a whole, so that none of it counts."""

    NONE = 0
    ITEM_COUNT = 1
    ACCEPTANCE = 2
    RESPONSE_MODE = 3
    TOGETHER_COUNT = 4
    TOGETHER_KIND = 5

class Codec:
    """What is the same for all batches: instruments, and the names of reasons."""

    def __init__(self, reasons: Sequence[tuple[int, str]], otherwise: str) -> None:
        """Take the names of reasons by number, and the name of those that are not among them."""

    def know(self, *, instrument_id: int, symbol: str, price_scale: int, quantity_scale: int, quote_scale: int) -> None:
        """Learn of an instrument; of one that is known nothing changes. Raises ValueError for a scale beyond 18."""

class Batch:
    """The body of an OrderBatch, and what becomes of it."""

    def __init__(self, codec: Codec, body: bytes, *, account_id: int, session_id: int, now_ns: int) -> None:
        """Read it, `now_ns` being when it came. Orders carry `session_id` unless they name another one; 0 is none."""

    @property
    def correlation_id(self) -> int:
        """The client's number for it."""

    @property
    def fault(self) -> BatchFault:
        """What is wrong with it as a whole."""

    @property
    def mode(self) -> int:
        """The ResponseMode, by its number in either contract."""

    @property
    def unknown_symbols(self) -> list[str]:
        """Symbols that no known instrument has."""

    @property
    def order_count(self) -> int:
        """How many orders it enters or changes; each leg of a group counts."""

    @property
    def cancel_count(self) -> int:
        """How many requests take orders out."""

    @property
    def commands(self) -> bytes:
        """A SubmitRequest with the commands, without the mode."""

    @property
    def command_count(self) -> int:
        """How many commands these are."""

    def answer(self, results: bytes, turn: Turn) -> None:
        """Take a SubmitResponse with the commands' results, and their turn. Raises ValueError if it is not that."""

    def refused(self) -> list[tuple[int, ItemKind, int, bytes, bytes, int]]:
        """Return refused items that are worth words: index, kind, number of the reason, request, result, engine_seq.

        The result is the engine's CommandResult, with ALL_OR_NONE the OrderResult, and empty if there is none.
        """

    def explain(self, index: int, status: bytes) -> None:
        """Put the refusal of an item into words: a google.rpc.Status."""

    def write(self) -> bytes:
        """Return the OrderEntryResponse. Raises ValueError if the results cannot be read."""

def read_message(message: bytes) -> tuple[MessageKind, bytes]:
    """Tell what an OrderEntryRequest holds, and its body."""

def split_results(response: bytes, counts: Sequence[int]) -> tuple[list[bytes], Turn]:
    """Take a SubmitResponse apart: results of so many commands each, and their turn. Raises ValueError for others."""
