"""What becomes of a session: refreshes, thefts, logouts."""

import asyncio

import pytest

from services.auth.errors import RefreshTokenInvalid, RefreshTokenReused
from services.auth.model import SessionEnded, SessionEndReason, SessionStarted, TokenPair
from services.auth.usecases.get_current_user import GetCurrentUser
from services.kernel.ids import SessionId
from services.kernel.refusal import Refusal, Unavailable
from tests.unit.auth.world import LIFETIMES, World


async def logged_in(world: World) -> tuple[SessionId, str]:
    await world.register()
    _, pair = await world.login(scopes=("orders:read",))
    started = world.store.events[-1].what
    assert isinstance(started, SessionStarted)
    return started.session_id, pair.refresh_token


def ends(world: World) -> list[SessionEnded]:
    return [event.what for event in world.store.events if isinstance(event.what, SessionEnded)]


async def test_each_refresh_token_buys_the_next(world: World) -> None:
    _, first = await logged_in(world)
    world.clock.advance(LIFETIMES.access)
    second = await world.refresh(first)
    assert second.scopes == ("orders:read",)
    assert second.access_expire_time == world.clock.now() + LIFETIMES.access
    third = await world.refresh(second.refresh_token)
    assert len({first, second.refresh_token, third.refresh_token}) == 3
    assert not ends(world)


async def test_a_spent_token_ends_the_session_of_both_holders(world: World) -> None:
    session_id, first = await logged_in(world)
    second = await world.refresh(first)
    with pytest.raises(RefreshTokenReused):
        await world.refresh(first)
    assert ends(world) == [SessionEnded(session_id, SessionEndReason.REFRESH_TOKEN_REUSED)]
    assert world.store.revocations == [session_id]
    assert not await world.sessions.is_live(session_id)
    for token in (first, second.refresh_token):
        with pytest.raises(RefreshTokenInvalid):
            await world.refresh(token)
    assert len(ends(world)) == 1


async def test_a_token_used_twice_at_the_same_moment_works_once_and_ends_the_session(world: World) -> None:
    session_id, token = await logged_in(world)
    answers = await asyncio.gather(*(world.refresh(token) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, TokenPair) for answer in answers) == 1
    assert sum(isinstance(answer, RefreshTokenReused) for answer in answers) == 1
    assert sum(isinstance(answer, RefreshTokenInvalid) for answer in answers) == 3
    assert not await world.sessions.is_live(session_id)


async def test_tokens_expire(world: World) -> None:
    _, token = await logged_in(world)
    world.clock.advance(LIFETIMES.refresh)
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh(token)
    assert not ends(world)


async def test_an_expired_spent_token_is_no_theft_any_more(world: World) -> None:
    session_id, first = await logged_in(world)
    world.clock.advance(LIFETIMES.refresh / 2)
    second = await world.refresh(first)
    world.clock.advance(LIFETIMES.refresh / 2)
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh(first)
    third = await world.refresh(second.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh(first)
    await world.refresh(third.refresh_token)
    assert await world.sessions.is_live(session_id)


@pytest.mark.parametrize("token", ["", "unknown", "\x00", "x" * 256])
async def test_an_unknown_token_is_refused(world: World, token: str) -> None:
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh(token)


async def test_without_the_vault_no_token_is_spent(world: World) -> None:
    _, token = await logged_in(world)
    world.signer.sealed = True
    with pytest.raises(Unavailable):
        await world.refresh(token)
    world.signer.sealed = False
    await world.refresh(token)


async def test_a_logout_revokes_every_token_of_the_session_once(world: World) -> None:
    session_id, token = await logged_in(world)
    await world.logout(session_id)
    await world.logout(session_id)
    assert ends(world) == [SessionEnded(session_id, SessionEndReason.LOGOUT)]
    assert world.store.revocations == [session_id]
    assert not await world.sessions.is_live(session_id)
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh(token)


async def test_other_sessions_live_on(world: World) -> None:
    session_id, _ = await logged_in(world)
    _, other = await world.login()
    await world.logout(session_id)
    await world.refresh(other.refresh_token)


async def test_the_current_user_is_looked_up(world: World) -> None:
    user = await world.register()
    get_current_user = GetCurrentUser(world.store)
    assert await get_current_user(user.user_id) == user
    with pytest.raises(Refusal, match="does not exist"):
        await get_current_user(type(user.user_id)(int=1))


async def test_secrets_do_not_show_in_a_repr(world: World) -> None:
    await world.register()
    _, pair = await world.login()
    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)
    assert "argon2" not in repr(await world.store.credentials((await world.login())[0].email))
