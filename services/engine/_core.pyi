"""The matching core with its journal, in C++: one shard, bytes in, bytes out.

Every method may be called from any thread, and holds no interpreter lock while the engine works.
"""

from typing import Literal, final

from typing_extensions import Buffer

class JournalFailed(RuntimeError):  # noqa: N818 - named as what it says
    """The journal has died, with the reason, or the engine is closed: nothing becomes durable any more."""

class LogCorrupt(RuntimeError):  # noqa: N818 - named as what it says
    """A file says what cannot be: names the file, the offset in it and the command."""

class StorageError(OSError):
    """An operation on a file failed."""

class PositionGone(RuntimeError):  # noqa: N818 - named as what it says
    """The events after a position are not retained any more."""

class StateDiverged(RuntimeError):  # noqa: N818 - named as what it says
    """A second core came to another state by the same commands; the engine applies nothing any more."""

@final
class State:
    """How far an engine is; `state_hash` is taken over the whole state after `engine_seq`, 0 unless asked for."""

    @property
    def shard(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def engine_seq(self) -> int: ...
    @property
    def durable_seq(self) -> int: ...
    @property
    def state_hash(self) -> int: ...
    @property
    def snapshot_seq(self) -> int: ...
    @property
    def engine_time_ns(self) -> int: ...
    @property
    def open_orders(self) -> int: ...

@final
class Recovery:
    """How an engine got to where it started: the snapshot (0: none), the last command, what an operator should know."""

    @property
    def snapshot_seq(self) -> int: ...
    @property
    def last_seq(self) -> int: ...
    @property
    def notes(self) -> list[str]: ...

@final
class Engine:
    """One shard at work. Segment sizes are in bytes and a multiple of 8.

    Durable is what `ack` promises: on the medium, or handed to the operating system. Segments of journal and event log
    older than `keep_ns` of engine time, that no snapshot needs, go to `archive_folder`, or are deleted if it is empty.
    `populate_memory` takes the memory of all pools at the start, so that no order waits for a page.
    """

    def __init__(
        self,
        *,
        folder: str,
        shard: int = 0,
        journal_segment_bytes: int = ...,
        event_segment_bytes: int = ...,
        ack: Literal["durable", "written"] = "durable",
        keep_ns: int = ...,
        archive_folder: str = "",
        populate_memory: bool = False,
    ) -> None:
        """Recover from the folder, or begin in it. Raises LogCorrupt, StorageError."""

    def apply(self, batch: bytes, now_ns: int, allowed_kinds: int) -> tuple[int, bytes]:
        """Apply a serialized SubmitRequest; return the command to wait for and the serialized SubmitResponse.

        `allowed_kinds` has bit `1 << field number in Command` for each kind that may be given. A refused batch has
        ticket 0. An empty batch lets time pass. Raises JournalFailed.
        """

    def durable(self) -> int:
        """Return the last durable command. Raises JournalFailed."""

    def published(self) -> int:
        """Return the last command whose events can be read."""

    def full(self) -> bool:
        """Tell whether there is no space for more: commands are refused with UNAVAILABLE, reads go on."""

    def fileno(self) -> int:
        """Return a descriptor that is readable when `durable` or `published` grew, or the journal failed."""

    def next_deadline(self) -> int | None:
        """Return the engine time at which time itself has work to do."""

    def read_events(self, after_seq: int, max_bytes: int) -> tuple[int, bytes]:
        """Return the position after, and a serialized EventsResponse with, the blocks that follow a position.

        The position as it was and no bytes if there is nothing. Raises PositionGone, LogCorrupt, StorageError.
        """

    def heartbeat(self) -> bytes:
        """Return a serialized EventsResponse without blocks."""

    def heartbeat_without_instruments(self, after_seq: int) -> tuple[int, bytes] | None:
        """Return the position to go on from, and an EventsResponse without blocks.

        None if a block after the position may tell of an instrument.
        """

    def snapshot_parts(self) -> tuple[int, list[bytes]]:
        """Return the command to wait for, and serialized EventsResponses that make up a snapshot of now."""

    def query(self, account_id: int) -> tuple[int, bytes] | None:
        """Return the command to wait for and an account's serialized QueryResponse; None if it is unknown."""

    def depth_into(self, instrument_id: int, side: int, buffer: Buffer) -> tuple[int, int] | None:
        """Fill a writable buffer with levels of one side (1 buy, 2 sell), best first, each a price and a quantity.

        Both are signed integers of 64 bits, at the instrument's scales. Return the command to wait for and how many
        levels were written; None if the instrument is unknown. Raises BufferError, ValueError.
        """

    def top(self, instrument_id: int) -> tuple[int, tuple[int, int] | None, tuple[int, int] | None] | None:
        """Return the command to wait for, and price and quantity of the best bid and the best ask, None where none is.

        None if the instrument is unknown.
        """

    def state(self, with_hash: bool = False) -> State:
        """Return how far the engine is; the hash takes time in proportion to the state. Raises StateDiverged."""

    def recovery(self) -> Recovery:
        """Return how the engine got to where it started."""

    def take_snapshot(self) -> State:
        """Let a second core follow the journal to now and write its state; return how far the engine then was.

        Raises JournalFailed, StateDiverged, LogCorrupt, StorageError.
        """

    def close(self) -> None:
        """Commit what is queued, then stop."""

def keep_instruments(response: bytes) -> bytes:
    """Return an EventsResponse with what another one says of instruments, and of nothing else. Raises ValueError."""

def verify_journal(folder: str, shard: int = 0) -> int:
    """Read a whole journal, checksums and chain; return its last command. Raises LogCorrupt, StorageError."""
