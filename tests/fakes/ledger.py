"""The ledger in memory. It passes the suite of tests/contract/wallets, as the one in PostgreSQL does."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId
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


async def _nobody(transfer_seq: int) -> None:
    raise AssertionError(f"no engine settles transfer {transfer_seq}")


class LedgerFake:
    """Assets, transfers and entries; `settled` asks `engine` to settle what is requested."""

    def __init__(self) -> None:
        self.engine: Callable[[int], Awaitable[None]] = _nobody
        self.entries: dict[LedgerAccount, list[Entry]] = defaultdict(list)
        self.groups: dict[str, Group] = {}
        self.transfers: dict[int, EngineTransfer] = {}
        self._assets: dict[AssetId, Asset] = {}

    async def add_assets(self, assets: Sequence[Asset]) -> None:
        for asset in assets:
            self._assets.setdefault(asset.asset_id, asset)

    async def assets(self) -> Mapping[AssetId, Asset]:
        return self._assets

    all = assets

    async def by_symbol(self, symbol: str) -> Asset | None:
        return next((asset for asset in self._assets.values() if asset.symbol == symbol), None)

    async def settle(self, blocks: Sequence[Block]) -> Mapping[int, EngineTransfer]:
        settled = {}
        for block in blocks:
            for outcome in block.outcomes:
                transfer = self.transfers[outcome.transfer_seq]
                if transfer.state is TransferState.REQUESTED:
                    state = TransferState.REFUSED if outcome.reason else TransferState.APPLIED
                    transfer = replace(transfer, state=state, engine_seq=block.engine_seq, reason=outcome.reason)
                    settled[outcome.transfer_seq] = self.transfers[outcome.transfer_seq] = transfer
        return settled

    async def post(self, groups: Sequence[Group]) -> None:
        for group in groups:
            assert group.cause not in self.groups, group.cause
            self.groups[group.cause] = group
            for entry in group.entries:
                self.entries[entry.account].append(entry)
        for account in self.entries:
            assert account.kind is AccountKind.EXTERNAL or self._balance(account) >= 0, account

    async def balances(self, accounts: Sequence[LedgerAccount]) -> Mapping[LedgerAccount, int]:
        return {account: self._balance(account) for account in accounts}

    async def request_in(
        self, account_id: AccountId, asset: Asset, amount: int, request_id: RequestId
    ) -> tuple[EngineTransfer, bool]:
        for transfer in self.transfers.values():
            if (transfer.account_id, transfer.request_id) == (account_id, request_id):
                return transfer, False
        seq = len(self.transfers) + 1
        transfer = EngineTransfer(seq, Direction.IN, account_id, asset.asset_id, amount, request_id)
        self.transfers[seq] = transfer
        units = asset.in_ledger(amount)
        outside = LedgerAccount(AccountKind.EXTERNAL, VENUE, asset.asset_id)
        transit = LedgerAccount(AccountKind.IN_TRANSIT, account_id, asset.asset_id)
        entries = (Entry(outside, EntryKind.TRANSFER, -units), Entry(transit, EntryKind.TRANSFER, units))
        await self.post([Group(f"fund:{seq}", entries)])
        return transfer, True

    async def settled(self, transfer_seq: int) -> EngineTransfer:
        if self.transfers[transfer_seq].state is TransferState.REQUESTED:
            await self.engine(transfer_seq)
        return self.transfers[transfer_seq]

    async def in_transit(self, account_id: AccountId) -> Mapping[AssetId, int]:
        return {
            account.asset_id: balance
            for account in self.entries
            if account.kind is AccountKind.IN_TRANSIT
            and account.account_id == account_id
            and (balance := self._balance(account))
        }

    async def in_transit_after(self, account_id: AccountId, engine_seq: EngineSeq) -> Mapping[AssetId, int]:
        amounts: dict[AssetId, int] = defaultdict(int)
        for each in self.transfers.values():
            if each.account_id == account_id and (each.engine_seq is None or each.engine_seq > engine_seq):
                amounts[each.asset_id] += self._assets[each.asset_id].in_ledger(each.amount)
        return amounts

    def _balance(self, account: LedgerAccount) -> int:
        return sum(entry.amount for entry in self.entries[account])
