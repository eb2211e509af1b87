"""The ledger in PostgreSQL. Every write happens inside a transaction of the caller's or of its own, never half."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import asyncpg

from services.kernel.clock import Clock, ns_of
from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId
from services.kernel.refusal import Unavailable
from services.runtime import call, outbox, postgres
from services.runtime.engine_stream import HistoryLost
from services.runtime.postgres import Connection, Pool
from services.wallets import convert
from services.wallets.model import (
    VENUE,
    AccountKind,
    Asset,
    Block,
    Direction,
    EngineTransfer,
    Entry,
    EntryKind,
    Group,
    LedgerAccount,
    TransferState,
)

LEDGER = "ledger"
"""Name of the ledger's position in the table of positions."""

ENGINE = "engine"
"""Destination of the outbox whose rows are commands for the engine."""

SETTLE_LIMIT = timedelta(seconds=10)
"""Longest wait for a transfer to settle, where the call has no nearer deadline."""

SETTLE_POLL = timedelta(milliseconds=50)
"""How often each caller looks; more often, many callers would take the connections from the work they wait for."""

ANSWER_MARGIN = timedelta(milliseconds=100)
"""What is left of the caller's deadline to say in that the transfer has not settled."""

# Numbers of transfers are handed out one transaction at a time, so that they are contiguous in the order of commits.
_TRANSFER_LOCK = 0x77616C6C65747301

_TRANSFER_COLUMNS = "transfer_seq, direction, account_id, asset_id, amount, request_id, state, engine_seq, reason"

_FIND_REQUEST = f"SELECT {_TRANSFER_COLUMNS} FROM engine_transfers WHERE account_id = $1 AND request_id = $2"  # noqa: S608 - constants

_FIND_TRANSFER = f"SELECT {_TRANSFER_COLUMNS} FROM engine_transfers WHERE transfer_seq = $1"  # noqa: S608 - constants

_INSERT_TRANSFER = f"""
INSERT INTO engine_transfers (transfer_seq, direction, account_id, asset_id, amount, request_id, state, create_time)
SELECT coalesce(max(transfer_seq), 0) + 1, 'in', $1, $2, $3, $4, 'requested', $5 FROM engine_transfers
RETURNING {_TRANSFER_COLUMNS}
"""  # noqa: S608 - constants

_SETTLE = f"""
UPDATE engine_transfers AS transfer
SET state = CASE WHEN outcome.reason IS NULL THEN 'applied' ELSE 'refused' END,
    engine_seq = outcome.engine_seq,
    reason = outcome.reason
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS outcome (seq, engine_seq, reason)
WHERE transfer.transfer_seq = outcome.seq AND transfer.state = 'requested'
RETURNING {", ".join("transfer." + name for name in _TRANSFER_COLUMNS.split(", "))}
"""  # noqa: S608 - constants

_OPEN_ACCOUNTS = """
INSERT INTO ledger_accounts (kind, account_id, asset_id)
SELECT kind, account_id, asset_id
FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS wanted (kind, account_id, asset_id)
ON CONFLICT ON CONSTRAINT ledger_accounts_uq DO NOTHING
"""

# Rows are locked in the order of their numbers, so that two transactions never wait for each other.
_LOCK_ACCOUNTS = """
SELECT ledger_accounts.ledger_account_id, kind, account_id, asset_id
FROM ledger_accounts
JOIN unnest($1::text[], $2::bigint[], $3::integer[]) AS wanted (kind, account_id, asset_id)
    USING (kind, account_id, asset_id)
ORDER BY ledger_account_id
FOR UPDATE OF ledger_accounts
"""

_INSERT_GROUPS = """
INSERT INTO ledger_transfers (cause, trade_ids, create_time)
SELECT cause, coalesce(string_to_array(nullif(trade_ids, ''), ',')::bigint[], '{}'), $3
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (cause, trade_ids, n)
ORDER BY n
RETURNING ledger_transfer_id, cause
"""

_INSERT_ENTRIES = """
INSERT INTO ledger_entries (ledger_account_id, version, ledger_transfer_id, kind, amount, balance)
SELECT line.ledger_account_id,
       coalesce(newest.version, 0) + row_number() OVER entries,
       line.ledger_transfer_id,
       line.kind,
       line.amount,
       coalesce(newest.balance, 0) + sum(line.amount) OVER entries
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::numeric[]) WITH ORDINALITY
    AS line (ledger_account_id, ledger_transfer_id, kind, amount, n)
LEFT JOIN LATERAL (
    SELECT version, balance FROM ledger_entries
    WHERE ledger_account_id = line.ledger_account_id ORDER BY version DESC LIMIT 1
) AS newest ON true
WINDOW entries AS (PARTITION BY line.ledger_account_id ORDER BY line.n)
"""

_BALANCES = """
SELECT kind, account_id, asset_id, newest.balance
FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS wanted (kind, account_id, asset_id)
JOIN ledger_accounts USING (kind, account_id, asset_id)
JOIN LATERAL (
    SELECT balance FROM ledger_entries
    WHERE ledger_account_id = ledger_accounts.ledger_account_id ORDER BY version DESC LIMIT 1
) AS newest ON true
"""

_IN_TRANSIT = """
SELECT asset_id, newest.balance
FROM ledger_accounts
JOIN LATERAL (
    SELECT balance FROM ledger_entries
    WHERE ledger_account_id = ledger_accounts.ledger_account_id ORDER BY version DESC LIMIT 1
) AS newest ON true
WHERE kind = 'in_transit' AND account_id = $1 AND newest.balance <> 0
"""

_IN_TRANSIT_AFTER = """
SELECT asset_id, sum(amount) * 10::numeric ^ (ledger_scale - engine_scale) AS balance
FROM engine_transfers
JOIN assets USING (asset_id)
WHERE account_id = $1 AND (state = 'requested' OR engine_seq > $2)
GROUP BY asset_id, ledger_scale, engine_scale
"""


class LedgerStore:
    """One transaction of the ledger, on the connection that holds it."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add_assets(self, assets: Sequence[Asset]) -> None:
        """Make assets known; those known already stay as they are."""
        await self._connection.executemany(
            "INSERT INTO assets (asset_id, symbol, engine_scale, ledger_scale) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT ON CONSTRAINT assets_pk DO NOTHING",
            [(asset.asset_id, asset.symbol, asset.engine_scale, asset.ledger_scale) for asset in assets],
        )

    async def assets(self) -> Mapping[AssetId, Asset]:
        """Return every asset by its number."""
        rows = await self._connection.fetch("SELECT asset_id, symbol, engine_scale, ledger_scale FROM assets")
        return {row["asset_id"]: Asset(**dict(row)) for row in rows}

    async def settle(self, blocks: Sequence[Block]) -> Mapping[int, EngineTransfer]:
        """Note the outcomes of the blocks' transfers, and return those transfers by number.

        Raises `HistoryLost` for a transfer that is not open here: engine and ledger do not belong together.
        """
        outcomes = [(o.transfer_seq, block.engine_seq, o.reason) for block in blocks for o in block.outcomes]
        if not outcomes:
            return {}
        rows = await self._connection.fetch(_SETTLE, *map(list, zip(*outcomes, strict=True)))
        settled = {row["transfer_seq"]: _transfer(row) for row in rows}
        for transfer_seq, engine_seq, _ in outcomes:
            if transfer_seq not in settled:
                raise HistoryLost(
                    f"command {engine_seq} settles transfer {transfer_seq}, which this ledger has not open"
                )
        return settled

    async def post(self, groups: Sequence[Group]) -> None:
        """Append the groups in order."""
        entries = [(group.cause, entry) for group in groups for entry in group.entries]
        if not entries:
            return
        numbers = await self._lock([entry.account for _, entry in entries])
        causes = await self._insert_groups(groups)
        await self._connection.execute(
            _INSERT_ENTRIES,
            [numbers[entry.account] for _, entry in entries],
            [causes[cause] for cause, _ in entries],
            [entry.kind.value for _, entry in entries],
            [Decimal(entry.amount) for _, entry in entries],
        )

    async def balances(self, accounts: Sequence[LedgerAccount]) -> Mapping[LedgerAccount, int]:
        """Return the balances in units of the ledger; 0 for an account without entries."""
        rows = await self._connection.fetch(_BALANCES, *_columns(accounts))
        known = {_ledger_account(row): int(row["balance"]) for row in rows}
        return {account: known.get(account, 0) for account in accounts}

    async def _lock(self, accounts: Sequence[LedgerAccount]) -> Mapping[LedgerAccount, int]:
        columns = _columns(sorted(set(accounts)))
        await self._connection.execute(_OPEN_ACCOUNTS, *columns)
        rows = await self._connection.fetch(_LOCK_ACCOUNTS, *columns)
        return {_ledger_account(row): row["ledger_account_id"] for row in rows}

    async def _insert_groups(self, groups: Sequence[Group]) -> Mapping[str, int]:
        # Arrays of arrays must be rectangular in SQL: the trades of a group travel as text.
        trades = [",".join(map(str, group.trade_ids)) for group in groups]
        rows = await self._connection.fetch(_INSERT_GROUPS, [group.cause for group in groups], trades, self._now)
        return {row["cause"]: row["ledger_transfer_id"] for row in rows}


class WalletStore:
    """What the RPCs read and request, each in a transaction of its own."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def by_symbol(self, symbol: str) -> Asset | None:
        """Return the asset, or None."""
        async with postgres.connection(self._pool) as connection:
            row = await connection.fetchrow(
                "SELECT asset_id, symbol, engine_scale, ledger_scale FROM assets WHERE symbol = $1", symbol
            )
        return Asset(**dict(row)) if row else None

    async def all(self) -> Mapping[AssetId, Asset]:
        """Return every asset by its number."""
        async with postgres.connection(self._pool) as connection:
            return await LedgerStore(connection, self._clock.now()).assets()

    async def request_in(
        self, account_id: AccountId, asset: Asset, amount: int, request_id: RequestId
    ) -> tuple[EngineTransfer, bool]:
        """Book an amount (units of the engine) from external to in_transit and queue the transfer, together."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _TRANSFER_LOCK)
            if row := await connection.fetchrow(_FIND_REQUEST, account_id, request_id):
                return _transfer(row), False
            now = self._clock.now()
            row = await connection.fetchrow(_INSERT_TRANSFER, account_id, asset.asset_id, amount, request_id, now)
            assert row is not None
            transfer = _transfer(row)
            await LedgerStore(connection, now).post([_departure(transfer, asset)])
            command = convert.transfer_command(transfer).SerializeToString()
            await outbox.add(connection, ENGINE, str(transfer.transfer_seq), command)
            return transfer, True

    async def settled(self, transfer_seq: int) -> EngineTransfer:
        """Return the transfer once the engine applied or refused it and the ledger booked that.

        Raises `Unavailable` if it takes too long. Looks into the table, because another replica may book it.
        """
        give_up_ns = self._give_up_ns()
        while (transfer := await self._find(transfer_seq)).state is TransferState.REQUESTED:
            if self._clock.monotonic_ns() >= give_up_ns:
                raise Unavailable("The engine has not booked the transfer yet; repeat the request with the same id.")
            await self._clock.sleep(SETTLE_POLL)
        return transfer

    def _give_up_ns(self) -> int:
        left = call.remaining()
        until = SETTLE_LIMIT if left is None else min(SETTLE_LIMIT, timedelta(seconds=left) - ANSWER_MARGIN)
        return self._clock.monotonic_ns() + ns_of(until)

    async def _find(self, transfer_seq: int) -> EngineTransfer:
        async with postgres.connection(self._pool) as connection:
            row = await connection.fetchrow(_FIND_TRANSFER, transfer_seq)
        assert row is not None, transfer_seq
        return _transfer(row)

    async def in_transit(self, account_id: AccountId) -> Mapping[AssetId, int]:
        """Return what stands between ledger and engine, in units of the ledger, without zeros."""
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(_IN_TRANSIT, account_id)
        return {row["asset_id"]: int(row["balance"]) for row in rows}

    async def in_transit_after(self, account_id: AccountId, engine_seq: EngineSeq) -> Mapping[AssetId, int]:
        """Return the same as of a command of the engine, once the ledger has booked it, by whichever replica.

        Raises `Unavailable` if that takes too long.
        """
        give_up_ns = self._give_up_ns()
        while await self._booked() < engine_seq:
            if self._clock.monotonic_ns() >= give_up_ns:
                raise Unavailable("The ledger is still behind the engine; retry.")
            await self._clock.sleep(SETTLE_POLL)
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(_IN_TRANSIT_AFTER, account_id, engine_seq)
        return {row["asset_id"]: int(row["balance"]) for row in rows}

    async def _booked(self) -> int:
        async with postgres.connection(self._pool) as connection:
            position = "SELECT engine_seq FROM consumer_position WHERE consumer = $1"
            return await connection.fetchval(position, LEDGER) or 0


def _departure(transfer: EngineTransfer, asset: Asset) -> Group:
    amount = asset.in_ledger(transfer.amount)
    outside = LedgerAccount(AccountKind.EXTERNAL, VENUE, asset.asset_id)
    transit = LedgerAccount(AccountKind.IN_TRANSIT, transfer.account_id, asset.asset_id)
    entries = (Entry(outside, EntryKind.TRANSFER, -amount), Entry(transit, EntryKind.TRANSFER, amount))
    return Group(f"fund:{transfer.transfer_seq}", entries)


def _columns(accounts: Sequence[LedgerAccount]) -> tuple[list[str], list[int], list[int]]:
    return [a.kind.value for a in accounts], [a.account_id for a in accounts], [a.asset_id for a in accounts]


def _ledger_account(row: "asyncpg.Record") -> LedgerAccount:
    return LedgerAccount(AccountKind(row["kind"]), AccountId(row["account_id"]), AssetId(row["asset_id"]))


def _transfer(row: "asyncpg.Record") -> EngineTransfer:
    return EngineTransfer(
        transfer_seq=row["transfer_seq"],
        direction=Direction(row["direction"]),
        account_id=AccountId(row["account_id"]),
        asset_id=AssetId(row["asset_id"]),
        amount=row["amount"],
        request_id=RequestId(row["request_id"]),
        state=TransferState(row["state"]),
        engine_seq=None if row["engine_seq"] is None else EngineSeq(row["engine_seq"]),
        reason=row["reason"],
    )
