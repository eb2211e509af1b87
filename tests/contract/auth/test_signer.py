"""What every signer promises: the one in memory, and the one that signs inside OpenBao."""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import hvac
import pytest

from services.auth.model import AccessClaims, Scope
from services.auth.ports import Signer
from services.auth.signer import KEYS_FRESH, TransitSigner
from services.kernel.clock import ManualClock, SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.ids import AccountId, SessionId, UserId
from services.kernel.refusal import Unavailable
from services.runtime.tokens import TokenVerifier
from services.runtime.vault import AppRole, Vault
from stack.launcher import Stack
from tests import servers
from tests.fakes.auth import MemorySigner

NOW = datetime.now(UTC).replace(microsecond=0)
LEAD = timedelta(minutes=10)
CLAIMS = AccessClaims(
    user_id=UserId(UUID(int=1)),
    account_id=AccountId(2**64 - 1),
    session_id=SessionId(UUID(int=2)),
    scopes=(Scope("orders:read"), Scope("orders:write")),
    issue_time=NOW,
    expire_time=NOW + timedelta(minutes=15),
)


@dataclass
class Signing:
    signer: Signer
    rotate: Callable[[], None]
    """Makes a new version of the key."""
    lead_passes: Callable[[], None]
    """Lets the new version have been published for long enough to sign."""


@pytest.fixture(params=["memory", "vault"])
async def signing(request: pytest.FixtureRequest) -> Signing:
    if request.param == "memory":
        fake = MemorySigner()
        return Signing(fake, fake.rotate, fake.lead_passes)
    server: servers.Vault = request.getfixturevalue("vault")
    root = hvac.Client(server.url, token=root_token(request.getfixturevalue("stack")))
    clock = ManualClock(time.time_ns())
    role = server.approle("auth")
    vault = Vault(server.url, AppRole(role.role_id, role.secret_id), clock, SystemEntropy())
    await vault.login()
    return Signing(
        TransitSigner(vault, "jwt", clock, LEAD),
        rotate=lambda: root.secrets.transit.rotate_key("jwt"),
        lead_passes=lambda: clock.advance(LEAD + KEYS_FRESH),
    )


def root_token(stack: Stack) -> str:
    kept: dict[str, str] = json.loads((stack.site.folder("openbao") / "unseal.json").read_text())
    return kept["root_token"]


def part(token: str, index: int) -> dict[str, object]:
    encoded = token.split(".")[index]
    decoded: dict[str, object] = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return decoded


async def key_ids(signer: Signer) -> list[str]:
    return [key.key_id for key in await signer.verification_keys()]


async def check_verifies(signer: Signer, token: str) -> None:
    keys = {key.key_id: key.public_key for key in await signer.verification_keys()}

    async def fetch() -> dict[str, bytes]:
        return keys

    caller = await TokenVerifier(SystemClock(), fetch).verify(token)
    assert (caller.user_id, caller.account_id) == (CLAIMS.user_id, CLAIMS.account_id)
    assert (caller.session_id, caller.scopes) == (CLAIMS.session_id, frozenset(CLAIMS.scopes))


async def test_a_token_says_what_gates_read(signing: Signing) -> None:
    token = await signing.signer.sign(CLAIMS)
    assert part(token, 0) == {"alg": "EdDSA", "typ": "JWT", "kid": part(token, 0)["kid"]}
    assert part(token, 0)["kid"] in await key_ids(signing.signer)
    assert part(token, 1) == {
        "iss": "exchange",
        "aud": "exchange",
        "sub": "00000000-0000-0000-0000-000000000001",
        "account": "18446744073709551615",
        "scope": "orders:read orders:write",
        "sid": "00000000-0000-0000-0000-000000000002",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
    }


async def test_a_gate_accepts_the_token(signing: Signing) -> None:
    await check_verifies(signing.signer, await signing.signer.sign(CLAIMS))


async def test_a_new_key_is_published_before_it_signs_and_old_tokens_stay_good(signing: Signing) -> None:
    old_token, old_ids = await signing.signer.sign(CLAIMS), await key_ids(signing.signer)
    signing.rotate()
    signing.lead_passes()
    ids = await key_ids(signing.signer)
    assert ids[:-1] == old_ids
    new_token = await signing.signer.sign(CLAIMS)
    assert part(new_token, 0)["kid"] == ids[-1] == f"jwt-v{len(ids)}"
    await check_verifies(signing.signer, old_token)
    await check_verifies(signing.signer, new_token)


async def test_a_key_just_rotated_does_not_sign_yet(signing: Signing) -> None:
    signing.rotate()
    token = await signing.signer.sign(CLAIMS)
    assert part(token, 0)["kid"] != (await key_ids(signing.signer))[-1]


async def test_a_lost_vault_is_a_refusal(stack: Stack, vault: servers.Vault) -> None:
    role = vault.approle("auth")
    clock = ManualClock(time.time_ns())
    client = Vault(vault.url, AppRole(role.role_id, role.secret_id), clock, SystemEntropy())
    await client.login()
    signer = TransitSigner(client, "jwt", clock, LEAD)
    known = await key_ids(signer)
    stack.kill("openbao")
    clock.advance(KEYS_FRESH)
    with pytest.raises(Unavailable):
        await signer.sign(CLAIMS)
    assert await key_ids(signer) == known
    with pytest.raises(Unavailable):
        await TransitSigner(client, "jwt", clock, LEAD).verification_keys()
    stack.restart("openbao")
    await check_verifies(signer, await signer.sign(CLAIMS))
