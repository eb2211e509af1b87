"""How the mirror keeps up: over cut streams, lost blocks, forgotten positions, new epochs and silence."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from services.kernel.refusal import Unavailable
from services.market_data.errors import PositionUnknown
from services.market_data.model.book import OutOfStep
from services.market_data.model.mirror import HistoryRegressed, Mirror
from services.market_data.usecases import follow_engine
from services.market_data.usecases.follow_engine import FollowEngine
from tests.fakes.market_data_engine import ScriptedEngine
from tests.fakes.market_data_log import log_of
from tests.unit.market_data.desk import BTC, BUY, SELL

EARLIER = 100


class Listeners:
    """An audience that notes what it is told, and lets a test wait for it."""

    def __init__(self, mirror: Mirror) -> None:
        self.published_at: list[int] = []
        self.lives: list[bool] = []
        self._mirror = mirror
        self._told = asyncio.Event()

    def wake(self) -> None:
        self._told.set()

    def publish(self) -> None:
        assert self._mirror.position is not None
        self.published_at.append(self._mirror.position.engine_seq)
        self._told.set()

    def live_changed(self) -> None:
        self.lives.append(self._mirror.live)
        self._told.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._told.clear()
                await self._told.wait()


class World:
    def __init__(self) -> None:
        self.engine = ScriptedEngine()
        self.mirror = Mirror()
        self.listeners = Listeners(self.mirror)
        listeners = self.listeners
        self.follow = FollowEngine(log_of(self.engine), self.mirror, listeners, EARLIER, listeners.live_changed)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncio.Task[None]]:
        """Follow over one connection; the body begins when the mirror is up to date."""
        async with asyncio.TaskGroup() as group:
            connection = group.create_task(self.until_lost())
            await self.caught_up()
            yield connection
            self.engine.cut()

    async def until_lost(self) -> None:
        with pytest.raises(Unavailable):
            await self.follow.once()

    async def caught_up(self) -> None:
        await self.listeners.until(lambda: self.mirror.live and self.seq() == self.engine.engine_seq)

    def seq(self) -> int:
        return self.mirror.position.engine_seq if self.mirror.position else -1

    def levels(self) -> dict[tuple[int, int], int]:
        market = self.mirror.market(BTC)
        assert market is not None
        window = market.book.window(1_000)
        return {(BUY, price): quantity for price, quantity in window.bids} | {
            (SELL, price): quantity for price, quantity in window.asks
        }


async def test_it_starts_from_a_snapshot_and_goes_on_with_the_blocks_after_it() -> None:
    world = World()
    for price in range(90, 110):
        world.engine.put(BTC, BUY if price < 100 else SELL, price, price % 7 + 1)
    async with world.connected():
        assert world.levels() == world.engine.markets[BTC].levels
        world.engine.put(BTC, BUY, 99, 0)
        await world.caught_up()
        assert world.levels() == world.engine.markets[BTC].levels
    assert world.listeners.published_at == [21]
    assert world.listeners.lives == [True, False]


async def test_a_later_connection_goes_on_where_the_first_one_ended() -> None:
    world = World()
    async with world.connected():
        world.engine.put(BTC, BUY, 99, 1)
        await world.caught_up()
    world.engine.put(BTC, BUY, 98, 2)
    async with world.connected():
        assert world.levels() == world.engine.markets[BTC].levels
    assert world.listeners.published_at == [1], "one snapshot, at the start"


async def test_a_forgotten_position_means_a_new_snapshot() -> None:
    world = World()
    async with world.connected():
        world.engine.put(BTC, BUY, 99, 1)
    world.engine.put(BTC, BUY, 98, 2)
    world.engine.forget(3)
    with pytest.raises(PositionUnknown):
        await world.follow.once()
    async with world.connected():
        assert world.levels() == {(BUY, 99): 1, (BUY, 98): 2}
    assert world.listeners.published_at == [1, 3]


async def test_a_lost_block_is_noticed_with_the_next_one_and_means_a_new_snapshot() -> None:
    world = World()
    async with asyncio.TaskGroup() as group:
        connection = group.create_task(_ends_with(world, OutOfStep))
        await world.caught_up()
        world.engine.lose_next()
        world.engine.put(BTC, BUY, 99, 1)
        world.engine.put(BTC, BUY, 98, 1)
        await connection
    assert not world.mirror.live
    async with world.connected():
        assert world.levels() == {(BUY, 99): 1, (BUY, 98): 1}


async def test_a_new_epoch_means_a_new_snapshot_even_if_it_is_shorter() -> None:
    world = World()
    async with world.connected():
        world.engine.put(BTC, BUY, 99, 1)
        await world.caught_up()
        world.engine.restore(1)
    with pytest.raises(PositionUnknown):
        await world.follow.once()
    async with world.connected():
        assert (world.mirror.epoch, world.levels()) == (2, {})


async def test_a_shorter_history_in_the_same_epoch_is_never_shown() -> None:
    world = World()
    world.engine.put(BTC, BUY, 99, 1)
    async with world.connected():
        pass
    world.engine.restore(1)
    world.engine.epoch = 1
    with pytest.raises(PositionUnknown):
        await world.follow.once()
    with pytest.raises(HistoryRegressed):
        await world.follow.once()
    assert world.levels() == {(BUY, 99): 1}
    assert not world.mirror.live


async def test_the_trades_before_the_snapshot_are_known() -> None:
    world = World()
    for _ in range(5):
        world.engine.trade(BTC, 100, 1)
    async with world.connected():
        market = world.mirror.market(BTC)
        assert market is not None
        trades = market.tape.since(0, 10)
    assert trades is not None
    assert [trade.seq for trade in trades] == [1, 2, 3, 4, 5]


async def test_only_so_many_commands_before_the_snapshot_are_read_for_their_trades() -> None:
    world = World()
    for _ in range(EARLIER + 5):
        world.engine.trade(BTC, 100, 1)
    async with world.connected():
        market = world.mirror.market(BTC)
        assert market is not None
        assert market.tape.since(5, 1)
        assert market.tape.since(4, 1) is None


async def test_trades_that_the_engine_does_not_keep_are_missed_without_harm() -> None:
    world = World()
    world.engine.trade(BTC, 100, 1)
    world.engine.forget(2)
    async with world.connected():
        market = world.mirror.market(BTC)
        assert market is not None
        assert (market.tape.seq, market.tape.since(0, 1)) == (1, None)


async def test_an_engine_without_a_word_counts_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.engine.silent = True
    monkeypatch.setattr(follow_engine, "SILENCE", follow_engine.SILENCE / 100)
    with pytest.raises(TimeoutError):
        await world.follow.once()
    assert not world.mirror.live


async def test_a_block_delivered_twice_counts_once() -> None:
    world = World()
    async with world.connected():
        world.engine.put(BTC, BUY, 99, 1)
        await world.caught_up()
        world.engine.blocks.append(world.engine.blocks[-1])
        world.engine.put(BTC, BUY, 98, 1)
        await world.caught_up()
        assert world.levels() == {(BUY, 99): 1, (BUY, 98): 1}


async def _ends_with(world: World, error: type[Exception]) -> None:
    with pytest.raises(error):
        await world.follow.once()
