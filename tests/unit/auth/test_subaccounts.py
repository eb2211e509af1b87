"""Sub-accounts: made once, numbered without a gap, opened in the firm's self-trade group, and who may act for one."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import pytest

from services.auth.errors import AccountNotFound, RequestIdReused, ScopeNotGranted, TooManySubaccounts, UserGone
from services.auth.model import DEFAULT_SCOPES, FIRM_SCOPES, SubaccountCreated
from services.auth.usecases.list_subaccounts import SubaccountQuery
from services.kernel.firm import MAX_SUBACCOUNTS, firm_of, subaccount
from services.kernel.ids import AccountId, UserId
from services.kernel.page import InvalidPageToken
from services.runtime.tokens import TokenVerifier
from tests.unit.auth.world import World

OTHER = "bob@example.com"


async def published(world: World) -> Mapping[str, bytes]:
    return {key.key_id: key.public_key for key in await world.signer.verification_keys()}


def test_an_account_s_number_tells_its_firm() -> None:
    firm = AccountId(1001)
    numbers = [subaccount(firm, number) for number in range(MAX_SUBACCOUNTS + 1)]
    assert numbers[0] == firm
    assert len(set(numbers)) == MAX_SUBACCOUNTS + 1
    assert numbers == sorted(numbers)
    assert {firm_of(number) for number in numbers} == {firm}
    assert max(numbers) < 1 << 47
    assert firm_of(subaccount(AccountId(1002), 7)) == 1002


async def test_it_is_opened_in_the_self_trade_group_of_the_firm_and_told(world: World) -> None:
    user = await world.register()
    made = [await world.create_subaccount(user.user_id, request) for request in ("first", "second")]
    assert [each.account_id for each in made] == [subaccount(user.account_id, n) for n in (1, 2)]
    assert [(o.account_id, o.self_trade_group_id) for o in world.store.openings] == [
        (user.account_id, user.account_id),
        *((each.account_id, user.account_id) for each in made),
    ]
    assert len({(o.taker_fee_ppm, o.maker_fee_ppm) for o in world.store.openings}) == 1
    told = [(e.account_id, e.what) for e in world.store.events if isinstance(e.what, SubaccountCreated)]
    assert told == [(user.account_id, SubaccountCreated(each.account_id)) for each in made]


async def test_the_same_request_makes_one(world: World) -> None:
    user = await world.register()
    answers = await asyncio.gather(*(world.create_subaccount(user.user_id) for _ in range(5)))
    assert len(set(answers)) == 1
    assert len(world.store.openings) == 2
    with pytest.raises(RequestIdReused):
        await world.create_subaccount(user.user_id, label="Desk 2")
    assert len(world.store.openings) == 2


async def test_two_firms_may_use_the_same_request(world: World) -> None:
    ada, bob = await world.register(), await world.register(OTHER)
    first, second = [await world.create_subaccount(each.user_id) for each in (ada, bob)]
    assert (firm_of(first.account_id), firm_of(second.account_id)) == (ada.account_id, bob.account_id)


async def test_the_engine_may_be_down(world: World) -> None:
    user = await world.register()
    world.openings.engine_is_up = False
    made = await world.create_subaccount(user.user_id)
    assert world.store.openings[-1].account_id == made.account_id


async def test_there_are_only_so_many_and_a_repeated_request_is_answered_all_the_same(world: World) -> None:
    user = await world.register()
    made = [await world.create_subaccount(user.user_id, str(n)) for n in range(MAX_SUBACCOUNTS)]
    with pytest.raises(TooManySubaccounts) as refused:
        await world.create_subaccount(user.user_id, "one more")
    assert refused.value.metadata == {"limit": str(MAX_SUBACCOUNTS)}
    assert await world.create_subaccount(user.user_id, "7") == made[7]


async def test_nobody_makes_one_for_a_user_that_is_gone(world: World) -> None:
    user = await world.register()
    with pytest.raises(UserGone):
        await world.create_subaccount(UserId(UUID(int=7)))
    assert [o.account_id for o in world.store.openings] == [user.account_id]


async def test_pages_hold_all_of_one_firm_in_order(world: World) -> None:
    ada, bob = await world.register(), await world.register(OTHER)
    made = [await world.create_subaccount(ada.user_id, str(n)) for n in range(5)]
    await world.create_subaccount(bob.user_id)
    told, token, pages = [], "", 0
    while pages == 0 or token:
        page = await world.list_subaccounts(SubaccountQuery(ada.user_id, 2, token))
        told += page.subaccounts
        token, pages = page.next_page_token, pages + 1
    assert (told, pages) == (made, 3)
    page = await world.list_subaccounts(SubaccountQuery(ada.user_id, 2, ""))
    with pytest.raises(InvalidPageToken):
        await world.list_subaccounts(SubaccountQuery(bob.user_id, 2, page.next_page_token))


async def test_a_session_acts_for_the_account_that_it_was_begun_for_and_so_does_what_it_is_refreshed_to(
    world: World,
) -> None:
    user = await world.register()
    made = await world.create_subaccount(user.user_id)
    verifier = TokenVerifier(world.clock, lambda: published(world))
    _, own = await world.login()
    assert (await verifier.verify(own.access_token)).account_id == own.account_id == user.account_id
    _, pair = await world.login(account=made.account_id)
    for tokens in (pair, await world.refresh(pair.refresh_token)):
        caller = await verifier.verify(tokens.access_token)
        assert (caller.account_id, caller.user_id) == (made.account_id, user.user_id)
        assert tokens.account_id == made.account_id
    assert (await world.login(account=user.account_id))[1].account_id == user.account_id


async def test_a_session_of_a_sub_account_gets_nothing_that_concerns_the_firm(world: World) -> None:
    user = await world.register()
    made = await world.create_subaccount(user.user_id)
    _, pair = await world.login(account=made.account_id)
    assert set(pair.scopes) == set(DEFAULT_SCOPES) - FIRM_SCOPES
    for scope in FIRM_SCOPES:
        with pytest.raises(ScopeNotGranted):
            await world.login(account=made.account_id, scopes=("orders:read", scope))


async def test_an_account_of_another_firm_and_one_that_nobody_has_look_alike(world: World) -> None:
    ada, bob = await world.register(), await world.register(OTHER)
    hers = await world.create_subaccount(ada.user_id)
    nobodys = (subaccount(ada.account_id, 2), subaccount(bob.account_id, 1), AccountId(9_999), AccountId(10**15))
    messages = set()
    for account_id in (ada.account_id, hers.account_id, *nobodys):
        with pytest.raises(AccountNotFound) as refused:
            await world.login(OTHER, account=account_id)
        assert refused.value.metadata == {"account_id": str(account_id)}
        messages.add(refused.value.message.replace(str(account_id), "N"))
    assert len(messages) == 1
