"""The history holds each event of the engine exactly once, however its writer stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import astuple
from datetime import timedelta

import asyncpg
import grpc

from exchange.engine.v1.command_pb2 import Command
from exchange.engine.v1.engine_service_pb2 import EventsRequest, SubmitRequest, SubmitResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from services.kernel.clock import SystemClock
from services.kernel.ids import AccountId, ClientOrderId
from services.orders.convert.commands import place_command
from services.orders.model.words import Side
from services.orders.usecases.translate import translate
from services.runtime.engine_stream import events_of
from stack.launcher import Stack
from tests.fakes.history_reading import Changes, changes_of
from tests.integration.orders.venue import PATIENCE_S, Venue, process, refused
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, draft

Connection = asyncpg.Connection

HOLDS_UP = "LOCK TABLE account_fill IN ACCESS EXCLUSIVE MODE"
HELD_UP = "SELECT pid FROM pg_locks WHERE relation = 'account_fill'::regclass AND NOT granted"


CUT_ALL = """
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""


class Market:
    """Trades behind the service's back, and what the engine's event log says of them."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self._placed = 0

    async def trade(self, pairs: int) -> None:
        """Let Bob sell 0.3 and Alice buy 0.2, `pairs` times: what Bob sells too much stays open."""
        commands: list[Command] = []
        for _ in range(pairs):
            commands += [self._order(BOB, Side.SELL, "0.3"), self._order(ALICE, Side.BUY, "0.2")]
        stream = EngineServiceStub(self.channel).Submit()
        await stream.write(SubmitRequest(commands=commands))
        answer = await stream.read()
        assert isinstance(answer, SubmitResponse)
        assert len(answer.results) == 2 * pairs
        assert not any(result.reason for result in answer.results)
        stream.cancel()

    async def told(self) -> tuple[Changes, int]:
        """Read the whole log: what it changes, and the last command."""
        blocks = []
        events = events_of(self.channel)(EventsRequest(after=Position()))
        async with asyncio.timeout(PATIENCE_S), aclosing(events) as log:
            async for response in log:
                blocks += response.blocks
                if blocks and blocks[-1].engine_seq == response.durable_seq:
                    break
        return changes_of(response.shard, response.epoch, blocks), blocks[-1].engine_seq

    def _order(self, account: AccountId, side: Side, quantity: str) -> Command:
        self._placed += 1
        client_order_id = ClientOrderId(f"m{self._placed}")
        written = draft(account_id=account, side=side, quantity=quantity, client_order_id=client_order_id)
        return place_command(translate(written, INSTRUMENT, SystemClock().now_ns()))


@asynccontextmanager
async def market(venue: Venue) -> AsyncIterator[Market]:
    async with venue.mesh.channel("orders", venue.engine_port) as channel:
        yield Market(channel)


@asynccontextmanager
async def database(venue: Venue) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(venue.dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def until(database: Connection, sql: str, *arguments: object) -> None:
    """Ask again and again until the query finds something."""
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval(sql, *arguments) is None:
            pass


async def until_written(database: Connection, engine_seq: int) -> None:
    await until(database, "SELECT engine_seq FROM consumer_position WHERE engine_seq >= $1", engine_seq)


async def assert_written_once(database: Connection, changes: Changes) -> None:
    orders = await database.fetch("SELECT order_id, version, cum_quantity, status FROM account_order ORDER BY order_id")
    expected = sorted((o.order_id, o.version, o.cum_quantity, o.status) for o in changes.orders)
    assert [tuple(row) for row in orders] == expected
    fills = await database.fetch(
        "SELECT order_id, trade_id, quantity, fee, shard, epoch, engine_seq, event_index FROM account_fill"
    )
    told = [
        (each.order_id, each.fill.trade_id, each.fill.quantity, each.fill.fee, *astuple(each.event))
        for each in changes.fills
    ]
    assert sorted(tuple(row) for row in fills) == sorted(told)


async def test_a_projection_that_restarts_goes_on_where_it_stopped(venue: Venue) -> None:
    async with market(venue) as trading, database(venue) as tables:
        for _ in range(3):
            await trading.trade(200)
            async with venue.orders():
                await trading.trade(200)
                changes, last = await trading.told()
                await until_written(tables, last)
        await assert_written_once(tables, changes)


async def test_two_replicas_write_one_history(venue: Venue) -> None:
    async with market(venue) as trading, database(venue) as tables:
        async with venue.orders() as first, venue.orders() as second:
            placed = await first.place()
            await trading.trade(200)
            assert (await second.get(client_order_id="one")).order.order_id == placed.order.order_id
            changes, last = await trading.told()
            await until_written(tables, last)
        await assert_written_once(tables, changes)


async def test_a_read_waits_for_the_history_and_says_when_it_is_behind(venue: Venue) -> None:
    async with database(venue) as obstacle, venue.orders(history_wait=timedelta(seconds=1)) as orders:
        async with obstacle.transaction():
            await obstacle.execute("LOCK TABLE consumer_position IN ACCESS EXCLUSIVE MODE")
            placed = await orders.place()
            async with refused() as refusals:
                await orders.get(order_id=placed.order.order_id)
            assert refusals[0].reason == "UNAVAILABLE"
            waiting = asyncio.ensure_future(orders.get(order_id=placed.order.order_id))
        assert (await waiting).order == placed.order


async def test_a_writer_killed_in_the_middle_of_a_write_leaves_nothing_and_loses_nothing(venue: Venue) -> None:
    async with market(venue) as trading, database(venue) as tables, database(venue) as obstacle:
        await trading.trade(200)
        first, reached = await trading.told()
        async with process("orders", venue.settings) as writer:
            await until_written(tables, reached)
            async with obstacle.transaction():
                await obstacle.execute(HOLDS_UP)
                await trading.trade(200)
                await until(tables, HELD_UP)  # its orders are written, its fills wait, nothing is committed
                writer.kill()
                await writer.wait()
        await assert_written_once(tables, first)
        async with process("orders", venue.settings):
            changes, last = await trading.told()
            await until_written(tables, last)
        await assert_written_once(tables, changes)


async def test_a_lost_store_stops_nothing_and_is_caught_up_with(venue: Venue) -> None:
    async with market(venue) as trading, database(venue) as tables, venue.orders() as orders:
        await orders.place()
        await tables.execute(CUT_ALL)
        await trading.trade(50)
        changes, last = await trading.told()
        await until_written(tables, last)
        await assert_written_once(tables, changes)


async def test_a_database_killed_under_the_writer_is_caught_up_with_once_it_is_back(venue: Venue, stack: Stack) -> None:
    async with market(venue) as trading, venue.orders() as orders:
        await trading.trade(300)
        stack.kill("postgres")
        await trading.trade(300)
        placed = await orders.place()
        stack.restart("postgres")
        await trading.trade(50)
        changes, last = await trading.told()
        async with database(venue) as tables:
            await until_written(tables, last)
            await assert_written_once(tables, changes)
        assert (await orders.get(client_order_id="one")).order.order_id == placed.order.order_id
