"""Logins: who gets tokens, which, and who has to wait."""

import asyncio
from datetime import timedelta

import pytest

from services.auth.errors import InvalidCredentials, LoginThrottled, ScopeNotGranted
from services.auth.model import DEFAULT_SCOPES, SessionStarted
from services.kernel.refusal import Unavailable
from tests.unit.auth.world import LIFETIMES, LIMITS, World


async def test_a_login_starts_a_session_with_all_scopes(world: World) -> None:
    registered = await world.register()
    user, pair = await world.login()
    assert user == registered
    assert pair.scopes == DEFAULT_SCOPES
    assert pair.access_expire_time == world.clock.now() + LIFETIMES.access
    assert pair.refresh_expire_time == world.clock.now() + LIFETIMES.refresh
    started = world.store.events[-1].what
    assert isinstance(started, SessionStarted)
    assert started.scopes == DEFAULT_SCOPES
    assert await world.sessions.is_live(started.session_id)


async def test_scopes_may_be_fewer_but_not_more(world: World) -> None:
    await world.register()
    _, pair = await world.login(scopes=("orders:read", "account:read"))
    assert pair.scopes == ("account:read", "orders:read")
    with pytest.raises(ScopeNotGranted) as refused:
        await world.login(scopes=("orders:read", "wallets:withdraw"))
    assert refused.value.metadata == {"scope": "wallets:withdraw"}
    assert len([e for e in world.store.events if isinstance(e.what, SessionStarted)]) == 1


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.com", "wrong"), ("eve@example.com", "battery horse staple")]
)
async def test_a_wrong_password_and_an_unknown_user_look_alike(world: World, email: str, password: str) -> None:
    await world.register()
    with pytest.raises(InvalidCredentials) as refused:
        await world.login(email, password)
    assert refused.value.message == InvalidCredentials().message


async def test_a_password_may_be_typed_on_another_keyboard(world: World) -> None:
    await world.register(password="caf\u00e9 au lait 4 deux")
    await world.login(password="cafe\u0301 au lait 4 deux")


async def fail(world: World, times: int) -> None:
    for _ in range(times):
        with pytest.raises(InvalidCredentials):
            await world.login(password="wrong")


async def test_failures_throttle_the_address_from_that_place_until_the_window_ends(world: World) -> None:
    await world.register()
    await fail(world, LIMITS.failures)
    world.clock.advance(timedelta(minutes=5))
    with pytest.raises(LoginThrottled, match="600 s") as refused:
        await world.login()
    assert refused.value.retry_after_ms == 600_000
    await world.login(address="192.0.2.2")
    world.clock.advance(timedelta(minutes=10))
    await world.login()


async def test_a_success_forgets_failures(world: World) -> None:
    await world.register()
    for _ in range(3):
        await fail(world, LIMITS.failures - 1)
        await world.login()


async def test_guesses_side_by_side_get_no_more_answers_than_one_after_the_other(world: World) -> None:
    await world.register()
    guesses = [world.login(password="wrong") for _ in range(20)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    told = [answer for answer in answers if isinstance(answer, InvalidCredentials)]
    assert len(told) <= LIMITS.failures + 1  # two hashes run at once, so one may finish beside the last allowed
    assert all(isinstance(answer, InvalidCredentials | LoginThrottled) for answer in answers)


async def test_without_the_vault_no_session_begins(world: World) -> None:
    await world.register()
    world.signer.sealed = True
    with pytest.raises(Unavailable):
        await world.login()
    assert not any(isinstance(event.what, SessionStarted) for event in world.store.events)
