"""Assets, ledger accounts and the groups of entries that move value between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId, TradeId

VENUE = AccountId(0)
"""The venue's own account: the world outside and the fees earned."""


class AccountKind(StrEnum):
    """Where value stands."""

    EXTERNAL = "external"
    IN_TRANSIT = "in_transit"
    TRADING = "trading"
    REVENUE = "revenue"


class EntryKind(StrEnum):
    """Why value moved."""

    TRANSFER = "transfer"
    TRADE = "trade"
    FEE = "fee"


class TransferState(StrEnum):
    """How far a transfer to the engine is; `requested` ends in one of the others, for good."""

    REQUESTED = "requested"
    APPLIED = "applied"
    REFUSED = "refused"


class Direction(StrEnum):
    """Which way a transfer goes, seen from the engine."""

    IN = "in"
    OUT = "out"


CHAIN_SCALES: Mapping[str, int] = {"ETH": 18}
"""Decimals of assets whose chain counts finer than the engine does."""


@dataclass(frozen=True, slots=True)
class Asset:
    """What can be owned: amounts have `engine_scale` decimals in the engine, `ledger_scale` in the ledger."""

    asset_id: AssetId
    symbol: str
    engine_scale: int
    ledger_scale: int

    @classmethod
    def of_engine(cls, asset_id: AssetId, symbol: str, scale: int) -> "Asset":
        """Return an asset as the engine lists it, with the decimals of its chain beside the engine's."""
        return cls(asset_id, symbol, scale, max(scale, CHAIN_SCALES.get(symbol, scale)))

    def in_ledger(self, engine_units: int) -> int:
        """Return an amount of the engine in units of the ledger."""
        return engine_units * self._factor

    def in_engine(self, ledger_units: int) -> int:
        """Return an amount of the ledger in units of the engine; only whole ones ever stand in the engine."""
        units, dust = divmod(ledger_units, self._factor)
        assert dust == 0, f"{ledger_units} of {self.symbol} is no whole unit of the engine"
        return units

    @property
    def _factor(self) -> int:
        return int(10 ** (self.ledger_scale - self.engine_scale))


@dataclass(frozen=True, slots=True, order=True)
class LedgerAccount:
    """An account of the ledger: kind, owner, asset."""

    kind: AccountKind
    account_id: AccountId
    asset_id: AssetId


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a group, in units of the ledger; positive adds to the account."""

    account: LedgerAccount
    kind: EntryKind
    amount: int


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that stand or fall together and sum to zero per asset."""

    cause: str
    entries: tuple[Entry, ...]
    trade_ids: tuple[TradeId, ...] = ()

    def __post_init__(self) -> None:
        sums: dict[AssetId, int] = {}
        for entry in self.entries:
            sums[entry.account.asset_id] = sums.get(entry.account.asset_id, 0) + entry.amount
        assert not any(sums.values()), f"{self.cause} does not sum to zero: {sums}"


@dataclass(frozen=True, slots=True)
class EngineTransfer:
    """A transfer to or from the engine; `amount` in units of the engine."""

    transfer_seq: int
    direction: Direction
    account_id: AccountId
    asset_id: AssetId
    amount: int
    request_id: RequestId
    state: TransferState = TransferState.REQUESTED
    engine_seq: EngineSeq | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TradingBalance:
    """What an account holds inside the engine, in units of the engine."""

    asset_id: AssetId
    available: int
    held: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account owns of one asset, in units of the asset's engine scale."""

    asset: Asset
    available: int
    held: int
    in_transit: int


# What the engine says happened.


@dataclass(frozen=True, slots=True)
class TransferOutcome:
    """The engine applied or refused a transfer."""

    transfer_seq: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A balance inside the engine changed by a trade or a fee; `amount` in units of the engine."""

    account_id: AccountId
    asset_id: AssetId
    kind: EntryKind
    amount: int
    trade_id: TradeId


@dataclass(frozen=True, slots=True)
class Block:
    """What one command of the engine means to the ledger."""

    shard: int
    epoch: int
    engine_seq: EngineSeq
    assets: tuple[Asset, ...]
    outcomes: tuple[TransferOutcome, ...]
    movements: tuple[Movement, ...]
    totals: Mapping[tuple[AccountId, AssetId], int]
    """Available plus held after the command, for each balance that it changed, in units of the engine."""

    @property
    def cause(self) -> str:
        """Return the name of the block in the ledger."""
        return f"engine:{self.shard}:{self.epoch}:{self.engine_seq}"
