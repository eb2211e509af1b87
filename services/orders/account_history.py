"""The private events of accounts in PostgreSQL, as `history_writer` writes them: in runs, each after the one before."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from services.kernel.ids import AccountId, EngineSeq
from services.orders.convert.private_events import parted
from services.orders.model.account_stream import PrivateEvent
from services.runtime import postgres
from services.runtime.postgres import Pool

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
