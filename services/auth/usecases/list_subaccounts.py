"""Lists the sub-accounts of a user, page by page, in the order in which they were made."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.auth.model import Subaccount
from services.auth.ports import Store
from services.kernel.ids import AccountId, UserId
from services.kernel.page import key_of, page_size, token_of


@dataclass(frozen=True, slots=True)
class SubaccountQuery:
    """Whose, and which page."""

    user_id: UserId
    page_size: int
    page_token: str


@dataclass(frozen=True, slots=True)
class SubaccountPage:
    """Sub-accounts, and what opens the next page: empty on the last."""

    subaccounts: Sequence[Subaccount]
    next_page_token: str


@dataclass(frozen=True)
class ListSubaccounts:
    """Numbers grow with each sub-account made, so they are the order, and where the next page begins."""

    store: Store

    async def __call__(self, query: SubaccountQuery) -> SubaccountPage:
        """Return a page; raises `InvalidPageToken`."""
        question = f"ListSubaccounts {query.user_id}"
        last = key_of(question, query.page_token, int)
        after = AccountId(int(last[0]) if last else 0)
        limit = page_size(query.page_size)
        found = await self.store.subaccounts(query.user_id, after, limit + 1)
        page = found[:limit]
        more = len(found) > limit
        return SubaccountPage(page, token_of(question, (page[-1].account_id,)) if more else "")
