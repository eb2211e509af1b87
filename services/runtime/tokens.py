"""Access tokens: JWTs signed with Ed25519, verified here against the published keys of auth.

Keys are fetched when a token names one that is not known, at most once in five seconds, so that rotation needs no
restart and a forger cannot make this process hammer auth. What was verified is remembered, by the token's digest, until
it expires, because an Ed25519 verification costs more than all else that a small call does.
"""

import hashlib
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import grpc
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from exchange.auth.v1.auth_service_pb2 import GetJwksRequest
from exchange.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from services.kernel.clock import Clock
from services.kernel.ids import AccountId, SessionId, UserId
from services.kernel.refusal import Refusal, Unavailable
from services.runtime.call import Caller
from services.runtime.grpc_client import invoke
from services.runtime.refusals import TokenExpired, Unauthenticated

ISSUER = "exchange"
AUDIENCE = "exchange"
ALGORITHM = "EdDSA"
REMEMBERED_TOKENS = 10_000
KEY_REFRESH_NS = 5_000_000_000
MAX_TOKEN_CHARS = 4_096
CLOCK_SKEW_NS = 2_000_000_000

_NS_PER_S = 1_000_000_000

FetchKeys = Callable[[], Awaitable[Mapping[str, bytes]]]
"""Gives the public keys of auth, 32 bytes each, by key id."""


def keys_of_auth(channel: grpc.aio.Channel) -> FetchKeys:
    """Return a source of keys that asks auth for its published key set."""
    stub = AuthServiceStub(channel)

    async def fetch() -> Mapping[str, bytes]:
        jwks = await invoke(stub.GetJwks, GetJwksRequest())
        return {key.kid: urlsafe_b64decode(key.x + "==") for key in jwks.keys}

    return fetch


class TokenVerifier:
    """Turns a token into its `Caller`, or refuses it."""

    def __init__(self, clock: Clock, fetch_keys: FetchKeys) -> None:
        self._clock = clock
        self._keys = _Keys(clock, fetch_keys)
        self._remembered: dict[bytes, tuple[Caller, int]] = {}

    async def verify(self, token: str) -> Caller:
        """Return who the token speaks for; raises `Unauthenticated`, `TokenExpired`, or `Unavailable` without keys."""
        digest = hashlib.sha256(token.encode()).digest()
        caller, expires_ns = self._remembered.get(digest) or await self._verified(token)
        if self._clock.now_ns() >= expires_ns:
            self._remembered.pop(digest, None)
            raise TokenExpired("The token has expired; call RefreshToken, then repeat.")
        self._remember(digest, caller, expires_ns)
        return caller

    def _remember(self, digest: bytes, caller: Caller, expires_ns: int) -> None:
        if len(self._remembered) >= REMEMBERED_TOKENS and digest not in self._remembered:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[digest] = (caller, expires_ns)

    async def _verified(self, token: str) -> tuple[Caller, int]:
        if len(token) > MAX_TOKEN_CHARS:
            raise _forged()
        try:
            key = await self._keys.find(_key_id(token))
            claims = _decode(token, key)
            return self._caller_of(claims), int(claims["exp"]) * _NS_PER_S
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _forged() from error

    def _caller_of(self, claims: Mapping[str, Any]) -> Caller:
        early = int(claims["iat"]) * _NS_PER_S > self._clock.now_ns() + CLOCK_SKEW_NS
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE or early:
            raise _forged()
        return Caller(
            user_id=UserId(UUID(claims["sub"])),
            account_id=AccountId(int(claims["account"])),
            scopes=frozenset(claims["scope"].split()),
            session_id=SessionId(UUID(claims["sid"])),
            expires_ns=int(claims["exp"]) * _NS_PER_S,
        )


class _Keys:
    """The published keys by their id."""

    def __init__(self, clock: Clock, fetch: FetchKeys) -> None:
        self._clock = clock
        self._fetch = fetch
        self._by_id: dict[str, OKPKey] = {}
        self._fetched_ns: int | None = None

    async def find(self, key_id: str) -> OKPKey:
        if key_id not in self._by_id and self._may_fetch():
            await self._refresh()
        if key_id not in self._by_id:
            raise _forged()
        return self._by_id[key_id]

    def _may_fetch(self) -> bool:
        return self._fetched_ns is None or self._clock.monotonic_ns() - self._fetched_ns >= KEY_REFRESH_NS

    async def _refresh(self) -> None:
        try:
            keys = await self._fetch()
        except (Refusal, OSError) as error:
            raise Unavailable("The keys that verify tokens cannot be had right now; retry.") from error
        self._fetched_ns = self._clock.monotonic_ns()
        self._by_id = {key_id: _imported(key) for key_id, key in keys.items()}


def _imported(public_key: bytes) -> OKPKey:
    x = urlsafe_b64encode(public_key).decode().rstrip("=")
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def _key_id(token: str) -> str:
    header = jws.extract_compact(token.encode()).headers()
    return str(header["kid"])


def _decode(token: str, key: OKPKey) -> Mapping[str, Any]:
    with warnings.catch_warnings():
        # RFC 9864 renames the algorithm to Ed25519; gateways and clients still know it as EdDSA.
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.decode(token, key, algorithms=[ALGORITHM]).claims


def _forged() -> Unauthenticated:
    return Unauthenticated("The token is not one that this exchange issued; log in again.")
