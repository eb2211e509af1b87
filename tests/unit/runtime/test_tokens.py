"""Tokens against a clock that the test moves, and keys that the test publishes."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from services.kernel.clock import ManualClock
from services.kernel.refusal import Unavailable
from services.runtime.refusals import TokenExpired, Unauthenticated
from services.runtime.tokens import CLOCK_SKEW_NS, KEY_REFRESH_NS, REMEMBERED_TOKENS, TokenVerifier
from tests.mesh import KEY_ID, SESSION, USER, Mesh

KEY_REFRESH = timedelta(microseconds=KEY_REFRESH_NS // 1_000)


class Published:
    """Keys that auth publishes; counts how often they are asked for."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.keys: Mapping[str, bytes] | None = keys
        self.asked = 0

    async def fetch(self) -> Mapping[str, bytes]:
        self.asked += 1
        if self.keys is None:
            raise Unavailable("auth is lost")
        return self.keys


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    return Mesh(tmp_path)


@pytest.fixture
async def published(mesh: Mesh) -> Published:
    return Published(await mesh.keys())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def issued(mesh: Mesh, clock: ManualClock, scopes: str = "orders:read orders:write") -> str:
    return mesh.token(account=7, scopes=scopes, iat=clock.now_ns() // 1_000_000_000)


async def test_a_token_tells_its_caller(mesh: Mesh, published: Published, clock: ManualClock) -> None:
    caller = await TokenVerifier(clock, published.fetch).verify(issued(mesh, clock))
    assert (caller.user_id, caller.account_id, caller.session_id) == (USER, 7, SESSION)
    assert caller.scopes == {"orders:read", "orders:write"}


async def test_a_token_ends_to_the_second_remembered_or_not(
    mesh: Mesh, published: Published, clock: ManualClock
) -> None:
    token, verifier = issued(mesh, clock), TokenVerifier(clock, published.fetch)
    clock.advance(timedelta(seconds=899))
    await verifier.verify(token)
    clock.advance(timedelta(seconds=1))
    for same in (verifier, TokenVerifier(clock, published.fetch)):
        with pytest.raises(TokenExpired):
            await same.verify(token)


async def test_a_token_of_the_future_is_refused_beyond_the_skew(
    mesh: Mesh, published: Published, clock: ManualClock
) -> None:
    token = issued(mesh, clock)
    clock.step(-timedelta(microseconds=CLOCK_SKEW_NS // 1_000))
    await TokenVerifier(clock, published.fetch).verify(token)
    clock.step(-timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        await TokenVerifier(clock, published.fetch).verify(token)


async def test_keys_are_fetched_once_and_again_for_one_that_is_new(
    mesh: Mesh, published: Published, clock: ManualClock
) -> None:
    verifier, keys = TokenVerifier(clock, published.fetch), published.keys
    published.keys = {"old": bytes(32)}
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await verifier.verify(issued(mesh, clock))
    assert published.asked == 1
    published.keys = keys
    clock.advance(KEY_REFRESH)
    await verifier.verify(issued(mesh, clock))
    await verifier.verify(issued(mesh, clock, scopes="orders:read"))
    assert published.asked == 2


async def test_known_keys_serve_on_while_auth_is_lost(mesh: Mesh, published: Published, clock: ManualClock) -> None:
    verifier = TokenVerifier(clock, published.fetch)
    await verifier.verify(issued(mesh, clock))
    published.keys = None
    clock.advance(KEY_REFRESH)
    await verifier.verify(issued(mesh, clock))
    with pytest.raises(Unavailable):
        await TokenVerifier(clock, published.fetch).verify(issued(mesh, clock))


async def test_memory_of_tokens_is_bounded(
    mesh: Mesh, published: Published, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.tokens.REMEMBERED_TOKENS", 2)
    verifier = TokenVerifier(clock, published.fetch)
    for account in range(5):
        await verifier.verify(mesh.token(account=account, iat=clock.now_ns() // 1_000_000_000))
    assert len(verifier._remembered) == 2
    assert REMEMBERED_TOKENS > 2


async def test_the_key_of_another_name_does_not_open(mesh: Mesh, published: Published, clock: ManualClock) -> None:
    assert published.keys is not None
    published.keys = {"other": published.keys[KEY_ID]}
    with pytest.raises(Unauthenticated):
        await TokenVerifier(clock, published.fetch).verify(issued(mesh, clock))
