"""What every ledger promises: the one in memory, which unit tests use, and the one in PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from services.kernel.clock import SystemClock
from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId, TradeId
from services.runtime import migrate
from services.runtime.engine_stream import HistoryLost
from services.wallets.model import (
    VENUE,
    AccountKind,
    Asset,
    Block,
    Entry,
    EntryKind,
    Group,
    LedgerAccount,
    Movement,
    TransferOutcome,
    TransferState,
)
from services.wallets.ports import Ledger
from services.wallets.store import LedgerStore, WalletStore
from services.wallets.usecases.book_blocks import book_blocks
from tests.fakes.ledger import LedgerFake

KK99 = Asset.of_engine(AssetId(1), "KK99", 6)
ETH = Asset.of_engine(AssetId(3), "ETH", 9)
ALICE, BOB = AccountId(1001), AccountId(1002)


@dataclass
class Books:
    """One ledger under test: what RPCs use, and how a transaction of the consumer is opened."""

    wallet: WalletStore | LedgerFake
    ledger: Callable[[], AbstractAsyncContextManager[Ledger]]


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else request.getfixturevalue("postgres")


@pytest.fixture
async def books(dsn: str | None) -> AsyncIterator[Books]:
    if dsn is None:
        yield await _listed(_in_memory())
        return
    await migrate.apply(dsn, migrate.folder_of("wallets"))
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield await _listed(_in_postgres(pool))


def _in_memory() -> Books:
    fake = LedgerFake()

    @asynccontextmanager
    async def ledger() -> AsyncIterator[Ledger]:
        yield fake

    return Books(fake, ledger)


def _in_postgres(pool: asyncpg.Pool) -> Books:
    clock = SystemClock()

    @asynccontextmanager
    async def ledger() -> AsyncIterator[Ledger]:
        async with pool.acquire() as connection, connection.transaction():
            yield LedgerStore(connection, clock.now())

    return Books(WalletStore(pool, clock), ledger)


async def _listed(books: Books) -> Books:
    async with books.ledger() as ledger:
        await ledger.add_assets([KK99, ETH])
    return books


def block(seq: int, *movements: Movement, outcomes: tuple[TransferOutcome, ...] = ()) -> Block:
    return Block(0, 1, EngineSeq(seq), (), outcomes, movements, {})


async def book(books: Books, *blocks: Block) -> None:
    async with books.ledger() as ledger:
        await book_blocks(ledger, blocks)


async def balance(books: Books, kind: AccountKind, account_id: AccountId, asset: Asset) -> int:
    account = LedgerAccount(kind, account_id, asset.asset_id)
    async with books.ledger() as ledger:
        return (await ledger.balances([account]))[account]


async def test_assets_are_known_once_and_stay_as_they_are(books: Books) -> None:
    async with books.ledger() as ledger:
        await ledger.add_assets([Asset(KK99.asset_id, "KK99", 2, 2)])
    assert await books.wallet.by_symbol("KK99") == KK99
    assert await books.wallet.by_symbol("DOGE") is None
    assert dict(await books.wallet.all()) == {1: KK99, 3: ETH}


async def test_a_request_is_booked_once_and_numbered_contiguously(books: Books) -> None:
    first, is_new = await books.wallet.request_in(ALICE, KK99, 100, RequestId("a"))
    again, again_new = await books.wallet.request_in(ALICE, KK99, 100, RequestId("a"))
    other, _ = await books.wallet.request_in(BOB, ETH, 7, RequestId("a"))
    assert (first.transfer_seq, is_new, again, again_new, other.transfer_seq) == (1, True, first, False, 2)
    assert dict(await books.wallet.in_transit(ALICE)) == {1: 100}
    assert dict(await books.wallet.in_transit(BOB)) == {3: 7 * 10**9}
    assert await balance(books, AccountKind.EXTERNAL, VENUE, KK99) == -100


async def test_outcomes_settle_transfers(books: Books) -> None:
    await books.wallet.request_in(ALICE, KK99, 100, RequestId("a"))
    await books.wallet.request_in(ALICE, KK99, 11, RequestId("b"))
    await book(
        books,
        block(5, outcomes=(TransferOutcome(1, None),)),
        block(6, outcomes=(TransferOutcome(2, "UNKNOWN_ACCOUNT"),)),
    )
    applied, refused = await books.wallet.settled(1), await books.wallet.settled(2)
    assert (applied.state, applied.engine_seq, applied.reason) == (TransferState.APPLIED, 5, None)
    assert (refused.state, refused.engine_seq, refused.reason) == (TransferState.REFUSED, 6, "UNKNOWN_ACCOUNT")
    assert dict(await books.wallet.in_transit(ALICE)) == {}
    assert await balance(books, AccountKind.TRADING, ALICE, KK99) == 100
    assert await balance(books, AccountKind.EXTERNAL, VENUE, KK99) == -100


async def test_what_is_in_transit_is_told_as_of_a_command(books: Books) -> None:
    await books.wallet.request_in(ALICE, ETH, 7, RequestId("a"))
    await books.wallet.request_in(ALICE, ETH, 1, RequestId("b"))
    await books.wallet.request_in(BOB, ETH, 1, RequestId("c"))
    await book(books, block(5, outcomes=(TransferOutcome(1, None),)))
    assert dict(await books.wallet.in_transit(ALICE)) == {3: 10**9}
    assert dict(await books.wallet.in_transit_after(ALICE, EngineSeq(0))) == {3: 8 * 10**9}


async def test_groups_of_one_batch_add_up_in_order(books: Books) -> None:
    await books.wallet.request_in(ALICE, KK99, 1_000, RequestId("a"))
    await book(
        books,
        block(1, outcomes=(TransferOutcome(1, None),)),
        block(2, *sale(buyer=ALICE, seller=BOB, amount=300, trade=1)),
        block(3, *sale(buyer=BOB, seller=ALICE, amount=100, trade=2)),
    )
    assert await balance(books, AccountKind.TRADING, ALICE, KK99) == 799
    assert await balance(books, AccountKind.TRADING, BOB, KK99) == 199
    assert await balance(books, AccountKind.REVENUE, VENUE, KK99) == 2


async def test_nobody_goes_below_zero_and_a_failed_batch_leaves_nothing(books: Books) -> None:
    if isinstance(books.wallet, LedgerFake):
        with pytest.raises(AssertionError):
            await book(books, block(1, *sale(buyer=ALICE, seller=BOB, amount=300, trade=1)))
        return
    with pytest.raises(asyncpg.CheckViolationError, match="below zero"):
        await book(books, block(1, *sale(buyer=ALICE, seller=BOB, amount=300, trade=1)))
    assert await balance(books, AccountKind.TRADING, BOB, KK99) == 0


async def test_an_outcome_of_a_transfer_that_is_not_open_stops_the_ledger(postgres: str) -> None:
    await migrate.apply(postgres, migrate.folder_of("wallets"))
    async with asyncpg.create_pool(postgres, min_size=1, max_size=2) as pool:
        books = await _listed(_in_postgres(pool))
        with pytest.raises(HistoryLost, match="command 5 settles transfer 1"):
            await book(books, block(5, outcomes=(TransferOutcome(1, None),)))


def sale(*, buyer: AccountId, seller: AccountId, amount: int, trade: int) -> tuple[Movement, ...]:
    """Move `amount` from buyer to seller, and a fee of 1 from the buyer to the venue."""
    asset_id, trade_id = KK99.asset_id, TradeId(trade)
    return (
        Movement(buyer, asset_id, EntryKind.TRADE, -amount, trade_id),
        Movement(seller, asset_id, EntryKind.TRADE, amount, trade_id),
        Movement(buyer, asset_id, EntryKind.FEE, -1, trade_id),
        Movement(VENUE, asset_id, EntryKind.FEE, 1, trade_id),
    )


async def test_the_database_refuses_what_no_code_should_write(postgres: str) -> None:
    await migrate.apply(postgres, migrate.folder_of("wallets"))
    async with asyncpg.create_pool(postgres, min_size=1, max_size=2) as pool:
        books = await _listed(_in_postgres(pool))
        await books.wallet.request_in(ALICE, KK99, 100, RequestId("a"))
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute("UPDATE ledger_entries SET amount = 1")
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute("DELETE FROM ledger_transfers")
        with pytest.raises(asyncpg.CheckViolationError, match="does not sum to zero"):
            await pool.execute(
                "INSERT INTO ledger_entries (ledger_account_id, version, ledger_transfer_id, kind, amount, balance)"
                " VALUES (1, 9, 1, 'transfer', 5, 5)"
            )
        with pytest.raises(asyncpg.UniqueViolationError, match="ledger_transfers_cause_uq"):
            async with books.ledger() as ledger:
                await ledger.post([_paper("fund:1")])


def _paper(cause: str) -> Group:
    outside = LedgerAccount(AccountKind.EXTERNAL, VENUE, KK99.asset_id)
    inside = LedgerAccount(AccountKind.TRADING, ALICE, KK99.asset_id)
    return Group(cause, (Entry(outside, EntryKind.TRANSFER, -1), Entry(inside, EntryKind.TRANSFER, 1)))
