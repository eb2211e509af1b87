"""What the use cases need of the shard: the core with its journal, as the event loop sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from services.engine.model import ShardState


@dataclass(frozen=True, slots=True)
class Pending:
    """Bytes that may leave once `durable` is done; it raises `JournalDied` if that will not happen."""

    content: bytes
    durable: asyncio.Future[None]
    queue_length: int | None = None
    """Of a batch that was not refused: how many commands of all clients were not durable yet when it came."""


class Shard(Protocol):
    """The one writer. Methods that are not coroutines return at once; all run on the event loop."""

    def apply(self, batch: bytes, now_ns: int, allowed_kinds: int) -> Pending:
        """Apply a serialized SubmitRequest and answer with the SubmitResponse; raises `JournalDied`."""
        ...

    def query(self, account_id: int) -> Pending | None:
        """Return an account's QueryResponse, or None if it is unknown."""
        ...

    def snapshot_parts(self) -> tuple[int, Sequence[bytes]]:
        """Return the command that a snapshot of now stands after, and its EventsResponses."""
        ...

    def read_events(self, after_seq: int, max_bytes: int) -> tuple[int, bytes]:
        """Return the next position and an EventsResponse with what lies between; no bytes if there is nothing.

        Raises `PositionUnknown` if what follows the position is not retained any more.
        """
        ...

    def instruments_in(self, response: bytes) -> bytes:
        """Return an EventsResponse with what another one says of instruments, and of nothing else."""
        ...

    def heartbeat(self) -> bytes:
        """Return an EventsResponse without blocks."""
        ...

    def heartbeat_without_instruments(self, after_seq: int) -> tuple[int, bytes] | None:
        """Return the next position and an EventsResponse without blocks; None if these may tell of instruments."""
        ...

    @property
    def published_seq(self) -> int:
        """The last command whose events can be read."""
        ...

    async def published_beyond(self, engine_seq: int, limit: timedelta) -> bool:
        """Wait until events after a command can be read; False if there are none within `limit`."""
        ...

    def until_durable(self, engine_seq: int) -> asyncio.Future[None]:
        """Return what is done once a command is durable; it raises `JournalDied` if that will not happen."""
        ...

    def next_deadline(self) -> int | None:
        """Return the engine time, nanoseconds since 1970, at which time itself has work to do."""
        ...

    async def state(self, *, with_hash: bool) -> ShardState:
        """Return how far the shard is, once that is durable; the hash, a walk over the state, is 0 unless asked for.

        Raises `StateDiverged` if it is not that of a snapshot at the same command.
        """
        ...

    async def take_snapshot(self) -> ShardState:
        """Write a snapshot of now; return how far the shard then was. Raises `SnapshotFailed`, `StateDiverged`."""
        ...
