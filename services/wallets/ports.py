"""What the use cases need from outside."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId
from services.wallets.model import Asset, Block, EngineTransfer, Group, LedgerAccount, TradingBalance


class Assets(Protocol):
    """The listed assets."""

    async def by_symbol(self, symbol: str) -> Asset | None:
        """Return the asset, or None."""
        ...

    async def all(self) -> Mapping[AssetId, Asset]:
        """Return every asset by its number."""
        ...


class Transfers(Protocol):
    """The outbox to the engine, and the ledger behind it."""

    async def request_in(
        self, account_id: AccountId, asset: Asset, amount: int, request_id: RequestId
    ) -> tuple[EngineTransfer, bool]:
        """Book `amount` (units of the engine) from external to in_transit and queue the transfer, in one transaction.

        Returns the transfer that carries the request id, and whether it is new.
        """
        ...

    async def settled(self, transfer_seq: int) -> EngineTransfer:
        """Return the transfer once the engine applied or refused it and the ledger booked that.

        Raises `Unavailable` if it takes too long.
        """
        ...


class InTransit(Protocol):
    """What stands between ledger and engine."""

    async def in_transit(self, account_id: AccountId) -> Mapping[AssetId, int]:
        """Return the account's amounts in units of the ledger, without zeros."""
        ...

    async def in_transit_after(self, account_id: AccountId, engine_seq: EngineSeq) -> Mapping[AssetId, int]:
        """Return the same as of a command of the engine, once that is booked.

        Raises `Unavailable` if it takes too long.
        """
        ...


class Trading(Protocol):
    """The engine's side of the balances."""

    async def balances(self, account_id: AccountId) -> tuple[EngineSeq, Sequence[TradingBalance]]:
        """Return the balances that are not zero, after the command named; none for an account unknown there."""
        ...


class Ledger(Protocol):
    """One transaction of the ledger."""

    async def add_assets(self, assets: Sequence[Asset]) -> None:
        """Make assets known; those known already stay as they are."""
        ...

    async def settle(self, blocks: Sequence[Block]) -> Mapping[int, EngineTransfer]:
        """Note the outcomes of the blocks' transfers, and return those transfers by number."""
        ...

    async def post(self, groups: Sequence[Group]) -> None:
        """Append the groups in order. One whose cause is booked already is a programmer's error."""
        ...

    async def balances(self, accounts: Sequence[LedgerAccount]) -> Mapping[LedgerAccount, int]:
        """Return the balances in units of the ledger; 0 for an account without entries."""
        ...

    async def assets(self) -> Mapping[AssetId, Asset]:
        """Return every asset by its number."""
        ...
