from collections.abc import Mapping

import pytest

from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId, TradeId
from services.wallets.model import (
    VENUE,
    AccountKind,
    Asset,
    Block,
    EntryKind,
    LedgerAccount,
    Movement,
    TransferOutcome,
    TransferState,
)
from services.wallets.usecases.book_blocks import Difference, book_blocks
from tests.fakes.ledger import LedgerFake

KK99 = Asset.of_engine(AssetId(1), "KK99", 6)
ETH = Asset.of_engine(AssetId(3), "ETH", 9)
ALICE, BOB = AccountId(1001), AccountId(1002)


def block(
    seq: int,
    *movements: Movement,
    outcomes: tuple[TransferOutcome, ...] = (),
    totals: Mapping[tuple[AccountId, AssetId], int] | None = None,
) -> Block:
    return Block(0, 1, EngineSeq(seq), (), outcomes, movements, totals or {})


def trading(account: AccountId, asset: Asset) -> LedgerAccount:
    return LedgerAccount(AccountKind.TRADING, account, asset.asset_id)


async def funded() -> LedgerFake:
    ledger = LedgerFake()
    await ledger.add_assets([KK99, ETH])
    await ledger.request_in(ALICE, KK99, 1_000_000_000, RequestId("a"))
    await ledger.request_in(BOB, ETH, 5_000_000_000, RequestId("b"))
    outcomes = (TransferOutcome(1, None), TransferOutcome(2, None))
    await book_blocks(ledger, [block(1, outcomes=outcomes)])
    return ledger


async def test_an_applied_transfer_moves_from_transit_to_trading_in_the_chains_units() -> None:
    ledger = await funded()
    assert (await ledger.balances([trading(BOB, ETH)]))[trading(BOB, ETH)] == 5 * 10**18
    assert await ledger.in_transit(BOB) == {}
    assert ledger.transfers[2].state is TransferState.APPLIED


async def test_a_refused_transfer_goes_back_outside() -> None:
    ledger = LedgerFake()
    await ledger.add_assets([KK99])
    await ledger.request_in(ALICE, KK99, 7, RequestId("a"))
    await book_blocks(ledger, [block(1, outcomes=(TransferOutcome(1, "UNKNOWN_ACCOUNT"),))])
    outside = LedgerAccount(AccountKind.EXTERNAL, VENUE, KK99.asset_id)
    assert (await ledger.balances([outside]))[outside] == 0
    assert ledger.transfers[1].reason == "UNKNOWN_ACCOUNT"


async def test_a_trade_is_one_group_netted_per_account_asset_and_kind_and_names_its_trades() -> None:
    ledger = await funded()
    fills = [
        Movement(ALICE, KK99.asset_id, EntryKind.TRADE, -300, TradeId(1)),
        Movement(BOB, KK99.asset_id, EntryKind.TRADE, 300, TradeId(1)),
        Movement(ALICE, KK99.asset_id, EntryKind.TRADE, -200, TradeId(2)),
        Movement(BOB, KK99.asset_id, EntryKind.TRADE, 200, TradeId(2)),
        Movement(ALICE, KK99.asset_id, EntryKind.FEE, -1, TradeId(1)),
        Movement(VENUE, KK99.asset_id, EntryKind.FEE, 1, TradeId(1)),
    ]
    await book_blocks(ledger, [block(2, *fills)])
    group = ledger.groups["engine:0:1:2"]
    assert group.trade_ids == (1, 2)
    assert [(e.account.account_id, e.kind, e.amount) for e in group.entries] == [
        (ALICE, EntryKind.TRADE, -500),
        (BOB, EntryKind.TRADE, 500),
        (ALICE, EntryKind.FEE, -1),
        (VENUE, EntryKind.FEE, 1),
    ]
    assert group.entries[-1].account.kind is AccountKind.REVENUE


async def test_a_block_that_moves_nothing_leaves_no_group() -> None:
    ledger = await funded()
    await book_blocks(ledger, [block(2, totals={(ALICE, KK99.asset_id): 1_000_000_000})])
    assert "engine:0:1:2" not in ledger.groups


async def test_a_difference_of_one_unit_to_the_engine_is_told() -> None:
    ledger = await funded()
    told = await book_blocks(ledger, [block(2, totals={(ALICE, KK99.asset_id): 999_999_999})])
    assert told == [Difference(ALICE, KK99.asset_id, ledger=1_000_000_000, engine=999_999_999)]


async def test_a_group_that_does_not_sum_to_zero_is_a_programmers_error() -> None:
    ledger = await funded()
    with pytest.raises(AssertionError, match="does not sum to zero"):
        await book_blocks(ledger, [block(2, Movement(ALICE, KK99.asset_id, EntryKind.TRADE, -1, TradeId(1)))])
