"""Makes a sub-account: an account of its own in the engine, in the self-trade group of the firm."""

from dataclasses import dataclass

from services.auth.errors import RequestIdReused, TooManySubaccounts, UserGone
from services.auth.model import OpeningRequestId, Subaccount, SubaccountCreated, User, UserEvent
from services.auth.ports import Openings, Store, Transaction
from services.auth.usecases.open_account import open_account
from services.kernel.clock import Clock
from services.kernel.firm import MAX_SUBACCOUNTS, subaccount
from services.kernel.ids import RequestId, UserId


@dataclass(frozen=True, slots=True)
class NewSubaccount:
    """Who wants one, by which request, and what it shall be called."""

    user_id: UserId
    request_id: RequestId
    label: str


@dataclass(frozen=True)
class CreateSubaccount:
    """Keeps the sub-account and the request to open it together, then waits for the engine as long as the call may.

    The lock on the user's row makes requests of one firm follow each other, so numbers have no gap, are opened in their
    order, and never pass the limit. With the engine down the sub-account is opened when it is back.
    """

    store: Store
    openings: Openings
    clock: Clock

    async def __call__(self, new: NewSubaccount) -> Subaccount:
        """Return the sub-account, the same for the same request; raises `RequestIdReused`, `TooManySubaccounts`."""
        made, opening = await self._keep(new)
        if made.label != new.label:
            raise RequestIdReused
        if opening is not None:
            await self.openings.opened(opening)
        return made

    async def _keep(self, new: NewSubaccount) -> tuple[Subaccount, OpeningRequestId | None]:
        async with self.store.transaction() as transaction:
            user = await transaction.lock_user(new.user_id)
            if user is None:
                raise UserGone
            made = await transaction.subaccount_by_request(user.user_id, new.request_id)
            return (made, None) if made else await self._make(transaction, user, new)

    async def _make(
        self, transaction: Transaction, user: User, new: NewSubaccount
    ) -> tuple[Subaccount, OpeningRequestId]:
        count = await transaction.count_subaccounts(user.user_id)
        if count >= MAX_SUBACCOUNTS:
            raise TooManySubaccounts(MAX_SUBACCOUNTS)
        account_id, now = subaccount(user.account_id, count + 1), self.clock.now()
        made = Subaccount(account_id, user.user_id, new.request_id, new.label, now)
        await transaction.insert_subaccount(made)
        opening = await open_account(transaction, account_id)
        await transaction.announce(UserEvent(now, user.user_id, user.account_id, SubaccountCreated(account_id)))
        return made, opening
