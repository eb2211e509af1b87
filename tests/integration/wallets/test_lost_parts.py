"""Whatever is lost between a request and its booking, value is given once, and none is left on its way."""

import asyncio

import asyncpg
import grpc

from services.kernel.refusal import Unavailable
from services.runtime.refusals import DeadlineTooShort, refusal_of
from tests.integration.orders.venue import process, refused
from tests.integration.wallets.bank import Bank, Wallets, free, until
from tests.unit.orders.samples import ALICE

REQUESTS = 50
ANSWERED_BEFORE_THE_KILL = 10
IN_DOUBT = (Unavailable.reason, DeadlineTooShort.reason)
"""Reasons after which the same request may be sent again."""

APPLIED = "SELECT 1 FROM engine_transfers WHERE state = 'applied'"
LISTED = "SELECT 1 FROM assets"
NOT_QUEUED = "SELECT 1 WHERE NOT EXISTS (SELECT FROM outbox)"
FORGET_THE_DEAD = """
    SELECT pg_terminate_backend(pid, 5000)
      FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'DELETE FROM outbox%' AND pid <> pg_backend_pid()
"""
"""Ends what the killed process asked for and the server still waits to do."""
ASKED_HOW_FAR = """
    SELECT pid
      FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'SELECT engine_seq FROM consumer_position%'
"""
WAITS_FOR = "SELECT pid FROM pg_locks WHERE relation = to_regclass($1) AND NOT granted"


async def in_transit(tables: asyncpg.Connection) -> int:
    """Sum what stands between ledger and engine, over all accounts."""
    total = await tables.fetchval(
        "SELECT coalesce(sum(amount), 0) FROM ledger_entries JOIN ledger_accounts AS account USING (ledger_account_id)"
        " WHERE account.kind = 'in_transit'"
    )
    return int(total)


async def queue_one(bank: Bank, tables: asyncpg.Connection) -> None:
    """Leave one transfer in the outbox, with neither the engine nor wallets running."""
    async with bank.wallets():
        await until(tables, LISTED)
    await bank.stop_engine()
    async with bank.wallets(healthy=False) as wallets, refused() as refusals:
        await wallets.fund("a", timeout_s=2)
    assert refusals[0].reason == Unavailable.reason
    assert await in_transit(tables) == 100_000_000


async def assert_given_once(bank: Bank, tables: asyncpg.Connection) -> None:
    async with bank.wallets() as wallets:
        assert (await wallets.fund("a")).transfer_seq == "1"
        await until(tables, NOT_QUEUED)
        assert await wallets.balances() == {"KK99": free("100.000000")}
    assert await in_transit(tables) == 0


async def test_an_engine_that_is_away_gets_the_transfer_when_it_is_back(bank: Bank) -> None:
    async with bank.database() as tables:
        await queue_one(bank, tables)
        await bank.start_engine()
        await assert_given_once(bank, tables)


async def test_wallets_killed_after_the_engine_took_the_transfer_and_before_the_ledger_booked_it(bank: Bank) -> None:
    async with bank.database() as tables, bank.database() as obstacle:
        await queue_one(bank, tables)
        await bank.start_engine()
        async with obstacle.transaction():
            await obstacle.execute("LOCK TABLE ledger_entries IN EXCLUSIVE MODE")
            async with process("wallets", bank.settings) as killed:
                await until(tables, NOT_QUEUED)
                await until(tables, WAITS_FOR, "ledger_entries")
                killed.kill()
                await killed.wait()
        assert await in_transit(tables) == 100_000_000
        await assert_given_once(bank, tables)


async def test_wallets_killed_before_the_outbox_knows_that_the_engine_took_the_transfer(bank: Bank) -> None:
    async with bank.database() as tables, bank.database() as obstacle:
        await queue_one(bank, tables)
        await bank.start_engine()
        async with obstacle.transaction():
            await obstacle.execute("SELECT FROM outbox FOR UPDATE")
            async with process("wallets", bank.settings) as killed:
                await until(tables, APPLIED)
                killed.kill()
                await killed.wait()
            await tables.execute(FORGET_THE_DEAD)
        assert await tables.fetchval("SELECT count(*) FROM outbox") == 1
        await assert_given_once(bank, tables)


async def test_an_amount_that_arrives_is_never_shown_twice(bank: Bank) -> None:
    async with bank.database() as tables, bank.database() as obstacle, bank.wallets() as wallets:
        await until(tables, LISTED)
        await wallets.fund("before", amount="1")
        async with obstacle.transaction():
            await obstacle.execute("LOCK TABLE consumer_position IN EXCLUSIVE MODE")
            funding = asyncio.ensure_future(wallets.fund("a"))
            await until(tables, WAITS_FOR, "consumer_position")  # the engine has it, the ledger cannot say so
            shown = asyncio.ensure_future(wallets.balances())
            await until(tables, ASKED_HOW_FAR)
        assert await shown == {"KK99": free("101.000000")}
        await funding


async def test_an_engine_killed_with_transfers_in_doubt_applies_each_once(bank: Bank) -> None:
    async with bank.database() as tables, bank.wallets() as wallets:
        await until(tables, LISTED)
        await bank.stop_engine()
        names = [f"f{number}" for number in range(REQUESTS)]
        async with process("engine", bank.engine_settings) as engine:
            await wallets.healthy()
            burst = [asyncio.ensure_future(attempt(wallets, name)) for name in names]
            await until(tables, f"{APPLIED} OFFSET {ANSWERED_BEFORE_THE_KILL}")
            engine.kill()
            outcomes = await asyncio.gather(*burst)
        assert set(outcomes) <= {"", *IN_DOUBT}
        async with process("engine", bank.engine_settings):
            await wallets.healthy()
            answers = await asyncio.gather(*(wallets.fund(name) for name in names))
            assert sorted(int(answer.transfer_seq) for answer in answers) == list(range(1, REQUESTS + 1))
            assert await wallets.balances() == {"KK99": free("5000.000000")}
        assert await in_transit(tables) == 0


async def attempt(wallets: Wallets, request_id: str) -> str:
    """Ask once; give the reason of the refusal, if any."""
    try:
        await wallets.fund(request_id, ALICE, timeout_s=5)
    except grpc.aio.AioRpcError as error:
        return refusal_of(error).reason
    return ""


async def test_a_replica_takes_over_when_the_other_is_killed(bank: Bank) -> None:
    async with bank.database() as tables, process("wallets", bank.settings) as first:
        await until(tables, LISTED)
        async with bank.wallets() as second:
            await second.fund("a")
            first.kill()
            await first.wait()
            await second.fund("b")
            assert await second.balances() == {"KK99": free("200.000000")}
