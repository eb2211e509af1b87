"""Book what the engine did: one group of entries a block, netted per account, asset and kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.kernel.ids import AccountId, AssetId
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
)
from services.wallets.ports import Ledger


@dataclass(frozen=True, slots=True)
class Difference:
    """The ledger and the engine disagree about a trading balance, in units of the engine, at the same engine_seq."""

    account_id: AccountId
    asset_id: AssetId
    ledger: int
    engine: int


async def book_blocks(ledger: Ledger, blocks: Sequence[Block]) -> Sequence[Difference]:
    """Book blocks in order inside the caller's transaction; return where ledger and engine disagree afterwards."""
    await ledger.add_assets([asset for block in blocks for asset in block.assets])
    transfers = await ledger.settle(blocks)
    assets = await ledger.assets()
    groups = [group_of(block, transfers, assets) for block in blocks]
    await ledger.post([group for group in groups if group.entries])
    return await _differences(ledger, blocks, assets)


def group_of(block: Block, transfers: Mapping[int, EngineTransfer], assets: Mapping[AssetId, Asset]) -> Group:
    """Return the entries that a block means; none if it moved nothing."""
    entries: list[Entry] = []
    for outcome in block.outcomes:
        transfer = transfers[outcome.transfer_seq]
        entries += _arrival(transfer, assets[transfer.asset_id], applied=outcome.reason is None)
    entries += _netted(block, assets)
    trades = dict.fromkeys(movement.trade_id for movement in block.movements)
    return Group(block.cause, tuple(entries), tuple(trades))


def _arrival(transfer: EngineTransfer, asset: Asset, *, applied: bool) -> list[Entry]:
    # A refused transfer goes back where it came from: out of the engine's door, into the world outside.
    assert transfer.direction is Direction.IN, "transfers out are not requested by anybody yet"
    amount = asset.in_ledger(transfer.amount)
    source = LedgerAccount(AccountKind.IN_TRANSIT, transfer.account_id, asset.asset_id)
    inside = LedgerAccount(AccountKind.TRADING, transfer.account_id, asset.asset_id)
    outside = LedgerAccount(AccountKind.EXTERNAL, VENUE, asset.asset_id)
    return [
        Entry(source, EntryKind.TRANSFER, -amount),
        Entry(inside if applied else outside, EntryKind.TRANSFER, amount),
    ]


def _netted(block: Block, assets: Mapping[AssetId, Asset]) -> list[Entry]:
    sums: dict[tuple[LedgerAccount, EntryKind], int] = {}
    for movement in block.movements:
        account = trading_account(movement.account_id, movement.asset_id)
        amount = assets[movement.asset_id].in_ledger(movement.amount)
        sums[account, movement.kind] = sums.get((account, movement.kind), 0) + amount
    return [Entry(account, kind, amount) for (account, kind), amount in sums.items() if amount]


def trading_account(account_id: AccountId, asset_id: AssetId) -> LedgerAccount:
    """Return the ledger's mirror of a balance inside the engine; the venue's is its revenue."""
    kind = AccountKind.REVENUE if account_id == VENUE else AccountKind.TRADING
    return LedgerAccount(kind, account_id, asset_id)


async def _differences(
    ledger: Ledger, blocks: Sequence[Block], assets: Mapping[AssetId, Asset]
) -> Sequence[Difference]:
    totals = {key: total for block in blocks for key, total in block.totals.items()}
    accounts = {key: trading_account(*key) for key in totals}
    balances = await ledger.balances(list(accounts.values()))
    return [
        Difference(*key, assets[key[1]].in_engine(balances[accounts[key]]), total)
        for key, total in totals.items()
        if balances[accounts[key]] != assets[key[1]].in_ledger(total)
    ]
