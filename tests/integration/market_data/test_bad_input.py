"""Bad input: the right code, a reason, a sentence that says what to do, and the streams of others unharmed."""

import grpc
import pytest

from exchange.market_data.v1 import book_pb2
from exchange.market_data.v1 import market_data_service_pb2 as contract
from tests.contract.runtime.wire import Seen, refused, seen
from tests.integration.market_data.stage import BTC, SERVING, Stage, book_reader
from tests.unit.market_data.desk import BUY

SERVICE = "/exchange.market_data.v1.MarketDataService"


async def ended(call: grpc.aio.UnaryStreamCall) -> Seen:
    """Read a stream that must be refused at once."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(call))
    return seen(caught.value)


async def test_an_instrument_that_does_not_exist_is_not_found(on_stage: Stage) -> None:
    got = await refused(on_stage.api.GetBook(contract.GetBookRequest(instrument="NO-SUCH")))
    assert (got.code, got.reason) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_INSTRUMENT")
    assert "ListInstruments" in got.message
    for call in (
        on_stage.api.StreamBook(contract.StreamBookRequest(instrument="NO-SUCH")),
        on_stage.api.StreamTrades(contract.StreamTradesRequest(instrument="NO-SUCH")),
    ):
        assert (await ended(call)).reason == "UNKNOWN_INSTRUMENT"


@pytest.mark.parametrize(("symbol", "depth", "field"), [(BTC, 7, "depth"), ("btc kk99", 10, "instrument")])
async def test_a_field_that_breaks_its_rule_is_named(on_stage: Stage, symbol: str, depth: int, field: str) -> None:
    got = await ended(on_stage.api.StreamBook(contract.StreamBookRequest(instrument=symbol, depth=depth)))
    assert (got.code, got.reason, got.fields) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", (field,))


@pytest.mark.parametrize("method", ["StreamBook", "StreamTrades"])
async def test_a_body_that_is_not_the_message_is_refused(on_stage: Stage, method: str) -> None:
    got = await ended(on_stage.channel.unary_stream(f"{SERVICE}/{method}")(b"\xff\xff\xff"))
    assert (got.code, got.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


@pytest.mark.parametrize("resume", [book_pb2.Resume(epoch=1, seq=99), book_pb2.Resume(epoch=9, seq=0)])
async def test_a_place_of_no_history_is_out_of_range(on_stage: Stage, resume: book_pb2.Resume) -> None:
    for call in (
        on_stage.api.StreamBook(contract.StreamBookRequest(instrument=BTC, resume=resume)),
        on_stage.api.StreamTrades(contract.StreamTradesRequest(instrument=BTC, resume=resume)),
    ):
        got = await ended(call)
        assert (got.code, got.reason) == (grpc.StatusCode.OUT_OF_RANGE, "RESUME_UNKNOWN")


async def test_a_page_token_of_nobody_is_refused(on_stage: Stage) -> None:
    got = await refused(on_stage.api.ListInstruments(contract.ListInstrumentsRequest(page_token="x")))
    assert got.reason == "INVALID_PAGE_TOKEN"


async def test_more_streams_than_there_are_places_are_refused_and_those_open_go_on(on_stage: Stage) -> None:
    await on_stage.stop_service()
    await on_stage.start_service(max_subscribers=1)
    await on_stage.health(SERVING)
    reader = book_reader(on_stage.api)
    await reader.until(lambda client: client.seq == 0)
    got = await ended(on_stage.api.StreamTrades(contract.StreamTradesRequest(instrument=BTC)))
    assert (got.code, got.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    on_stage.engine.put(BTC, BUY, 1, 1)
    await reader.until(lambda client: client.seq == 1)
    reader.cancel()
