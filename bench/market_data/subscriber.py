"""Subscribers that cost next to nothing, so that a benchmark measures the server: many streams on one connection.

Plain HTTP/2 over mutual TLS, as much as reading gRPC streams takes: frames are cut and stamped as they come off the
socket, and a message that many streams carry is decoded once. A client of grpc.aio spends four times as much.
"""

import asyncio
import ssl
import struct
import time
from collections.abc import Callable
from enum import IntEnum

from services.runtime.tls import Identity

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD_BYTES = 9
MESSAGE_HEAD = struct.Struct(">BI")
INITIAL_WINDOW_SIZE = 4
LARGEST_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 2**16 - 1
ACK = END_STREAM = 1
END_HEADERS = 4

Taken = Callable[[int, bytes, int], None]
"""Takes a message: the stream it came on, its bytes, and when it was read in ns."""


class Frame(IntEnum):
    """The frames that are read or written here; all others are passed over."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8


class Streams(asyncio.Protocol):
    """One connection with `count` server streams of one method, all with the same request."""

    def __init__(self, path: str, request: bytes, count: int, taken: Taken) -> None:
        self._path = path
        self._request = request
        self._count = count
        self._taken = taken
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._messages = {2 * number + 1: bytearray() for number in range(count)}
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open every stream."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_connection makes one
        self._transport = transport
        window = struct.pack(">HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
        transport.write(PREFACE + _frame(Frame.SETTINGS, 0, 0, window))
        transport.write(_frame(Frame.WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST_WINDOW - DEFAULT_WINDOW)))
        for stream in self._messages:
            transport.write(_frame(Frame.HEADERS, END_HEADERS, stream, _headers(self._path)))
            message = MESSAGE_HEAD.pack(0, len(self._request)) + self._request
            transport.write(_frame(Frame.DATA, END_STREAM, stream, message))

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames, and those into messages."""
        at_ns = time.monotonic_ns()
        self._unread += data
        start = 0
        while len(self._unread) - start >= FRAME_HEAD_BYTES:
            length = int.from_bytes(self._unread[start : start + 3], "big")
            kind, flags, stream = struct.unpack_from(">BBI", self._unread, start + 3)
            end = start + FRAME_HEAD_BYTES + length
            if end > len(self._unread):
                break
            self._take(kind, flags, stream, bytes(self._unread[start + FRAME_HEAD_BYTES : end]), at_ns)
            start = end
        del self._unread[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that no more comes."""
        self._end(exc or ConnectionError("the server closed the connection"))

    async def held(self) -> None:
        """Hold the connection until cancelled; raises what ended it before."""
        assert self._transport is not None  # noqa: S101 - it is connected
        try:
            await self._ended
        finally:
            self._transport.abort()

    def _end(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes, at_ns: int) -> None:
        if kind == Frame.DATA:
            self._cut(stream, payload, at_ns)
        elif kind in (Frame.SETTINGS, Frame.PING) and not flags & ACK and self._transport is not None:
            self._transport.write(_frame(Frame(kind), ACK, 0, payload if kind == Frame.PING else b""))
        elif kind in (Frame.RST_STREAM, Frame.GOAWAY):
            self._end(ConnectionError(f"{Frame(kind).name} {payload!r}"))

    def _cut(self, stream: int, payload: bytes, at_ns: int) -> None:
        unread = self._messages[stream]
        unread += payload
        while len(unread) >= MESSAGE_HEAD.size:
            _, length = MESSAGE_HEAD.unpack_from(unread)
            end = MESSAGE_HEAD.size + length
            if len(unread) < end:
                return
            self._taken(stream, bytes(unread[MESSAGE_HEAD.size : end]), at_ns)
            del unread[:end]


async def subscribe(port: int, identity: Identity, streams: Callable[[], Streams]) -> Streams:
    """Connect to a port of this machine."""
    trust = ssl.create_default_context(cafile=identity.authority)
    trust.load_cert_chain(identity.certificate, identity.key)
    trust.set_alpn_protocols(["h2"])
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(streams, "127.0.0.1", port, ssl=trust, server_hostname="localhost")
    return protocol


def _frame(kind: Frame, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def _headers(path: str) -> bytes:
    fields = {
        ":method": "POST",
        ":scheme": "https",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields.items())


def _text(value: str) -> bytes:
    """Write a string of a header field: its length in seven bits, and itself, neither indexed nor compressed."""
    assert len(value) < 127  # noqa: S101 - these are
    return bytes([len(value)]) + value.encode()
