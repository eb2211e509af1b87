"""Ends a session at its owner's wish."""

from dataclasses import dataclass

from services.auth.model import SessionEndReason
from services.auth.ports import Sessions, Store
from services.auth.usecases.end_session import end_session
from services.kernel.clock import Clock
from services.kernel.ids import SessionId


@dataclass(frozen=True)
class Logout:
    """Revokes the refresh tokens in the store, and the access token with every gate."""

    store: Store
    sessions: Sessions
    clock: Clock

    async def __call__(self, session_id: SessionId) -> None:
        """End the session; one that has ended already stays as it is."""
        async with self.store.transaction() as transaction:
            session = await transaction.lock_session(session_id)
            if session is not None and session.end_reason is None:
                await end_session(transaction, session, SessionEndReason.LOGOUT, self.clock.now())
        await self.sessions.revoke(session_id)
