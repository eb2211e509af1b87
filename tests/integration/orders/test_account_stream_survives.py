"""Whatever is killed or cut at random, subscribers receive every private event of their account once, in order.

EXCHANGE_STREAM_SEED chooses other moments, EXCHANGE_STREAM_ROUNDS how many; a seed that failed is in SEEDS for good.
"""

import asyncio
import os
from contextlib import suppress
from random import Random

import grpc
import pytest

from exchange.orders.v1.account_event_pb2 import AccountEvent
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Refusal
from services.orders.account_history import AccountEventStore
from services.orders.model.account_stream import PrivateEvent
from services.runtime import postgres
from tests.integration.orders.parts import Parts
from tests.integration.orders.subscriber import Subscriber, follow
from tests.integration.orders.test_projection import CUT_ALL, Market, database, market
from tests.integration.orders.venue import Orders
from tests.unit.orders.samples import ALICE, BOB

SEEDS = [1, 2]
ROUNDS = 5
PAIRS_A_ROUND = 40


class Restless(Subscriber):
    """A subscriber that hangs up at random, and notes what it received over all its streams."""

    def __init__(self, account: int, epoch: int, random: Random) -> None:
        super().__init__(account)
        self.epoch = epoch
        self._random = random
        self.streams = 0

    async def live(self, orders: Orders) -> None:
        """Follow for ever."""
        while True:
            self.streams += 1
            try:
                async with self.stream(orders) as stream:
                    for _ in range(self._random.randrange(1, 8)):
                        await stream.next()
            except Refusal as refusal:
                await self.refused(refusal)


@pytest.mark.parametrize(
    "seed", [int(os.environ["EXCHANGE_STREAM_SEED"])] if "EXCHANGE_STREAM_SEED" in os.environ else SEEDS
)
async def test_the_union_of_what_was_received_is_the_history(parts: Parts, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seeded test
    async with parts.venue.mesh.channel("edge", parts.orders_port) as channel, market(parts.venue) as trading:
        orders = Orders(parts.venue.mesh, None, channel)
        epoch = (await present(ALICE, orders)).epoch
        restless = [Restless(account, epoch, random) for account in (ALICE, ALICE, BOB)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.live(orders)) for each in restless]
            for _ in range(int(os.environ.get("EXCHANGE_STREAM_ROUNDS", ROUNDS))):
                await disturb(parts, trading, random)
            for task in tasks:
                task.cancel()
        for each in restless:
            await come_to_the_end(each, orders)
    assert sum(each.streams for each in restless) > len(restless)
    for each in restless:
        await assert_is_the_history(each, parts.venue.dsn)


async def disturb(parts: Parts, trading: Market, random: Random) -> None:
    """Let one of the parts be lost while there is trading."""
    lost = random.choice(["engine", "orders", "postgres", "orders"])
    async with asyncio.TaskGroup() as group:
        group.create_task(trade(trading, random.randrange(1, PAIRS_A_ROUND)))
        if lost == "postgres":
            async with database(parts.venue) as tables:
                await tables.execute(CUT_ALL)
        else:
            await parts.kill(lost)
            await parts.start(lost)
    await trade(trading, random.randrange(1, PAIRS_A_ROUND))


async def trade(trading: Market, pairs: int) -> None:
    """Trade once the engine is up; whether what was under way at a kill took effect does not matter here."""
    await trading.channel.channel_ready()
    with suppress(grpc.aio.AioRpcError, AssertionError):
        await trading.trade(pairs)


async def come_to_the_end(subscriber: Subscriber, orders: Orders) -> None:
    """Read up to what the account has come to."""
    await follow(subscriber, orders, (await present(subscriber.account, orders)).seq)


async def present(account: int, orders: Orders) -> Subscriber:
    """Return a subscriber that has a snapshot of now, however long that takes."""
    now = Subscriber(account)
    while not now.seq:
        try:
            async with now.stream(orders, resume=False) as stream:
                await stream.snapshot()
        except Refusal as refusal:
            await now.refused(refusal)
    return now


async def assert_is_the_history(subscriber: Subscriber, dsn: str) -> None:
    assert set(subscriber.refusals) <= {"UNAVAILABLE", "DRAINING"}
    async with postgres.connect(dsn) as pool:
        store = AccountEventStore(pool, lambda _: asyncio.sleep(0))
        kept: list[PrivateEvent] = []
        while len(kept) < subscriber.seq:
            found = await store.after(AccountId(subscriber.account), len(kept), subscriber.seq - len(kept))
            kept += found
    assert [event.account_seq for event in kept] == list(range(1, subscriber.seq + 1))
    assert [place(event) for event in subscriber.events] == [(e.account_seq, e.engine_seq, e.time_ns) for e in kept]


def place(event: AccountEvent) -> tuple[int, int, int]:
    time = event.event_time
    return event.account_seq, EngineSeq(int(event.engine_seq)), time.seconds * 10**9 + time.nanos
