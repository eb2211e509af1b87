"""The private events of accounts, as they are kept and told: numbered, and otherwise not looked into."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.kernel.ids import AccountId, EngineSeq
from services.orders.model.instrument import AssetName, Scales

VENUE_ACCOUNTS = 1 << 63
"""Numbers from here on are the venue's own accounts; so is 0. They have no owner, and no private events."""


class PrivateEvent(NamedTuple):
    """One private event of one account; `content` is the engine's event as it came."""

    account_id: AccountId
    account_seq: int
    engine_seq: EngineSeq
    time_ns: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Places:
    """Where a subscriber stands: the last private event that it has of each account, in which history."""

    epoch: int
    account_seqs: Mapping[AccountId, int]


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account after a durable command, and after a private event; `content` is the engine's answer as it came."""

    account_id: AccountId
    engine_seq: EngineSeq
    account_seq: int
    content: bytes


class Names:
    """What instruments and assets are called, and how their numbers are read. Nothing here ever changes or goes."""

    def __init__(self) -> None:
        self.instruments: dict[int, Scales] = {}
        self.assets: dict[int, AssetName] = {}
