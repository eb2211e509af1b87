"""Sub-accounts on real servers: made once, opened whatever is killed, and acted for by whoever may."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exchange.auth.v1 import auth_service_pb2 as pb
from services.kernel.firm import subaccount
from services.kernel.ids import AccountId
from tests.integration.auth.site import EMAIL, PASSWORD, Client, Site, bearer, reason
from tests.integration.auth.test_process import LIMIT_S, auth_process, listening

FIRM = AccountId(1001)
OTHER = "bob@example.com"


@asynccontextmanager
async def first_trader(site: Site, process: Process) -> AsyncIterator[tuple[Client, str]]:
    """Register with a process that has just been started; give the client and its token."""
    async with asyncio.timeout(LIMIT_S):
        port = await listening(process, [])
    async with site.mesh.channel("edge", port) as channel:
        client = Client.on(channel, port)
        await client.register()
        yield client, (await client.login()).access_token


async def create(client: Client, token: str, request_id: str = "first", label: str = "Desk 1") -> str:
    request = pb.CreateSubaccountRequest(request_id=request_id, label=label)
    answer: pb.CreateSubaccountResponse = await client.stub.CreateSubaccount(request, metadata=bearer(token))
    assert answer.subaccount.label == label
    return answer.subaccount.account_id


async def listed(client: Client, token: str, page_size: int = 0) -> list[str]:
    found: list[str] = []
    request = pb.ListSubaccountsRequest(page_size=page_size)
    while True:
        page: pb.ListSubaccountsResponse = await client.stub.ListSubaccounts(request, metadata=bearer(token))
        found += [each.account_id for each in page.subaccounts]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def log_in_for(client: Client, account_id: str, email: str = EMAIL) -> pb.LoginResponse:
    request = pb.LoginRequest(email=email, password=PASSWORD, account_id=account_id)
    answer: pb.LoginResponse = await client.stub.Login(request)
    return answer


async def test_a_firm_makes_sub_accounts_lists_them_and_acts_for_one(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        token = (await client.login()).access_token
        made = [await create(client, token, str(n), f"Desk {n}") for n in range(3)]
        assert made == [str(subaccount(FIRM, n)) for n in (1, 2, 3)]
        assert await create(client, token, "1", "Desk 1") == made[1]
        assert await reason(create(client, token, "1", "Desk 2")) == "REQUEST_ID_REUSED"
        assert await listed(client, token, page_size=2) == made
        opened = {number: (o.self_trade_group_id, o.taker_fee_ppm) for number, o in site.engine.accounts.items()}
        assert opened == dict.fromkeys((FIRM, *map(int, made)), (FIRM, 1_000))
        desk = await log_in_for(client, made[1])
        assert (desk.tokens.account_id, desk.user.account_id) == (made[1], str(FIRM))
        me = await client.me((await client.refresh(desk.tokens.refresh_token)).access_token)
        assert (me.token_account_id, me.user.account_id) == (made[1], str(FIRM))
        for call in (create(client, desk.tokens.access_token, "more"), listed(client, desk.tokens.access_token)):
            assert await reason(call) == "SCOPE_MISSING"


async def test_another_firm_s_account_and_none_at_all_look_alike(site: Site) -> None:
    async with site.up() as client:
        for email in (EMAIL, OTHER):
            await client.register(email)
        hers = await create(client, (await client.login()).access_token)
        for account_id in (str(FIRM), hers, str(subaccount(FIRM, 2)), "9999999999999999"):
            assert await reason(log_in_for(client, account_id, OTHER)) == "ACCOUNT_NOT_FOUND"
        assert await reason(log_in_for(client, "007")) == "INVALID_FIELD"
        assert await reason(client.login(scopes=["subaccounts:admin"])) == "SCOPE_NOT_GRANTED"


async def test_a_drop_copy_token_does_nothing_here(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        narrow = (await client.login(scopes=["drop_copy:read"])).access_token
        for call in (create(client, narrow), listed(client, narrow), client.me(narrow)):
            assert await reason(call) == "SCOPE_MISSING"


async def test_requests_side_by_side_make_one_each(site: Site) -> None:
    async with site.up() as client:
        await client.register()
        token = (await client.login()).access_token
        made = await asyncio.gather(*(create(client, token, str(n % 4)) for n in range(12)))
        assert (
            sorted(set(made)) == sorted(await listed(client, token)) == [str(subaccount(FIRM, n)) for n in range(1, 5)]
        )


async def test_a_sub_account_is_opened_though_its_process_was_killed_before_the_engine_came(site: Site) -> None:
    async with auth_process(site.environment()) as process:
        async with first_trader(site, process) as (client, token):
            made = await create(client, token)
        process.kill()
        await process.wait()
    assert site.engine.accounts == {}
    async with site.up() as client:
        async with asyncio.timeout(LIMIT_S):
            await site.engine.opened(int(made))
        assert list(site.engine.accounts) == [FIRM, int(made)]
        assert await create(client, token) == made
