"""What the history is asked, and what changes it."""

from dataclasses import dataclass

from services.kernel.ids import AccountId, OrderId


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders of an account to list, newest first: those numbered below `before`, if given."""

    account_id: AccountId
    symbol: str | None
    open_only: bool
    before: OrderId | None
    limit: int
