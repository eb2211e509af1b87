"""Trades a refresh token for the next pair of tokens."""

from dataclasses import dataclass

from services.auth.errors import RefreshTokenInvalid, RefreshTokenReused
from services.auth.model import RefreshToken, RefreshTokenState, Session, SessionEndReason, TokenDigest, TokenPair
from services.auth.ports import Sessions, Store, Transaction
from services.auth.usecases.end_session import end_session
from services.auth.usecases.issue_tokens import IssueTokens, digest_of
from services.kernel.clock import Clock


@dataclass(frozen=True)
class Refresh:
    """Rotates refresh tokens: each works once, a second use ends the session of both holders.

    The lock on the session's row decides who is first when a token comes twice at the same moment.
    """

    store: Store
    sessions: Sessions
    issue_tokens: IssueTokens
    clock: Clock

    async def __call__(self, refresh_token: str) -> TokenPair:
        """Return the next pair; raises `RefreshTokenInvalid`, and `RefreshTokenReused` once the session is ended."""
        digest = digest_of(refresh_token)
        session = await self.store.session_of(digest)
        if session is None:
            raise RefreshTokenInvalid
        pair, successor = await self.issue_tokens(session, self.clock.now())
        match await self._rotate(session, digest, successor):
            case RefreshTokenState.LIVE:
                await self.sessions.keep(session.session_id)
                return pair
            case RefreshTokenState.SPENT:
                await self.sessions.revoke(session.session_id)
                raise RefreshTokenReused
            case _:
                raise RefreshTokenInvalid

    async def _rotate(self, session: Session, digest: TokenDigest, successor: RefreshToken) -> RefreshTokenState:
        async with self.store.transaction() as transaction:
            state = await self._state(transaction, session, digest)
            if state is RefreshTokenState.LIVE:
                await transaction.spend_refresh_token(digest, self.clock.now())
                await transaction.insert_refresh_token(successor)
            elif state is RefreshTokenState.SPENT:
                await end_session(transaction, session, SessionEndReason.REFRESH_TOKEN_REUSED, self.clock.now())
        return state

    async def _state(self, transaction: Transaction, session: Session, digest: TokenDigest) -> RefreshTokenState:
        locked = await transaction.lock_session(session.session_id)
        token = await transaction.refresh_token(digest)
        if locked is None or token is None:
            return RefreshTokenState.EXPIRED
        return token.state(locked, self.clock.now())
