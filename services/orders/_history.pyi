"""What the engine's blocks change in the history, as rows for PostgreSQL's binary COPY; see exchange/history/rows.hpp.

A table is its rows ready for COPY, their number, and the first and last time of the column that parts it into months.
"""

from collections.abc import Sequence

ENTERED_COLUMNS: list[str]
CHANGED_COLUMNS: list[str]
FILL_COLUMNS: list[str]
RUN_COLUMNS: list[str]
BUST_COLUMNS: list[str]
EVENTS_A_RUN: int

Table = tuple[bytes, int, int, int]

def rows_of(
    blocks: list[bytes], shard: int, epoch: int, reasons: Sequence[str]
) -> tuple[Table, Table, Table, Table, Table, list[bytes]]:
    """Return the orders entered, the orders changed, the fills, the runs of private events, the busts, the instruments.

    `blocks` are serialized EventBlocks, in order; `reasons` names the values of Reason by number, the last of them any
    that it lacks. Drops the interpreter's lock. Raises ValueError for bytes that are no block.
    """

def private_events_of(block: bytes) -> tuple[list[tuple[int, int, int, int, bytes]], bool]:
    """Return the private events of a serialized EventBlock, and whether it lists or changes an instrument.

    An event is account, `account_seq`, `engine_seq`, engine time, and the engine's event as it came. Raises ValueError.
    """
