"""Value given to an account is in the engine and in the ledger, once, whatever is asked and however often."""

import asyncio

import pytest

from tests.integration.orders.venue import refused
from tests.integration.wallets.bank import Bank, Wallets, free
from tests.unit.orders.samples import ALICE, BOB, STRANGER

BAD_FUNDS = [
    ("UNKNOWN_ASSET", {"asset": "DOGE"}),
    ("AMOUNT_OUT_OF_RANGE", {"amount": "0"}),
    ("AMOUNT_OUT_OF_RANGE", {"amount": "-1"}),
    ("AMOUNT_OUT_OF_RANGE", {"amount": "0.0000001"}),
    ("AMOUNT_OUT_OF_RANGE", {"amount": "1000000000.000001"}),
    ("AMOUNT_OUT_OF_RANGE", {"amount": "999999999999999999.999999999999999999"}),
    ("INVALID_FIELD", {"amount": "1e3"}),
    ("INVALID_FIELD", {"asset": "kk99"}),
    ("INVALID_FIELD", {"request_id": ""}),
]


async def test_an_account_has_what_it_was_given(wallets: Wallets) -> None:
    first = await wallets.fund("a", amount="100.5")
    second = await wallets.fund("b", asset="BTC", amount="0.00000001")
    assert (first.transfer_seq, second.transfer_seq) == ("1", "2")
    assert int(first.engine_seq) < int(second.engine_seq)
    assert await wallets.balances() == {
        "BTC": ("0.00000001", "0.00000000", "0.00000000", "0.00000001"),
        "KK99": free("100.500000"),
    }
    assert await wallets.balances(BOB) == {}


async def test_a_repeated_request_gives_once(wallets: Wallets) -> None:
    answers = await asyncio.gather(*(wallets.fund("same") for _ in range(20)))
    assert {(answer.transfer_seq, answer.engine_seq) for answer in answers} == {("1", answers[0].engine_seq)}
    assert await wallets.balances() == {"KK99": free("100.000000")}


async def test_a_request_id_names_one_transfer_of_one_account(wallets: Wallets) -> None:
    await wallets.fund("a")
    for changes in ({"amount": "101"}, {"asset": "BTC"}):
        async with refused() as refusals:
            await wallets.fund("a", **changes)
        assert refusals[0].reason == "REQUEST_ID_REUSED"
    await wallets.fund("a", BOB, amount="7")
    assert (await wallets.balances(ALICE), await wallets.balances(BOB)) == (
        {"KK99": free("100.000000")},
        {"KK99": free("7.000000")},
    )


@pytest.mark.parametrize(("reason", "changes"), BAD_FUNDS)
async def test_a_bad_request_is_named_and_books_nothing(
    wallets: Wallets, bank: Bank, reason: str, changes: dict[str, str]
) -> None:
    async with refused() as refusals:
        await wallets.fund(**{"request_id": "a"} | changes)
    assert refusals[0].reason == reason
    async with bank.database() as tables:
        assert await tables.fetchval("SELECT count(*) FROM ledger_entries") == 0


async def test_an_account_that_is_not_open_gets_nothing_and_holds_up_nobody(wallets: Wallets, bank: Bank) -> None:
    for _ in range(2):
        async with refused() as refusals:
            await wallets.fund("a", STRANGER)
        assert refusals[0].reason == "UNKNOWN_ACCOUNT"
        assert "new request_id" in refusals[0].message
    await wallets.fund("a", ALICE)
    assert (await wallets.balances(STRANGER), await wallets.balances(ALICE)) == ({}, {"KK99": free("100.000000")})
    async with bank.database() as tables:
        outside = await tables.fetchval(
            "SELECT sum(amount) FROM ledger_entries JOIN ledger_accounts AS account USING (ledger_account_id)"
            " WHERE account.kind = 'external'"
        )
    assert outside == -100_000_000


async def test_two_replicas_share_one_ledger(wallets: Wallets, bank: Bank) -> None:
    async with bank.wallets() as second:
        names = [f"r{number}" for number in range(15)]
        both = await asyncio.gather(
            *(replica.fund(name, amount="1") for name in names for replica in (wallets, second))
        )
        assert sorted({int(answer.transfer_seq) for answer in both}) == list(range(1, 16))
        assert await second.balances() == await wallets.balances() == {"KK99": free("15.000000")}
