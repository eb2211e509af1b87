"""Whatever is killed or cut at random, drop copies tell every private event of all accounts of the firm once, in order.

EXCHANGE_STREAM_SEED chooses other moments, EXCHANGE_STREAM_ROUNDS how many; a seed that failed is in SEEDS for good.
"""

import asyncio
import os
from contextlib import suppress
from random import Random

import grpc
import pytest

from exchange.engine.v1.command_pb2 import Command
from exchange.engine.v1.engine_service_pb2 import SubmitRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.kernel.clock import SystemClock
from services.kernel.firm import subaccount
from services.kernel.ids import AccountId, ClientOrderId
from services.kernel.refusal import Refusal
from services.orders.convert.commands import place_command
from services.orders.model.words import Side
from services.orders.usecases.translate import translate
from tests.contract.orders.engines import operator
from tests.integration.orders.firm import FIRM, FirmSubscriber, Funds
from tests.integration.orders.parts import Parts
from tests.integration.orders.test_account_stream_survives import assert_is_the_history, present
from tests.integration.orders.test_projection import CUT_ALL, database
from tests.integration.orders.venue import Orders
from tests.unit.orders.samples import BOB, INSTRUMENT, draft

SEEDS = [3]
ROUNDS = 4
SUBACCOUNTS = 3
PAIRS_A_ROUND = 40


class Traders:
    """The firm's accounts, each of which buys what Bob sells; one more of them each round."""

    def __init__(self, channel: grpc.aio.Channel, random: Random) -> None:
        self.channel = channel
        self.accounts = [FIRM]
        self._random = random
        self._placed = 0

    async def trade(self, pairs: int) -> None:
        """Trade once the engine is up; whether what was under way at a kill took effect does not matter here."""
        await self.channel.channel_ready()
        commands: list[Command] = []
        for _ in range(pairs):
            commands += [self._order(BOB, Side.SELL), self._order(self._random.choice(self.accounts), Side.BUY)]
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            stream = EngineServiceStub(self.channel).Submit()
            await stream.write(SubmitRequest(commands=commands))
            await stream.read()
            stream.cancel()

    def _order(self, account: AccountId, side: Side) -> Command:
        self._placed += 1
        client_order_id = ClientOrderId(f"m{self._placed}")
        written = draft(account_id=account, side=side, quantity="0.2", client_order_id=client_order_id)
        return place_command(translate(written, INSTRUMENT, SystemClock().now_ns()))


class Restless(FirmSubscriber):
    """A subscriber that hangs up at random, and notes what it received over all its streams."""

    def __init__(self, epoch: int, random: Random) -> None:
        super().__init__()
        self.epoch = epoch
        self.streams = 0
        self._random = random

    async def live(self, orders: Orders) -> None:
        """Follow for ever."""
        while True:
            self.streams += 1
            try:
                async with self.stream(orders) as stream:
                    for _ in range(self._random.randrange(1, 12)):
                        await stream.next()
            except Refusal as refusal:
                await self.refused(refusal)

    async def come_to(self, orders: Orders, ends: dict[AccountId, int]) -> None:
        """Read up to the end of each account."""
        while any(self.seq(account) < end for account, end in ends.items()):
            try:
                async with self.stream(orders) as stream:
                    while any(self.seq(account) < end for account, end in ends.items()):
                        await stream.next()
            except Refusal as refusal:
                await self.refused(refusal)


@pytest.mark.parametrize(
    "seed", [int(os.environ["EXCHANGE_STREAM_SEED"])] if "EXCHANGE_STREAM_SEED" in os.environ else SEEDS
)
async def test_the_union_of_what_was_received_is_the_history_of_every_account(parts: Parts, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seeded test
    venue = parts.venue
    async with (
        venue.mesh.channel("edge", parts.orders_port) as channel,
        venue.mesh.channel("orders", venue.engine_port) as trading,
        operator(venue.mesh, venue.engine_port) as opening,
    ):
        orders, traders, funds = Orders(venue.mesh, None, channel), Traders(trading, random), Funds(opening)
        epoch = (await present(FIRM, orders)).epoch
        restless = [Restless(epoch, random) for _ in range(3)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.live(orders)) for each in restless]
            for number in range(1, int(os.environ.get("EXCHANGE_STREAM_ROUNDS", ROUNDS)) + 1):
                if number <= SUBACCOUNTS:
                    traders.accounts.append(subaccount(FIRM, number))
                    await funds.open(traders.accounts[-1])
                await disturb(parts, traders, random)
            for task in tasks:
                task.cancel()
        ends = {account: (await present(account, orders)).seq for account in traders.accounts}
        for each in restless:
            await each.come_to(orders, ends)
    assert sum(each.streams for each in restless) > len(restless)
    for each in restless:
        assert set(each.refusals) <= {"UNAVAILABLE", "DRAINING"}
        assert set(each.accounts) == set(traders.accounts)
        for account in each.accounts.values():
            await assert_is_the_history(account, venue.dsn)


async def disturb(parts: Parts, traders: Traders, random: Random) -> None:
    """Let one of the parts be lost while there is trading."""
    lost = random.choice(["engine", "orders", "postgres", "orders"])
    async with asyncio.TaskGroup() as group:
        group.create_task(traders.trade(random.randrange(1, PAIRS_A_ROUND)))
        if lost == "postgres":
            async with database(parts.venue) as tables:
                await tables.execute(CUT_ALL)
        else:
            await parts.kill(lost)
            await parts.start(lost)
    await traders.trade(random.randrange(1, PAIRS_A_ROUND))
