"""Auth over mutual TLS, with PostgreSQL, Redis and OpenBao."""

import asyncio
from collections.abc import Awaitable
from uuid import UUID

import grpc
import pytest
from google.protobuf import json_format

from exchange.auth.v1 import auth_service_pb2 as pb
from services.auth.model import DEFAULT_SCOPES
from services.kernel.clock import SystemClock
from services.kernel.ids import AccountId, UserId
from services.kernel.refusal import InvalidField
from services.runtime.refusals import refusal_of
from services.runtime.tokens import TokenVerifier, keys_of_auth
from stack.launcher import Stack
from tests.integration.auth.site import EMAIL, PASSWORD, Client, Site, reason, refusal

ALL_SCOPES = list(DEFAULT_SCOPES)


async def test_register_login_and_ask_who_one_is(site: Site) -> None:
    async with site.up() as client:
        user = await client.register("Ada@Example.com")
        assert (user.email, user.account_id, list(user.scopes)) == (EMAIL, "1001", ALL_SCOPES)
        assert UUID(user.user_id).version == 7
        opened = [(number, o.taker_fee_ppm, o.maker_fee_ppm) for number, o in site.engine.accounts.items()]
        assert opened == [(1001, 1_000, 500)]
        pair = await client.login("ADA@example.com")
        assert list(pair.scopes) == ALL_SCOPES
        me = await client.me(pair.access_token)
        assert (me.user, list(me.token_scopes)) == (user, ALL_SCOPES)
        assert await reason(client.register("aDa@example.com")) == "EMAIL_TAKEN"


async def test_a_narrow_token_does_no_more_than_it_says(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        narrow = await client.login(scopes=["orders:read"])
        assert list(narrow.scopes) == ["orders:read"]
        missing = await refusal(client.me(narrow.access_token))
        assert (missing.reason, missing.metadata) == ("SCOPE_MISSING", {"scope": "account:read"})
        greedy = await refusal(client.login(scopes=["orders:read", "risk:write"]))
        assert (greedy.reason, greedy.metadata) == ("SCOPE_NOT_GRANTED", {"scope": "risk:write"})


async def test_wrong_passwords_are_refused_then_throttled(site: Site) -> None:
    async with site.up(login_failures=2) as client:
        await client.register()
        for email in (EMAIL, EMAIL, "nobody@example.com", "nobody@example.com", "nul\x00@example.com"):
            assert await reason(client.login(email, "wrong")) == "INVALID_CREDENTIALS"
        for email in (EMAIL, "nobody@example.com"):
            throttled = await refusal(client.login(email))
            assert throttled.reason == "LOGIN_THROTTLED"
            assert throttled.retry_after_ms is not None
            assert 0 < throttled.retry_after_ms <= 900_000


async def test_refresh_tokens_rotate_and_a_second_use_ends_the_session(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        first = await client.login(scopes=["account:read"])
        second = await client.refresh(first.refresh_token)
        assert list(second.scopes) == ["account:read"]
        await client.me(second.access_token)
        assert await reason(client.refresh(first.refresh_token)) == "REFRESH_TOKEN_REUSED"
        assert await reason(client.refresh(second.refresh_token)) == "REFRESH_TOKEN_INVALID"
        assert await reason(client.refresh(first.refresh_token)) == "REFRESH_TOKEN_INVALID"
        for pair in (first, second):
            assert await reason(client.me(pair.access_token)) == "SESSION_REVOKED"


async def test_a_refresh_token_used_by_many_at_once_works_once(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        token = (await client.login()).refresh_token
        answers = await asyncio.gather(*(client.refresh(token) for _ in range(8)), return_exceptions=True)
        refused = [refusal_of(answer).reason for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
        assert sorted(refused) == ["REFRESH_TOKEN_INVALID"] * 6 + ["REFRESH_TOKEN_REUSED"]


async def test_a_logout_ends_its_session_only(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        ended, other = await client.login(), await client.login()
        await client.logout(ended.access_token)
        assert await reason(client.me(ended.access_token)) == "SESSION_REVOKED"
        assert await reason(client.refresh(ended.refresh_token)) == "REFRESH_TOKEN_INVALID"
        await client.me(other.access_token)


async def test_the_narrowest_token_ends_its_own_session_and_nothing_less_than_a_token_does(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        narrow, other = await client.login(scopes=["orders:read"]), await client.login()
        assert await reason(client.logout("")) == "UNAUTHENTICATED"
        await client.logout(narrow.access_token)
        assert await reason(client.logout(narrow.access_token)) == "SESSION_REVOKED"
        await client.me(other.access_token)


async def test_a_session_outlives_a_restart(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        pair = await client.login()
    async with site.up() as client:
        await client.me(pair.access_token)
        await client.refresh(pair.refresh_token)


async def test_other_services_verify_tokens_by_the_published_keys(site: Site) -> None:
    async with site.up() as client:
        user = await client.register()
        pair = await client.login()
        caller = await TokenVerifier(SystemClock(), keys_of_auth(client.channel)).verify(pair.access_token)
        assert caller.user_id == UserId(UUID(user.user_id))
        assert (caller.account_id, caller.scopes) == (AccountId(1001), frozenset(ALL_SCOPES))
        [key, *_] = json_format.MessageToDict(await client.jwks())["keys"]
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
        assert (key["kid"], len(key["x"])) == ("jwt-v1", 43)


async def test_bad_input_is_refused_by_name(site: Site) -> None:
    async with site.up() as client:
        cases = {
            "email": client.register("not an address"),
            "password": client.register(password="short"),
            "scopes[0]": client.login(scopes=["Orders:Write"]),
            "refresh_token": client.refresh("x" * 257),
        }
        for field, call in cases.items():
            refused = await refusal(call)
            assert isinstance(refused, InvalidField)
            assert [violation.field for violation in refused.violations] == [field]
        assert await reason(client.register(password="passwordpassword")) == "WEAK_PASSWORD"
        assert await reason(client.refresh("unknown")) == "REFRESH_TOKEN_INVALID"
        assert await reason(client.me("forged")) == "UNAUTHENTICATED"
        assert await reason(client.stub.GetCurrentUser(pb.GetCurrentUserRequest())) == "UNAUTHENTICATED"


async def accepted(call: Awaitable[object]) -> bool:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error).reason != "SESSION_REVOKED"
    return True


async def test_redis_may_be_lost(site: Site, stack: Stack) -> None:
    async with site.up(login_failures=2) as client:
        await client.register()
        before = await client.login()
        stack.kill("redis")
        try:
            await client.me(before.access_token)
            pair = await client.login()
            renewed = await client.refresh(pair.refresh_token)
            await client.logout(renewed.access_token)
            await client.me(renewed.access_token)
            for _ in range(2):
                assert await reason(client.login(password="wrong")) == "INVALID_CREDENTIALS"
            assert await reason(client.login()) == "LOGIN_THROTTLED"
        finally:
            stack.restart("redis")
        async with asyncio.timeout(30):
            while await accepted(client.me(renewed.access_token)):
                pass
        await client.me(before.access_token)
        await client.login()


async def test_an_account_is_opened_when_the_engine_is_back(site: Site) -> None:
    async with site.auth_up() as client:
        early = await client.register()
        assert not site.engine.accounts
        await client.login()
        async with site.engine_up(), asyncio.timeout(30):
            late = await client.register("bob@example.com", PASSWORD)
            await site.engine.opened(int(late.account_id))
        assert sorted(site.engine.accounts) == [int(early.account_id), int(late.account_id)]


async def test_an_account_is_opened_by_the_next_process(site: Site) -> None:
    async with site.auth_up() as client:
        user = await client.register()
    async with site.engine_up(), site.auth_up(), asyncio.timeout(30):
        await site.engine.opened(int(user.account_id))


async def test_a_conflict_does_not_hold_up_other_accounts(site: Site) -> None:
    site.engine.occupy(1001)
    async with site.up() as client:
        await client.register()
        bob = await client.register("bob@example.com")
        assert int(bob.account_id) in site.engine.accounts


async def test_every_call_shows_a_certificate(site: Site) -> None:
    async with site.up() as client:
        target = f"127.0.0.1:{client.port}"
        async with grpc.aio.insecure_channel(target) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await Client.on(channel, client.port).jwks()
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        async with site.mesh.channel("stranger", client.port) as channel:
            assert await reason(Client.on(channel, client.port).jwks()) == "CALLER_NOT_ALLOWED"


async def test_postgres_may_be_lost_for_a_while(site: Site, stack: Stack) -> None:
    async with asyncio.timeout(60), site.up() as client:
        await client.register()
        pair = await client.login()
        stack.kill("postgres")
        try:
            assert await reason(client.login()) == "UNAVAILABLE"
            assert await reason(client.register("bob@example.com")) == "UNAVAILABLE"
            assert await reason(client.refresh(pair.refresh_token)) == "UNAVAILABLE"
            assert await reason(client.me(pair.access_token)) == "UNAVAILABLE"
            assert (await client.jwks()).keys
        finally:
            stack.restart("postgres")
        await client.refresh(pair.refresh_token)


async def test_the_vault_may_be_lost_for_a_while(site: Site, stack: Stack) -> None:
    async with site.up() as client:
        await client.register()
        pair = await client.login()
        stack.kill("openbao")
        try:
            assert await reason(client.login()) == "UNAVAILABLE"
            assert await reason(client.refresh(pair.refresh_token)) == "UNAVAILABLE"
            await client.me(pair.access_token)
            assert (await client.jwks()).keys
        finally:
            stack.restart("openbao")
        await client.refresh(pair.refresh_token)
