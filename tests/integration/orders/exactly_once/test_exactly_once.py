"""Whatever fails between a request and its answer: repeated with the same id, it acts exactly once.

Each run breaks one thing at one of twenty named points while a client's requests are on their way: calls that enter
orders, or messages of streams that enter, amend and cancel them. Then all of them are sent again until each is
answered, and once more after that. `make exactly-once` does it 2,016 times, `make test` 108 times, at each point with
each kind of client; EXCHANGE_EXACTLY_ONCE_SEED chooses other requests and other turns.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.integration.orders.exactly_once.clients import PATIENT_S, Answers, client_for, until_answered
from tests.integration.orders.exactly_once.plans import SEED, Plan, firsts, plan_of
from tests.integration.orders.exactly_once.points import LATER, TURNS, Point, Turn, broken_at
from tests.integration.orders.exactly_once.results import (
    agree,
    deeds_of,
    entered_by,
    lost,
    require_order,
    require_reasons,
    require_repeat,
)
from tests.integration.orders.exactly_once.sources import PLACED, REFUSED, Deed, History, deeds, state_of
from tests.integration.orders.exactly_once.world import World, client_of, world_of
from tests.unit.engine.journal_tool import journal_tool
from tests.unit.orders.samples import ALICE, BOB, BTC, KK99

_log = logging.getLogger(__name__)

RUNS = int(os.environ.get("EXCHANGE_EXACTLY_ONCE_RUNS", "108"))
FEES = 0
FUNDED = {KK99.asset_id: 2 * 10**12, BTC.asset_id: 2 * 10**11}
NEW, REPEATED, LOST = "new", "repeated", "lost with the session"


async def test_what_is_repeated_acts_exactly_once(tmp_path: Path, postgres: str, redis_url: str) -> None:
    turns = [turn for _ in range(RUNS // len(TURNS)) for turn in TURNS]
    random.Random(SEED).shuffle(turns)  # noqa: S311 - the same turns each time
    came_out: dict[Turn, Counter[str]] = {turn: Counter() for turn in TURNS}
    asked: Counter[Deed] = Counter()
    async with world_of(tmp_path, postgres, redis_url) as world:
        for number, (point, kind) in enumerate(turns):
            _log.info("run %d: %s, %s", number, point.name, kind.name)
            came_out[point, kind] += await run(world, plan_of(number, point, kind), asked)
        _log.info("seed %d, %d runs: %s", SEED, len(turns), came_out)
        await agree_at_the_end(world, asked)
        world.engine.kill()
    verified = await asyncio.to_thread(journal_tool, "verify", str(tmp_path / "engine"))
    assert (verified.returncode, verified.stderr) == (0, "")
    reached(came_out)


async def run(world: World, plan: Plan, asked: Counter[Deed]) -> Counter[str]:
    """Break, heal, send again until answered, and once more; return how the items of the run came out."""
    early = await send_and_break(world, plan)
    await world.heal()
    async with client_of(world) as channel:
        client, history = client_for(plan, world, channel), History(world, channel)
        if plan.loses_orders:
            async with asyncio.timeout(PATIENT_S):
                for account in (ALICE, BOB):
                    await history.until_none_open(account, plan.session["session_id"])
        answers = await until_answered(client, plan.requests)
        again = await until_answered(client, plan.requests)
        await client.leave()
        async with asyncio.timeout(PATIENT_S):
            await history.catch_up(ALICE)
        came_out = Counter(REPEATED if each.replayed else NEW for told in answers.values() for each in told.results)
        for account in (ALICE, BOB):
            names = entered_by(plan, account)
            newest = await history.newest(account, len(names)) if names else ()
            agree(plan, answers, account, newest)
            came_out[LOST] += len(lost(plan, answers, newest))
    require_reasons(plan, answers)
    for each in (*early.values(), *answers.values()):
        require_order(each)
    for number, answer in again.items():
        require_repeat(answer, answers[number])
    for number, answer in early.items():
        require_repeat(answers[number], answer)
    asked += deeds_of(plan, answers)
    return came_out


async def send_and_break(world: World, plan: Plan) -> Answers:
    """Send all while it breaks; return the answers that came all the same."""
    async with client_of(world) as channel:
        client = client_for(plan, world, channel)
        if plan.point is not Point.SESSION_UNANSWERED:
            await client.ready()
        first, rest = (firsts(plan) if plan.point in LATER else []), plan.requests
        if first:
            await client.send(first)
            rest = [each for each in rest if each not in first]
        broken = broken_at(plan.point, plan.kind, world)
        if broken is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(plan.patience_s):
                    await client.send(rest)
            return client.answers
        link, fault = broken
        link.set(fault)
        async with asyncio.timeout(PATIENT_S), asyncio.TaskGroup() as group:
            group.create_task(client.send(rest))
            await fault.happened.wait()
            if fault.hangs:
                await channel.close()
        return client.answers


async def agree_at_the_end(world: World, asked: Counter[Deed]) -> None:
    """Require that the event log, the history, the books and the balances agree with all answers."""
    assert await deeds(world) == asked
    async with client_of(world) as channel:
        history = History(world, channel)
        await history.catch_up(ALICE)
        for account in (ALICE, BOB):
            entered = [deed.name for deed in asked if deed.account == account and deed.what in (PLACED, REFUSED)]
            assert Counter(order.client_order_id for order in await history.all(account)) == Counter(entered)
            still_open = {(int(each.order_id), each.version) for each in await history.all(account, open_only=True)}
            books = (await state_of(world, account)).open_orders
            assert {(each.order_id, each.version) for each in books} == still_open
    held: Counter[int] = Counter()
    for owner in (FEES, ALICE, BOB):
        for balance in (await state_of(world, owner)).balances:
            held[balance.asset_id] += balance.available + balance.held
    assert held == FUNDED


def reached(came_out: dict[Turn, Counter[str]]) -> None:
    """A request that was lost before the engine is new when it comes again; one whose answer was lost is not."""
    for (point, kind), outcomes in came_out.items():
        if point in AFTER:
            assert outcomes[REPEATED] > 0, (point, kind)
        elif point in BEFORE:
            assert outcomes[NEW] > 0, (point, kind)
    assert sum(outcomes[LOST] for outcomes in came_out.values()) > 0


BEFORE = {
    Point.REQUEST_LOST,
    Point.COMMAND_LOST,
    Point.SESSION_UNANSWERED,
    Point.MESSAGE_HALVED,
    Point.LATER_MESSAGE_LOST,
}
AFTER = {
    Point.RESULT_LOST,
    Point.ANSWER_LOST,
    Point.ANSWER_HANGS,
    Point.ANSWER_LOST_AT_LAST,
    Point.ENGINE_KILLED_WITH_RESULT,
    Point.GATEWAY_KILLED_WITH_RESULT,
    Point.GATEWAY_KILLED_WITH_LATER_RESULT,
}
