"""Makes a user with a trading account."""

from dataclasses import dataclass, field

from services.auth.model import (
    DEFAULT_SCOPES,
    NewUser,
    OpeningRequestId,
    User,
    UserEvent,
    UserRegistered,
    email_of,
)
from services.auth.passwords import check_strength
from services.auth.ports import Openings, PasswordHasher, Store
from services.auth.usecases.open_account import open_account
from services.kernel.clock import Clock
from services.kernel.ids import Ids, UserId


@dataclass(frozen=True, slots=True)
class Registration:
    """Who wants in."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Register:
    """Keeps the user and the request to open the account together, then waits for the engine as long as the call may.

    With the engine down the user is registered all the same, and the account is opened when it is back.
    """

    store: Store
    hasher: PasswordHasher
    openings: Openings
    clock: Clock
    ids: Ids

    async def __call__(self, registration: Registration) -> User:
        """Return the new user; raises `WeakPassword`, `EmailTaken`, `LimitExceeded`."""
        email = email_of(registration.email)
        check_strength(registration.password, email)
        new = NewUser(
            user_id=UserId(self.ids.new()),
            email=email,
            password_hash=await self.hasher.hash(registration.password),
            scopes=DEFAULT_SCOPES,
            create_time=self.clock.now(),
        )
        user, opening = await self._keep(new)
        await self.openings.opened(opening)
        return user

    async def _keep(self, new: NewUser) -> tuple[User, OpeningRequestId]:
        async with self.store.transaction() as transaction:
            user = await transaction.insert_user(new)
            request = await open_account(transaction, user.account_id)
            await transaction.announce(UserEvent(user.create_time, user.user_id, user.account_id, UserRegistered()))
        return user, request
