"""Tells who a token speaks for."""

from dataclasses import dataclass

from services.auth.errors import UserGone
from services.auth.model import User
from services.auth.ports import Store
from services.kernel.ids import UserId


@dataclass(frozen=True)
class GetCurrentUser:
    """Looks the user up."""

    store: Store

    async def __call__(self, user_id: UserId) -> User:
        """Return the user; raises `UserGone` for a genuine token of a user that is not in the store."""
        user = await self.store.user(user_id)
        if user is None:
            raise UserGone
        return user
