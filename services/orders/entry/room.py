"""How much may be on its way at once: bytes of messages that were read and are not yet answered, of all streams.

A stream that finds no room waits and is not read meanwhile, so its client is held up by its own connection. Those who
wait get their turn in the order of their coming. One event loop, no locks.
"""

import asyncio
from collections import deque


class Room:
    """A number of bytes, shared."""

    def __init__(self, limit_bytes: int) -> None:
        self._free = limit_bytes
        self._limit = limit_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken_bytes(self) -> int:
        """How much is taken."""
        return self._limit - self._free

    async def take(self, count: int) -> None:
        """Wait until so many bytes are free, and take them; more than all of it is never free."""
        assert count <= self._limit
        if not self._waiting and count <= self._free:
            self._free -= count
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(count)
            raise

    def give_back(self, count: int) -> None:
        """Free what was taken."""
        self._free += count
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= self._free):
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self._free -= wanted
                turn.set_result(None)
