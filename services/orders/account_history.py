"""The private events of accounts in PostgreSQL.

1. They are written in one place, the projection, in the transaction that also stores its position.
2. They are only ever added, in runs: what one write has of one account, in pieces of at most `EVENTS_A_RUN`.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from services.kernel.ids import AccountId, EngineSeq
from services.orders.convert.private_events import parted
from services.orders.model.account_stream import PrivateEvent
from services.orders.model.history import EventRun
from services.orders.partitions import ensure_partitions
from services.runtime import postgres
from services.runtime.postgres import Connection, Pool

TABLE = "account_events"
_COLUMNS = ("account_id", "first_seq", "last_seq", "engine_time_ns", "events")

_RUNS = """
    SELECT events
      FROM account_events
     WHERE account_id = $1 AND last_seq > $2
     ORDER BY last_seq
     LIMIT $3
"""

RUNS_A_READ = 16
"""Runs that one read takes at most: of a quiet account they are short."""


class AccountEventStore:
    """The port `AccountHistory`."""

    def __init__(self, pool: Pool, reach: Callable[[EngineSeq], Awaitable[None]]) -> None:
        self._pool = pool
        self._reach = reach

    async def after(self, account_id: AccountId, account_seq: int, limit: int) -> Sequence[PrivateEvent]:
        """Return the account's first events after a number, in order; raises `Unavailable`."""
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(_RUNS, account_id, account_seq, RUNS_A_READ)
        events = (event for row in rows for event in parted(account_id, row["events"]))
        return list(islice((event for event in events if event.account_seq > account_seq), limit))

    async def reach(self, engine_seq: EngineSeq) -> None:
        """Wait until the history contains that command; raises `Unavailable` if the deadline comes first."""
        await self._reach(engine_seq)


async def write_events(connection: Connection, runs: Sequence[EventRun]) -> None:
    """Add runs, in the transaction that `connection` is in."""
    if not runs:
        return
    await ensure_partitions(connection, TABLE, (run.time_ns for run in runs))
    rows = [(run.account_id, run.first_seq, run.last_seq, run.time_ns, run.events) for run in runs]
    await connection.copy_records_to_table(TABLE, records=rows, columns=_COLUMNS)
