"""A venue with faults: real HTTP and WebSocket on this machine, behaving as a script says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from stack.demo.protocol import Dialect
from stack.demo.venue import Venue, local_venue


@dataclass(frozen=True)
class Answer:
    """How one snapshot request is answered."""

    body: str
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The connection breaks without a closing handshake."""


@dataclass(frozen=True)
class Ping:
    """A ping is sent, and nothing more until its pong is there."""


@dataclass(frozen=True)
class UntilAsked:
    """Nothing more is sent until this many snapshots were asked for, all connections together."""

    count: int


Step = str | Cut | Ping | UntilAsked


class FaultyVenue:
    """Plays a script per connection, in order, the last one again and again; the same for its REST answers."""

    def __init__(self, connections: Sequence[Sequence[Step]], answers: Sequence[Answer]) -> None:
        self._scripts = connections
        self._answers = answers
        self.connected = 0
        self.asked = 0
        self.paths: list[str] = []
        self._news = asyncio.Condition()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Venue]:
        async with serve(self._play, "127.0.0.1", 0, process_request=self._answer) as server:
            yield local_venue(Dialect.SPOT, server.sockets[0].getsockname()[1])

    async def _answer(self, _: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        if request.path.startswith("/stream?"):
            return None
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        async with self._news:
            self.asked += 1
            self._news.notify_all()
        body = answer.body.encode()
        headers = Headers(answer.headers | {"Content-Length": str(len(body)), "Connection": "close"})
        return Response(answer.status, answer.status.phrase, headers, body)

    async def _play(self, connection: ServerConnection) -> None:
        script = self._scripts[min(self.connected, len(self._scripts) - 1)]
        self.connected += 1
        for step in script:
            match step:
                case str():
                    await connection.send(step)
                case Ping():
                    await (await connection.ping())
                case Cut():
                    connection.transport.abort()
                    return
                case UntilAsked(count):
                    async with self._news:
                        await self._news.wait_for(lambda: self.asked >= count)
        await connection.wait_closed()
