"""Clients of the streams that believe nothing: they keep a book, or count trades, by the rules of the contract."""

import struct
import zlib
from decimal import Decimal

from exchange.market_data.v1 import book_pb2, market_data_service_pb2

Response = market_data_service_pb2.StreamBookResponse


class BookClient:
    """A book as one subscriber knows it, in integers at the instrument's scales; checks each message it takes."""

    def __init__(self, price_scale: int = 2, quantity_scale: int = 4) -> None:
        self._scales = price_scale, quantity_scale
        self.epoch = 0
        self.seq = -1
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.reasons: list[str] = []
        self.kinds: list[str] = []

    def take(self, message: bytes | Response) -> "BookClient":
        response = Response.FromString(message) if isinstance(message, bytes) else message
        kind = response.WhichOneof("message")
        assert kind is not None
        self.kinds.append(kind)
        getattr(self, f"_{kind}")(response)
        assert response.checksum == self.checksum()
        return self

    def resume(self) -> book_pb2.Resume:
        return book_pb2.Resume(epoch=self.epoch, seq=self.seq)

    def levels(self) -> dict[tuple[int, int], int]:
        """Return quantities by side (1 for bids, 2 for asks) and price."""
        return {(1, price): quantity for price, quantity in self.bids.items()} | {
            (2, price): quantity for price, quantity in self.asks.items()
        }

    def checksum(self) -> int:
        best = [*sorted(self.asks.items())[:10], *sorted(self.bids.items(), reverse=True)[:10]]
        return zlib.crc32(b"".join(struct.pack(">qq", *level) for level in best))

    def _snapshot(self, response: Response) -> None:
        self.bids, self.asks = {}, {}
        self._put(response.snapshot)
        self.epoch, self.seq = response.epoch, response.seq
        self.reasons.append(book_pb2.SnapshotReason.Name(response.snapshot.reason).removeprefix("SNAPSHOT_REASON_"))

    def _update(self, response: Response) -> None:
        assert (response.epoch, response.update.prev_seq) == (self.epoch, self.seq)
        assert response.seq > self.seq
        self._put(response.update)
        self.seq = response.seq

    def _heartbeat(self, response: Response) -> None:
        assert (response.epoch, response.seq) == (self.epoch, self.seq)

    def _put(self, message: book_pb2.BookSnapshot | book_pb2.BookUpdate) -> None:
        for levels, side in ((message.bids, self.bids), (message.asks, self.asks)):
            for level in levels:
                price, quantity = (
                    units(text, scale) for text, scale in zip((level.price, level.quantity), self._scales, strict=True)
                )
                side[price] = quantity
                if not quantity:
                    del side[price]


class TradeClient:
    """The trades as one subscriber knows them; checks that none is missing and none comes twice."""

    def __init__(self, seq: int | None = None) -> None:
        self.epoch = 0
        self.seq = seq
        self.trade_ids: list[str] = []

    def resume(self) -> book_pb2.Resume | None:
        return None if self.seq is None else book_pb2.Resume(epoch=self.epoch, seq=self.seq)

    def take(self, message: bytes | market_data_service_pb2.StreamTradesResponse) -> "TradeClient":
        contract = market_data_service_pb2.StreamTradesResponse
        response = contract.FromString(message) if isinstance(message, bytes) else message
        first = response.seq - len(response.trades)
        assert self.seq in (None, first)
        assert [trade.seq for trade in response.trades] == list(range(first + 1, response.seq + 1))
        self.trade_ids += [trade.trade_id for trade in response.trades]
        self.epoch, self.seq = response.epoch, response.seq
        return self


def units(text: str, scale: int) -> int:
    number = Decimal(text)
    assert -number.as_tuple().exponent == scale  # type: ignore[operator] # the scale is shown, zeros and all
    return int(number.scaleb(scale))
