"""The engine, as market_data sees it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from services.kernel.refusal import Refusal, Unavailable
from services.market_data import convert
from services.market_data.errors import PositionUnknown
from services.market_data.model.mirror import Position
from services.market_data.ports import Delivery
from services.runtime.engine_stream import OpenEvents
from services.runtime.refusals import PeerFailed


class EnginePeer:
    """The engine's event log, over whatever opens `EngineService.Events`."""

    def __init__(self, events: OpenEvents) -> None:
        self._events = events

    def from_snapshot(self) -> AsyncGenerator[Delivery]:
        """Read a snapshot of now, then every block after it; ends with `Unavailable`."""
        return self._read(None)

    def after(self, position: Position) -> AsyncGenerator[Delivery]:
        """Read every block after a position; ends with `PositionUnknown` or `Unavailable`."""
        return self._read(position)

    async def _read(self, after: Position | None) -> AsyncGenerator[Delivery]:
        try:
            async with aclosing(self._events(convert.events_request(after))) as responses:
                async for response in responses:
                    yield convert.delivery(response)
        except PeerFailed as error:
            raise Unavailable(f"The engine failed: {error}") from error
        except Refusal as error:
            if error.reason == PositionUnknown.reason:
                raise PositionUnknown(error.message) from error
            raise Unavailable(f"The engine does not serve its events: {error.message}") from error
