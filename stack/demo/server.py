"""A local feed server: plays a session over real HTTP and WebSocket, in the venue's protocol.

Each connection plays the session from its beginning, and the snapshots belong to the playing that began last, so a
client that connects anew starts the session anew. Where a session ends, the connection is closed as a venue closes
one after 24 hours, or held open in silence. A slow client holds its own playing back: nothing is dropped, nothing
piles up.
"""

import asyncio
import json
import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from stack.demo.protocol import SNAPSHOT_LEVELS
from stack.demo.session import Session

AS_FAST_AS_POSSIBLE = math.inf
_STREAM_PATH = "/stream"


class FeedServer:
    """Plays one session, `speed` times as fast as it was recorded."""

    def __init__(self, session: Session, speed: float, *, close_at_end: bool = True) -> None:
        if speed <= 0:
            raise ValueError("a session is played forward")
        self._session = session
        self._speed = speed
        self._close_at_end = close_at_end
        self._requests: Counter[str] = Counter()

    @asynccontextmanager
    async def listen(self, port: int) -> AsyncIterator[int]:
        """Serve on a port of this machine, 0 for any free one; gives the port."""
        async with serve(self._play, "127.0.0.1", port, process_request=self._answer) as server:
            yield server.sockets[0].getsockname()[1]

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a snapshot request; None lets a WebSocket handshake go on."""
        address = urlsplit(request.path)
        if address.path == self._session.dialect.value:
            return self._snapshot(parse_qs(address.query))
        if address.path == _STREAM_PATH:
            return None
        return connection.respond(HTTPStatus.NOT_FOUND, "Not found: this server has depth and /stream.\n")

    def _snapshot(self, query: dict[str, list[str]]) -> Response:
        symbol = query.get("symbol", [""])[0]
        answers = self._session.snapshots(symbol)
        if not answers:
            return _json_response(HTTPStatus.BAD_REQUEST, '{"code":-1121,"msg":"Invalid symbol."}')
        limit = query.get("limit", [str(SNAPSHOT_LEVELS)])[0]
        if not limit.isdecimal() or not 0 < int(limit) <= SNAPSHOT_LEVELS:
            return _json_response(HTTPStatus.BAD_REQUEST, '{"code":-1130,"msg":"Invalid limit."}')
        text = answers[min(self._requests[symbol], len(answers) - 1)]
        self._requests[symbol] += 1
        return _json_response(HTTPStatus.OK, _cut(text, int(limit)))

    async def _play(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        streams = parse_qs(urlsplit(path).query).get("streams", [""])[0]
        self._requests.clear()
        try:
            await self._send_frames(connection, frozenset(streams.split("/")))
            if self._close_at_end:
                await connection.close(CloseCode.GOING_AWAY, "the session is over")
            await connection.wait_closed()
        except ConnectionClosed:
            return  # the client left

    async def _send_frames(self, connection: ServerConnection, streams: frozenset[str]) -> None:
        clock = asyncio.get_running_loop().time
        start_s, first_s = clock(), None
        for frame in self._session.frames():
            first_s = frame.time_s if first_s is None else first_s
            due_s = start_s + (frame.time_s - first_s) / self._speed
            # Also at full speed: the wait of nothing lets the other connections live.
            await asyncio.sleep(max(0.0, due_s - clock()))
            if frame.stream in streams:
                await connection.send(frame.text)


def _cut(text: str, limit: int) -> str:
    body = json.loads(text)
    cut = {side: body[side][:limit] for side in ("bids", "asks")}
    return json.dumps(body | cut, separators=(",", ":"))


def _json_response(status: HTTPStatus, text: str) -> Response:
    body = text.encode()
    headers = Headers({"Content-Type": "application/json;charset=UTF-8", "Content-Length": str(len(body))})
    headers["Connection"] = "close"
    return Response(status, status.phrase, headers, body)
