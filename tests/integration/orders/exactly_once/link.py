"""A line between two processes that a test can cut at a chosen moment, or let hang."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

CHUNK_BYTES = 1 << 16
WORTH_BYTES = 90
"""Less is talk of the protocol (settings, pings, windows), more carries a request or an answer."""


class Way(Enum):
    """Which way the bytes go."""

    FORTH = "forth"
    BACK = "back"


@dataclass
class Fault:
    """What happens when the next message goes that way."""

    way: Way
    delivered: bool
    """Does that message still arrive?"""
    halved_after_bytes: int = 0
    """Of messages longer than this, so many bytes still arrive."""
    hangs: bool = False
    """Nothing more arrives, but the line stays open, as far as either side can tell."""
    then: Callable[[], None] = lambda: None
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def part_of(self, chunk: bytes) -> bytes:
        """Return what still arrives of the bytes with which it happens."""
        return chunk if self.delivered else chunk[: self.halved_after_bytes]


class Link:
    """Lines to one port, all through one other port; they carry what they carry until the fault that is set comes."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._fault: Fault | None = None
        self._hangs = False
        self._ends: set[asyncio.StreamWriter] = set()

    def set(self, fault: Fault) -> None:
        """Let the fault happen with the next message."""
        self._fault = fault

    def clear(self) -> None:
        """Let no fault happen, and cut what hangs; new lines work."""
        self._fault = None
        if self._hangs:
            self.cut()

    def cut(self) -> None:
        """Cut all lines."""
        self._hangs = False
        for end in self._ends:
            end.transport.abort()

    async def serve(self, near: asyncio.StreamReader, near_end: asyncio.StreamWriter) -> None:
        """Carry one line."""
        try:
            far, far_end = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            near_end.transport.abort()
            return
        self._ends |= {near_end, far_end}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(Way.FORTH, near, far_end))
                group.create_task(self._carry(Way.BACK, far, near_end))
        except* OSError:
            pass
        finally:
            self._ends -= {near_end, far_end}
            near_end.transport.abort()
            far_end.transport.abort()

    async def _carry(self, way: Way, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(CHUNK_BYTES):
            fault = self._due(way, chunk)
            target.write(chunk if fault is None else fault.part_of(chunk))
            await target.drain()
            if fault is not None:
                await self._happen(fault)
        raise ConnectionResetError("one side has gone")

    def _due(self, way: Way, chunk: bytes) -> Fault | None:
        fault = self._fault
        if fault is None or fault.way is not way or len(chunk) < WORTH_BYTES:
            return None
        if len(chunk) < fault.halved_after_bytes:
            fault.halved_after_bytes -= len(chunk)
            return None
        self._fault = None
        return fault

    async def _happen(self, fault: Fault) -> None:
        fault.then()
        fault.happened.set()
        if fault.hangs:
            self._hangs = True
            await asyncio.Event().wait()  # until the line is cut
        self.cut()


@asynccontextmanager
async def linked(target_port: int, port: int = 0) -> AsyncIterator[Link]:
    """Give a link to a port of this machine, by any other port or this one; it needs nobody there yet."""
    link = Link(target_port)
    server = await asyncio.start_server(link.serve, "127.0.0.1", port)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        link.cut()
        await server.wait_closed()
