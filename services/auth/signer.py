"""Access tokens signed by the vault's transit engine; the private key never leaves it.

1. A key has versions; its rotation makes a new one. Every version that the vault still lists is published, as
   `<key>-v<version>`, so tokens signed by an older one stay good until they expire.
2. The newest version signs that has been published for the lead, so that no gate meets a token whose key it cannot
   know; of a key whose versions are all younger, the oldest signs.
3. What the vault last said is good for KEYS_FRESH, and beyond that while the vault does not answer.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.auth.access_token import compact, signing_input
from services.auth.model import AccessClaims, VerificationKey
from services.kernel.clock import Clock, ns_of
from services.kernel.refusal import Unavailable
from services.runtime.vault import PublicKey, Vault

KEYS_FRESH = timedelta(seconds=5)


class TransitSigner:
    """Signs with one key of the vault."""

    def __init__(self, vault: Vault, key_name: str, clock: Clock, lead: timedelta) -> None:
        self._vault = vault
        self._key_name = key_name
        self._clock = clock
        self._lead = lead
        self._versions: Mapping[int, PublicKey] = {}
        self._fresh_until_ns = 0

    async def sign(self, claims: AccessClaims) -> str:
        """Return the claims as a JWT; raises `Unavailable` without the vault."""
        version = self._signing_version(await self._known_versions())
        signed = signing_input(claims, self._key_id(version))
        return compact(signed, await self._vault.sign(self._key_name, signed.encode(), version=version))

    async def verification_keys(self) -> Sequence[VerificationKey]:
        """Return every key whose tokens may still live; raises `Unavailable` if the vault never answered."""
        versions = await self._known_versions()
        return [VerificationKey(self._key_id(version), versions[version].key) for version in sorted(versions)]

    async def by_key_id(self) -> Mapping[str, bytes]:
        """Return the same as public keys by their id: how auth's own gate verifies tokens."""
        return {key.key_id: key.public_key for key in await self.verification_keys()}

    async def _known_versions(self) -> Mapping[int, PublicKey]:
        if self._clock.monotonic_ns() >= self._fresh_until_ns:
            try:
                self._versions = await self._vault.public_keys(self._key_name)
            except Unavailable:
                if not self._versions:
                    raise
            self._fresh_until_ns = self._clock.monotonic_ns() + ns_of(KEYS_FRESH)
        return self._versions

    def _signing_version(self, versions: Mapping[int, PublicKey]) -> int:
        known_since = self._clock.now() - self._lead
        published = [version for version, key in versions.items() if key.created_at <= known_since]
        return max(published) if published else min(versions)

    def _key_id(self, version: int) -> str:
        return f"{self._key_name}-v{version}"
