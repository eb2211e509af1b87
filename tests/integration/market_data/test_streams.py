"""The streams over real connections: restarts on either side, a hundred readers, and one that does not read."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import grpc
import pytest

from exchange.market_data.v1 import market_data_service_pb2 as contract
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from tests.contract.runtime.wire import refused, seen
from tests.fakes.market_data_client import BookClient, TradeClient
from tests.integration.market_data.stage import (
    BTC,
    NOT_SERVING,
    SERVING,
    Reader,
    Stage,
    book_reader,
    trade_reader,
)
from tests.unit.market_data.desk import BUY, SELL

READERS = 100
CONNECTIONS = 4
ROUNDS = 140
LEVELS = 200
TRADES = 60
NARROW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 16 * 1024))
"""Options of a connection that takes in little more than what is read from it."""


def seq(stage: Stage) -> int:
    return stage.engine.markets[BTC].book_seq


async def caught_up(stage: Stage, reader: Reader[BookClient]) -> None:
    """Read to the engine's end, and compare with its book."""
    await reader.until(lambda client: client.seq == seq(stage))
    assert reader.client.levels() == stage.engine.markets[BTC].levels


async def test_a_book_is_followed_from_the_engine_to_the_client(on_stage: Stage) -> None:
    reader = book_reader(on_stage.api)
    for step in range(1, 6):
        on_stage.engine.put(BTC, BUY, 100 - step, step)
        on_stage.engine.put(BTC, SELL, 100 + step, step)
        await caught_up(on_stage, reader)
    book = await on_stage.api.GetBook(contract.GetBookRequest(instrument=BTC))
    assert (book.epoch, book.seq, book.checksum) == (1, 10, reader.client.checksum())
    assert [level.price for level in book.bids[:2]] == ["0.99", "0.98"]
    assert (on_stage.measure("live"), on_stage.measure("lag_commands")) == (1, 0)
    assert on_stage.measure("encoded_bytes_total") > 0
    listed = await on_stage.api.ListInstruments(contract.ListInstrumentsRequest())
    assert [each.instrument for each in listed.instruments] == [BTC]
    reader.cancel()


async def test_a_heartbeat_comes_at_once_and_again(on_stage: Stage) -> None:
    reader = book_reader(on_stage.api)
    await reader.until(lambda client: client.kinds == ["snapshot", "heartbeat", "heartbeat"])
    reader.cancel()


async def test_streams_go_on_when_the_engine_comes_back(on_stage: Stage) -> None:
    reader, trades = book_reader(on_stage.api), trade_reader(on_stage.api)
    on_stage.engine.put(BTC, BUY, 100, 1)
    on_stage.engine.trade(BTC, 100, 1)
    await caught_up(on_stage, reader)
    await trades.until(lambda client: client.seq == 1)
    await on_stage.stop_engine()
    await on_stage.health(NOT_SERVING)
    gone = await refused(on_stage.api.GetBook(contract.GetBookRequest(instrument=BTC)))
    assert (gone.code, gone.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    on_stage.engine.put(BTC, BUY, 101, 2)
    on_stage.engine.trade(BTC, 101, 1)
    await on_stage.start_engine()
    await on_stage.health(SERVING)
    await caught_up(on_stage, reader)
    await trades.until(lambda client: client.seq == 2)
    assert reader.client.reasons == ["SUBSCRIBED"]
    reader.cancel()
    trades.cancel()


async def test_a_new_epoch_of_the_engine_comes_as_a_snapshot_and_ends_streams_of_trades(on_stage: Stage) -> None:
    on_stage.engine.put(BTC, BUY, 100, 1)
    reader, trades = book_reader(on_stage.api), trade_reader(on_stage.api)
    on_stage.engine.put(BTC, BUY, 101, 2)
    await caught_up(on_stage, reader)
    await trades.until(lambda client: client.seq is not None)
    on_stage.engine.restore(2)
    await caught_up(on_stage, reader)
    assert (reader.client.epoch, reader.client.reasons) == (2, ["SUBSCRIBED", "NEW_EPOCH"])
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await trades.until(lambda _: False)
    assert seen(ended.value).reason == "RESUME_UNKNOWN"
    reader.cancel()


async def test_clients_resume_over_a_restart_of_the_service(on_stage: Stage) -> None:
    reader, trades = book_reader(on_stage.api), trade_reader(on_stage.api)
    for step in range(5):
        on_stage.engine.put(BTC, BUY, 100 + step, 1)
        on_stage.engine.trade(BTC, 100, 1)
    await caught_up(on_stage, reader)
    await trades.until(lambda client: client.seq == 5)
    await on_stage.stop_service()
    on_stage.engine.put(BTC, SELL, 110, 3)
    on_stage.engine.trade(BTC, 101, 1)
    await on_stage.start_service()
    await on_stage.health(SERVING)
    again = book_reader(on_stage.api, client=reader.client, resume=True)
    await caught_up(on_stage, again)
    assert again.client.reasons == ["SUBSCRIBED", "RESUME_TOO_OLD"]
    await trade_reader(on_stage.api, trades.client).until(lambda client: client.seq == 6)
    again.cancel()


async def test_a_drain_ends_the_streams_with_a_reason(on_stage: Stage) -> None:
    reader = book_reader(on_stage.api)
    await caught_up(on_stage, reader)
    async with asyncio.TaskGroup() as group:
        draining = group.create_task(on_stage.process.server.drain(timedelta(seconds=5), timedelta(milliseconds=500)))
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await reader.until(lambda _: False)
        await draining
    assert seen(ended.value).reason == "DRAINING"


async def test_readers_that_stall_harm_nobody_and_are_told(on_stage: Stage) -> None:
    """A hundred readers keep step, round by round, while two streams are opened and not read."""
    async with AsyncExitStack() as opened:
        apis = [MarketDataServiceStub(await opened.enter_async_context(on_stage.edge())) for _ in range(CONNECTIONS)]
        narrow = MarketDataServiceStub(await opened.enter_async_context(on_stage.edge(NARROW)))
        stalled, stalled_trades = book_reader(narrow, depth=1_000), trade_reader(narrow)
        await stalled.until(lambda client: client.seq == 0)
        await stalled_trades.until(lambda client: client.seq == 0)
        readers = [book_reader(apis[number % CONNECTIONS]) for number in range(READERS)]
        for turn in range(ROUNDS):
            churn(on_stage, turn)
            await all_caught_up(on_stage, readers)
        assert on_stage.measure("subscribers") == READERS + 2
        assert {tuple(reader.client.reasons) for reader in readers} == {("SUBSCRIBED",)}
        await told_that_the_book_was_read_too_slowly(on_stage, stalled)
        await told_that_trades_were_read_too_slowly(stalled_trades)
        again = trade_reader(narrow, stalled_trades.client)
        await again.until(lambda client: client.seq == on_stage.engine.markets[BTC].trade_seq)


def churn(stage: Stage, turn: int) -> None:
    """Change many levels, the best one last, and trade."""
    for _ in range(TRADES):
        stage.engine.trade(BTC, 10_000, 1)
    for level in reversed(range(LEVELS)):
        stage.engine.put(BTC, BUY, 10_000 - level, 1 + turn + level)


async def all_caught_up(stage: Stage, readers: Sequence[Reader[BookClient]]) -> None:
    await asyncio.gather(*(reader.until(lambda client: client.seq == seq(stage)) for reader in readers))
    assert len({reader.client.checksum() for reader in readers}) == 1


async def told_that_the_book_was_read_too_slowly(stage: Stage, stalled: Reader[BookClient]) -> None:
    await caught_up(stage, stalled)
    assert stalled.client.reasons == ["SUBSCRIBED", "SLOW_CONSUMER"]
    assert stalled.client.kinds.count("update") < ROUNDS, "what it missed was not kept for it"


async def told_that_trades_were_read_too_slowly(stalled: Reader[TradeClient]) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await stalled.until(lambda _: False)
    slow = seen(ended.value)
    assert (slow.code, slow.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_CONSUMER")
    assert slow.metadata == {"last_seq": str(stalled.client.seq)}
