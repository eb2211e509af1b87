"""grpc-web over TLS by `@connectrpc/connect-web`, in a Node process of its own that takes calls as JSON lines."""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from tests.e2e.clients import Json, Refused, package_of

PROGRAM = Path("build/web/tests/e2e/web/client.js")


class WebClient:
    """connect-web in Node."""

    def __init__(self, edge: str, ca: Path) -> None:
        self.token: str | None = None
        self._edge = edge
        self._ca = ca
        self._node: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lines: dict[int, asyncio.Queue[Json]] = {}
        self._numbers = itertools.count(1)

    async def call(self, method: str, request: Json) -> Json:
        number, lines = await self._send(method, request, stream=False)
        line = await lines.get()
        del self._lines[number]
        return _answer_of(line)

    async def stream(self, method: str, request: Json) -> AsyncIterator[Json]:
        number, lines = await self._send(method, request, stream=True)
        try:
            while "end" not in (line := await lines.get()):
                yield _answer_of(line)
        finally:
            del self._lines[number]
            await self._write({"id": number, "cancel": True})

    async def close(self) -> None:
        if self._node is None or self._reader is None:
            return
        assert self._node.stdin is not None
        self._node.stdin.close()
        await self._node.wait()
        await self._reader

    async def _send(self, method: str, request: Json, *, stream: bool) -> tuple[int, asyncio.Queue[Json]]:
        await self._start()
        package, service, name = package_of(method)
        number = next(self._numbers)
        lines = self._lines[number] = asyncio.Queue()
        call = {"id": number, "method": f"{package}.{service}/{name}", "request": request}
        await self._write({**call, "token": self.token, "stream": stream})
        return number, lines

    async def _start(self) -> None:
        if self._node is not None:
            return
        self._node = await asyncio.create_subprocess_exec(
            "node",
            str(PROGRAM),
            f"https://{self._edge}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self._ca)},
        )
        self._reader = asyncio.create_task(self._read(self._node))

    async def _read(self, node: asyncio.subprocess.Process) -> None:
        assert node.stdout is not None
        async for text in node.stdout:
            line = json.loads(text)
            if line["id"] in self._lines:
                self._lines[line["id"]].put_nowait(line)

    async def _write(self, line: Json) -> None:
        assert self._node is not None
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(line).encode() + b"\n")
        await self._node.stdin.drain()


def _answer_of(line: Json) -> Json:
    if refused := line.get("refused"):
        raise Refused(refused["code"], refused["reason"], refused["message"], refused["metadata"])
    answer: Json = line["answer"]
    return answer
