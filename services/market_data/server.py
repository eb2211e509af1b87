"""MarketDataService: decode, use case, encode. Answers of the streams are ready bytes."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias

import grpc

from exchange.market_data.v1 import market_data_service_pb2 as contract
from exchange.market_data.v1.market_data_service_pb2_grpc import MarketDataServiceServicer
from services.market_data import convert
from services.market_data.model.mirror import Mirror
from services.market_data.usecases.get_book import get_book
from services.market_data.usecases.list_instruments import list_instruments
from services.market_data.usecases.stream_book import StreamBook
from services.market_data.usecases.stream_trades import StreamTrades

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class MarketData(MarketDataServiceServicer):
    """The contract's face; its streams answer in ready bytes."""

    def __init__(self, mirror: Mirror, books: StreamBook, trades: StreamTrades) -> None:
        self._mirror = mirror
        self._books = books
        self._trades = trades

    async def ListInstruments(
        self, request: contract.ListInstrumentsRequest, context: Context
    ) -> contract.ListInstrumentsResponse:
        """List the instruments by symbol."""
        page, next_token = list_instruments(self._mirror, request.page_size, request.page_token)
        return contract.ListInstrumentsResponse(
            instruments=[convert.public_instrument(instrument) for instrument in page], next_page_token=next_token
        )

    async def GetBook(self, request: contract.GetBookRequest, context: Context) -> contract.GetBookResponse:
        """Tell a book as it is."""
        return convert.book(*get_book(self._mirror, request.instrument, convert.depth(request.depth)))

    async def StreamBook(  # type: ignore[override]
        self, request: contract.StreamBookRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """Follow a book."""
        depth = convert.depth(request.depth)
        with self._books.subscribe(request.instrument, depth, convert.resume(request)) as subscription:
            while True:
                yield await subscription.take()

    async def StreamTrades(  # type: ignore[override]
        self, request: contract.StreamTradesRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """Follow an instrument's trades."""
        with self._trades.subscribe(request.instrument, convert.resume(request)) as subscription:
            while True:
                yield await subscription.take()

    def ready_bytes(self) -> Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]:
        """Return the handlers of the streams: their requests are messages, their answers bytes."""
        stream = grpc.unary_stream_rpc_method_handler
        return {
            "StreamBook": stream(self.StreamBook, contract.StreamBookRequest.FromString, None),
            "StreamTrades": stream(self.StreamTrades, contract.StreamTradesRequest.FromString, None),
        }
