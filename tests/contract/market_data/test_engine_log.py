"""What market_data relies on from every engine: the scripted one, which other tests use, and the real one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from services.kernel.refusal import Unavailable
from services.market_data.errors import PositionUnknown
from services.market_data.model.book import Side
from services.market_data.model.mirror import Market, Mirror, Position, Snapshot
from services.market_data.peers import EnginePeer
from services.market_data.ports import Delivery
from services.runtime.engine_stream import events_of
from tests.contract.market_data.venues import MARKET_DATA, MESH_CALLERS, SYMBOL, Venue, real, scripted
from tests.mesh import Mesh

BID, ASK = 5_000_000, 5_000_100
LIMIT_S = 20


@dataclass
class Followed:
    venue: Venue
    log: EnginePeer


@pytest.fixture(params=["scripted", "real"])
async def followed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Followed]:
    mesh = Mesh(tmp_path, MESH_CALLERS)
    venue: Any = scripted(mesh) if request.param == "scripted" else real(mesh, tmp_path / "engine")
    async with venue as opened, mesh.channel(MARKET_DATA, opened.port) as channel:
        yield Followed(opened, EnginePeer(events_of(channel)))


async def trade_a_little(venue: Venue) -> None:
    for step in range(5):
        await venue.rest(Side.BUY, BID - step, 20_000 + step)
        await venue.rest(Side.BUY, BID - step, 10_000)
        await venue.rest(Side.SELL, ASK + step, 20_000)
    for quantity in (5_000, 15_000):
        await venue.take(Side.BUY, ASK, quantity)
    await venue.take(Side.SELL, BID, 7_000)


async def mirrored(deliveries: AsyncGenerator[Delivery]) -> Mirror:
    """Load a snapshot to its last part."""
    snapshot: Snapshot | None = None
    mirror = Mirror()
    async with asyncio.timeout(LIMIT_S), aclosing(deliveries):
        async for delivery in deliveries:
            if delivery.part is not None:
                snapshot = snapshot or Snapshot(delivery.shard, delivery.epoch, delivery.part.engine_seq)
                snapshot.add(delivery.part.headings, delivery.part.resting)
                if delivery.part.last:
                    break
    assert snapshot is not None
    mirror.load(snapshot, {})
    return mirror


async def replayed(log: EnginePeer, start: Position, until: int) -> Mirror:
    """Apply everything after a position to an empty mirror that stands there."""
    mirror = Mirror()
    mirror.load(Snapshot(start.shard, start.epoch, start.engine_seq), {})
    deliveries = log.after(start)
    async with asyncio.timeout(LIMIT_S), aclosing(deliveries):
        async for delivery in deliveries:
            for block in delivery.blocks:
                mirror.apply(block)
            if position(mirror).engine_seq >= until:
                break
    return mirror


def position(mirror: Mirror) -> Position:
    assert mirror.position is not None
    return mirror.position


def market(mirror: Mirror) -> Market:
    found = mirror.market(SYMBOL)
    assert found is not None
    return found


async def test_the_whole_log_and_the_snapshot_tell_the_same(followed: Followed) -> None:
    await trade_a_little(followed.venue)
    from_snapshot = await mirrored(followed.log.from_snapshot())
    begin = replace(position(from_snapshot), engine_seq=0, index=0)
    from_log = await replayed(followed.log, begin, position(from_snapshot).engine_seq)
    ours, theirs = market(from_log), market(from_snapshot)
    assert ours.instrument == theirs.instrument
    assert ours.book.window(1_000) == theirs.book.window(1_000)
    assert (ours.book.seq, ours.tape.seq) == (theirs.book.seq, theirs.tape.seq)
    assert ours.book.window(1).asks == ((ASK + 1, 20_000),)
    assert ours.book.window(1).bids == ((BID, 23_000),)


async def test_trades_are_numbered_from_one_and_say_who_took(followed: Followed) -> None:
    await trade_a_little(followed.venue)
    snapshot = await mirrored(followed.log.from_snapshot())
    begin = replace(position(snapshot), engine_seq=0, index=0)
    trades = market(await replayed(followed.log, begin, position(snapshot).engine_seq)).tape.since(0, 10)
    assert trades is not None
    assert [(each.seq, each.price, each.quantity, each.taker_side) for each in trades] == [
        (1, ASK, 5_000, Side.BUY),
        (2, ASK, 15_000, Side.BUY),
        (3, BID, 7_000, Side.SELL),
    ]
    assert [each.time_ns for each in trades] == sorted(each.time_ns for each in trades)


async def test_after_a_snapshot_comes_what_follows_it(followed: Followed) -> None:
    deliveries = followed.log.from_snapshot()
    before = await mirrored(followed.log.from_snapshot())
    seen = False
    async with asyncio.timeout(LIMIT_S), aclosing(deliveries):
        async for delivery in deliveries:
            if delivery.part is not None and delivery.part.last:
                await followed.venue.rest(Side.BUY, BID, 20_000)
            seen = seen or bool(delivery.blocks)
            for block in delivery.blocks:
                before.apply(block)
            if market(before).book.window(1).bids == ((BID, 20_000),):
                break
    assert seen


async def test_a_position_in_the_middle_is_served_from_there(followed: Followed) -> None:
    middle = await mirrored(followed.log.from_snapshot())
    await trade_a_little(followed.venue)
    end = await mirrored(followed.log.from_snapshot())
    deliveries = followed.log.after(position(middle))
    async with asyncio.timeout(LIMIT_S), aclosing(deliveries):
        async for delivery in deliveries:
            for block in delivery.blocks:
                assert block.engine_seq > position(middle).engine_seq
                middle.apply(block)
            if position(middle).engine_seq == position(end).engine_seq:
                break
    assert market(middle).book.window(10) == market(end).book.window(10)


@pytest.mark.parametrize("wrong", ["ahead", "epoch", "shard"])
async def test_a_position_of_no_history_is_refused(followed: Followed, wrong: str) -> None:
    here = position(await mirrored(followed.log.from_snapshot()))
    there = {
        "ahead": replace(here, engine_seq=here.engine_seq + 1_000),
        "epoch": replace(here, epoch=here.epoch + 1),
        "shard": replace(here, shard=here.shard + 1),
    }[wrong]
    with pytest.raises(PositionUnknown):
        await anext(followed.log.after(there))


async def test_a_quiet_log_gives_signs_of_life(followed: Followed) -> None:
    here = position(await mirrored(followed.log.from_snapshot()))
    deliveries = followed.log.after(here)
    async with asyncio.timeout(LIMIT_S), aclosing(deliveries):
        for _ in range(2):
            delivery = await anext(deliveries)
            assert (delivery.part, list(delivery.blocks)) == (None, [])
            assert delivery.durable_seq == here.engine_seq


async def test_an_engine_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, MESH_CALLERS)
    async with scripted(mesh) as venue:
        port = venue.port
    async with mesh.channel(MARKET_DATA, port) as channel:
        with pytest.raises(Unavailable):
            await anext(EnginePeer(events_of(channel)).from_snapshot())
