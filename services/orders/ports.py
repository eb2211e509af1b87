"""What the use cases need from outside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId, SessionId
from services.orders.model.account_stream import AccountState, PrivateEvent
from services.orders.model.history import OrderQuery, Part, Trade, TradeQuery
from services.orders.model.instrument import AssetName, Instrument
from services.orders.model.order import OrderRef, Told
from services.orders.model.rates import Cost, Usage
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder, Outcome
from services.orders.model.session import NewSession
from services.orders.model.twap import Change, Ending, NewTwap, SliceOutcome, Twap


class Instruments(Protocol):
    """The instruments that the engine trades, as far as this process has heard."""

    async def with_symbol(self, symbol: str) -> Instrument:
        """Return the instrument; raises `UnknownInstrument`, or `Unavailable` if that cannot be made sure of."""
        ...

    async def with_id(self, instrument_id: InstrumentId) -> Instrument:
        """Return the instrument of an order that the engine told; raises `Unavailable` if it is not heard of."""
        ...

    async def asset(self, asset_id: int) -> AssetName:
        """Return the asset that the engine named; raises `Unavailable` if it is not heard of."""
        ...


@dataclass(frozen=True, slots=True)
class Horizon:
    """A command such that all that was answered before lies at or before it.

    It is not `certain` when the engine did not answer: then it is the last that this process has seen.
    """

    engine_seq: EngineSeq
    certain: bool


class Engine(Protocol):
    """The single writer of orders. Each method raises `Unavailable` when it is gone: repeat with the same ids."""

    async def place(self, order: NewOrder) -> Outcome:
        """Enter an order; returns when it is durable."""
        ...

    async def judge(self, order: NewOrder) -> Outcome:
        """Make every check of an order and tell all that fail; it does not enter."""
        ...

    async def cancel(self, cancel: Cancel) -> Outcome:
        """Take an order out of the book; returns when that is durable."""
        ...

    async def reserve_id(
        self, account_id: AccountId, client_order_id: ClientOrderId, fingerprint: int, valid_until_ns: int
    ) -> Outcome:
        """Use an id for what the engine does not see: ORDER_NOT_FOUND says that it is used so, now or before."""
        ...

    async def amend(self, amend: Amend) -> Outcome:
        """Change an open order; returns when that is durable."""
        ...

    async def mass_cancel(self, cancel: MassCancel) -> Outcome:
        """Cancel all open orders that match; returns when that is durable."""
        ...

    async def cancel_all_after(self, account_id: AccountId, timeout_ns: int) -> Outcome:
        """Cancel all orders of the account once the timeout has passed, unless this comes again; 0 disarms."""
        ...

    async def horizon(self) -> Horizon:
        """Tell the last durable command as of now, or the last one seen if the engine is gone."""
        ...


class SessionEngine(Protocol):
    """The single writer of sessions. Each method raises `Unavailable` when it is gone: it may be called again."""

    async def open_session(self, session: NewSession) -> Outcome:
        """Open a session, or take it over on a new connection."""
        ...

    async def keep_gateway(self, gateway_id: int, lease_ms: int, epochs: Sequence[int]) -> Outcome:
        """Let a gateway live for so long, and the sessions that it has heard from; at most 1,024."""
        ...

    async def end_session(self, account_id: AccountId, epoch: int, *, closed: bool) -> Outcome:
        """Close a session, or say that its connection is lost."""
        ...


class History(Protocol):
    """All orders that ever were, as far as the engine's events have been written down."""

    async def reach(self, engine_seq: EngineSeq) -> None:
        """Wait until the history contains that command; raises `Unavailable` if the deadline comes first."""
        ...

    async def find(self, account_id: AccountId, order: OrderRef) -> Told | None:
        """Return an order of the account with its first 1,000 fills; None if there is none."""
        ...

    async def list(self, query: OrderQuery) -> Part[Told]:
        """Return orders without their fills, newest first; it looks at so many and no more."""
        ...

    async def trades(self, query: TradeQuery) -> Part[Trade]:
        """Return trades, newest first; it looks at so many and no more."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What ended the trading of an account, and the last private event that was looked at."""

    endings: Sequence[Ending]
    account_seq: int


class Endings(Protocol):
    """What ends the trading of accounts, from their private events, as far as the history has written them down."""

    async def after(self, account_id: AccountId, account_seq: int) -> Seen:
        """Return all after a private event, in order; raises `Unavailable`."""
        ...


class Twaps(Protocol):
    """All TWAPs that ever were, kept for good. What a method answers is durable. Each raises `Unavailable`."""

    async def enter(self, twap: NewTwap, fingerprint: int, engine_seq: EngineSeq, start_ns: int) -> tuple[Twap, bool]:
        """Add a TWAP, or return the one that has its id already; tell which."""
        ...

    async def find(self, account_id: AccountId, order: OrderRef) -> Twap | None:
        """Return a TWAP of the account by its number or the client's id."""
        ...

    async def list(self, query: OrderQuery) -> Sequence[Twap]:
        """Return TWAPs, newest first, as History.list does orders."""
        ...

    async def change(self, twap_id: int, change: Change, outcome: SliceOutcome | None = None) -> Twap:
        """Let a TWAP go on as `change` decides, one at a time; the slice whose outcome that was is kept beside it."""
        ...

    async def due(self, now_ns: int, limit: int) -> Sequence[Twap]:
        """Return open TWAPs with something to do at that time, the most overdue first."""
        ...

    async def count_open(self, account_id: AccountId | None = None) -> int:
        """Tell how many are open, of an account or in all."""
        ...

    async def matching(self, cancel: MassCancel, engine_seq: EngineSeq) -> Sequence[Twap]:
        """Return what a mass cancel of that number is to end or has ended, of those entered before it."""
        ...


class Rates(Protocol):
    """How often accounts and their keys may ask, over all gateways."""

    async def take(self, account_id: AccountId, key: SessionId, cost: Cost) -> Usage:
        """Take what a request costs, or nothing if any bucket has too little; it fails for no other reason."""
        ...


class AccountStates(Protocol):
    """The state of accounts, from the single writer."""

    async def account(self, account_id: AccountId) -> AccountState:
        """Tell an account as of now, durable; raises `Unavailable`, and the engine's refusal of an unknown account."""
        ...


class AccountHistory(Protocol):
    """All private events that ever were, as far as the engine's events have been written down."""

    async def after(self, account_id: AccountId, account_seq: int, limit: int) -> Sequence[PrivateEvent]:
        """Return the account's first events after a number, in order; raises `Unavailable`."""
        ...

    async def reach(self, engine_seq: EngineSeq) -> None:
        """Wait until the history contains that command; raises `Unavailable` if the deadline comes first."""
        ...


class AccountEncoder(Protocol):
    """What subscribers are told, in ready bytes."""

    def snapshot(self, epoch: int, state: AccountState) -> Iterable[bytes]:
        """Encode an account's state in parts."""
        ...

    def events(self, epoch: int, events: Sequence[PrivateEvent]) -> bytes:
        """Encode events that follow each other."""
        ...

    def heartbeat(
        self, epoch: int, account_id: AccountId, account_seq: int, current_seq: int, places: Mapping[AccountId, int]
    ) -> bytes:
        """Encode a sign of life, with the places in all accounts of a firm's stream."""
        ...
