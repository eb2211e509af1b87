"""Vault (or OpenBao): AppRole login, and transit keys that never leave it.

hvac blocks, so each call runs in a thread of its own, here and nowhere else. The token is taken anew before it ends.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import hvac
import structlog
from hvac.exceptions import VaultError
from requests.exceptions import RequestException

from services.kernel.clock import Clock
from services.kernel.entropy import Entropy
from services.kernel.refusal import Unavailable
from services.runtime.backoff import Backoff

CALL_LIMIT_S = 5
RENEW_AT = 0.5
"""Share of the token's life after which it is taken anew."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AppRole:
    """What a process logs in with."""

    role_id: str
    secret_id: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One version of a transit key: 32 bytes of Ed25519, and when it was made."""

    key: bytes
    created_at: datetime


class Vault:
    """A client of one Vault server; `login` first, then keep `run` going."""

    def __init__(self, url: str, role: AppRole, clock: Clock, entropy: Entropy) -> None:
        self._client = hvac.Client(url=url, timeout=CALL_LIMIT_S)
        self._role = role
        self._clock = clock
        self._backoff = Backoff(clock, entropy)
        self._lease = timedelta(0)

    async def login(self) -> None:
        """Take a token; raises `Unavailable` if Vault does not answer or refuses."""
        role = self._role
        answer = await self._call(lambda: self._client.auth.approle.login(role.role_id, role.secret_id))
        self._lease = timedelta(seconds=answer["auth"]["lease_duration"])

    async def run(self) -> None:
        """Take a new token, for ever, before the old one ends."""
        while True:
            await self._clock.sleep(self._lease * RENEW_AT)
            await self._login_again()

    async def sign(self, key_name: str, message: bytes, *, version: int) -> bytes:
        """Sign with one version of an Ed25519 transit key: 64 bytes; raises `Unavailable`."""
        encoded = base64.b64encode(message).decode()
        answer = await self._call(
            lambda: self._client.secrets.transit.sign_data(key_name, hash_input=encoded, key_version=version)
        )
        return base64.b64decode(answer["data"]["signature"].rpartition(":")[2])

    async def public_keys(self, key_name: str) -> Mapping[int, PublicKey]:
        """Return every version of an Ed25519 transit key; raises `Unavailable`."""
        answer = await self._call(lambda: self._client.secrets.transit.read_key(key_name))
        return {int(version): _public_key(entry) for version, entry in answer["data"]["keys"].items()}

    async def check(self) -> None:
        """Raise `Unavailable` unless Vault answers to the token."""
        await self._call(self._client.auth.token.lookup_self)

    async def _login_again(self) -> None:
        while True:
            try:
                await self.login()
            except Unavailable as error:
                _log.warning("vault_waits", error=str(error.__cause__))
                await self._backoff.pause()
            else:
                self._backoff.reset()
                return

    async def _call(self, request: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(request)
        except (VaultError, RequestException) as error:
            raise Unavailable("The key store does not answer; retry.") from error


def _public_key(entry: Mapping[str, str]) -> PublicKey:
    return PublicKey(base64.b64decode(entry["public_key"]), datetime.fromisoformat(entry["creation_time"]))
