"""Signing with a key that never leaves the vault."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import Unavailable
from services.runtime.vault import AppRole, Vault
from stack.openbao import SIGNING_KEY
from tests.servers import Vault as Server


@pytest.fixture
def role(vault: Server) -> AppRole:
    granted = vault.approle("auth")
    return AppRole(granted.role_id, granted.secret_id)


def client(url: str, role: AppRole) -> Vault:
    return Vault(url, role, SystemClock(), SystemEntropy())


async def test_a_signature_verifies_with_the_published_key(vault: Server, role: AppRole) -> None:
    signer = client(vault.url, role)
    await signer.login()
    await signer.check()
    version, public = max((await signer.public_keys(SIGNING_KEY)).items())
    signature = await signer.sign(SIGNING_KEY, b"message", version=version)
    assert (len(public.key), len(signature)) == (32, 64)
    assert public.created_at < datetime.now(UTC)
    Ed25519PublicKey.from_public_bytes(public.key).verify(signature, b"message")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public.key).verify(signature, b"another")


async def test_what_the_policy_does_not_grant_is_unavailable(vault: Server, role: AppRole) -> None:
    signer = client(vault.url, role)
    await signer.login()
    with pytest.raises(Unavailable):
        await signer.public_keys("another")


async def test_a_wrong_secret_or_a_lost_server_is_unavailable(vault: Server, role: AppRole) -> None:
    for url, attempt in ((vault.url, replace(role, secret_id="wrong")), ("http://127.0.0.1:1", role)):
        with pytest.raises(Unavailable):
            await client(url, attempt).login()
