"""Reading a stream while the work on its earlier items goes on, so that the work can take many at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """The items that were read and not yet taken, up to a capacity; beyond it the source waits."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: list[T] = []
        self._ended: Exception | None = None
        self._changed = asyncio.Condition()

    async def take(self) -> list[T]:
        """Wait until something is there, and take all of it; raises what ended the source once all was taken."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._ended)
            if not self._items and self._ended is not None:
                raise self._ended
            items, self._items = self._items, []
            self._changed.notify_all()
            return items

    async def fill(self, source: AsyncIterator[T]) -> None:
        """Read the source to its end; an end without an error is EOFError to whoever takes."""
        try:
            async for item in source:
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._items) < self._capacity)
                    self._items.append(item)
                    self._changed.notify_all()
            await self._end(EOFError("the stream ended"))
        except Exception as error:
            await self._end(error)

    async def _end(self, error: Exception) -> None:
        async with self._changed:
            self._ended = error
            self._changed.notify_all()


@asynccontextmanager
async def read_ahead(source: AsyncIterator[T], capacity: int) -> AsyncIterator[ReadAhead[T]]:
    """Read `source` in a task of its own for as long as the body runs."""
    ahead: ReadAhead[T] = ReadAhead(capacity)
    reader = asyncio.create_task(ahead.fill(source))
    try:
        yield ahead
    finally:
        reader.cancel()
        await asyncio.wait([reader])
