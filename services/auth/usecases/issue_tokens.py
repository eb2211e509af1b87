"""Makes the pair of tokens that a login and a refresh give."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.auth.model import AccessClaims, RefreshToken, Session, TokenDigest, TokenLifetimes, TokenPair
from services.auth.ports import Signer
from services.kernel.entropy import Entropy

REFRESH_TOKEN_BYTES = 32


@dataclass(frozen=True)
class IssueTokens:
    """Signs before anything is stored: with the vault down, no session begins and no refresh token is spent."""

    signer: Signer
    entropy: Entropy
    lifetimes: TokenLifetimes

    async def __call__(self, session: Session, now: datetime) -> tuple[TokenPair, RefreshToken]:
        """Return tokens for the client, and what to store of the second; nothing is stored yet."""
        claims = AccessClaims(
            session.user_id, session.account_id, session.session_id, session.scopes, now, now + self.lifetimes.access
        )
        refresh_token = base64.urlsafe_b64encode(self.entropy.take(REFRESH_TOKEN_BYTES)).decode().rstrip("=")
        refresh_expire_time = now + self.lifetimes.refresh
        pair = TokenPair(
            access_token=await self.signer.sign(claims),
            access_expire_time=claims.expire_time,
            refresh_token=refresh_token,
            refresh_expire_time=refresh_expire_time,
            scopes=session.scopes,
            account_id=session.account_id,
        )
        return pair, RefreshToken(digest_of(refresh_token), session.session_id, refresh_expire_time)


def digest_of(refresh_token: str) -> TokenDigest:
    """Return what is stored of a token; with 256 random bits in it, a plain hash cannot be turned back."""
    return TokenDigest(hashlib.sha256(refresh_token.encode()).digest())
