"""Registration: who gets in, what is kept, what is set off."""

import pytest

from services.auth.errors import EmailTaken, WeakPassword
from services.auth.model import AccountOpening, UserEvent, UserRegistered
from services.auth.passwords import COMMONEST, MIN_CHARS
from tests.unit.auth.world import World


async def test_a_user_gets_an_account_and_everybody_hears_of_it(world: World) -> None:
    user = await world.register()
    assert (user.account_id, user.email, user.create_time) == (1001, "ada@example.com", world.clock.now())
    assert user.user_id.version == 7
    assert world.store.openings == [AccountOpening(user.account_id, 1_000, 500, self_trade_group_id=user.account_id)]
    assert world.store.events == [UserEvent(world.clock.now(), user.user_id, user.account_id, UserRegistered())]


async def test_the_engine_may_be_down(world: World) -> None:
    world.openings.engine_is_up = False
    user = await world.register()
    assert [opening.account_id for opening in world.store.openings] == [user.account_id]


async def test_an_address_is_taken_once_in_whatever_case(world: World) -> None:
    await world.register("ada@example.com")
    with pytest.raises(EmailTaken):
        await world.register("ADA@example.COM")
    assert len(world.store.openings) == len(world.store.events) == 1


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("eleven char", "short"),
        ("x" * 129, "long"),
        ("Password1234", "commonest"),
        ("\uff30assword1234", "commonest"),  # a full-width P
        ("my-ADA@example.com-1", "address"),
    ],
)
async def test_a_weak_password_is_refused_with_the_rule(world: World, password: str, says: str) -> None:
    with pytest.raises(WeakPassword, match=says):
        await world.register(password=password)
    assert not world.store.openings


def test_the_list_of_common_passwords_holds_only_what_other_rules_let_through() -> None:
    assert all(len(word) >= MIN_CHARS and word == word.casefold() for word in COMMONEST)
