"""The engine, as market_data sees it."""

from collections.abc import AsyncGenerator

import grpc

from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.kernel.refusal import Unavailable
from services.market_data import convert
from services.market_data.errors import PositionUnknown
from services.market_data.model.mirror import Position
from services.market_data.ports import Delivery
from services.runtime.grpc_client import outgoing_metadata
from services.runtime.refusals import refusal_of


class EnginePeer:
    """The engine's event log over `EngineService.Events`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._engine = EngineServiceStub(channel)

    def from_snapshot(self) -> AsyncGenerator[Delivery]:
        """Read a snapshot of now, then every block after it; ends with `Unavailable`."""
        return self._read(None)

    def after(self, position: Position) -> AsyncGenerator[Delivery]:
        """Read every block after a position; ends with `PositionUnknown` or `Unavailable`."""
        return self._read(position)

    async def _read(self, after: Position | None) -> AsyncGenerator[Delivery]:
        responses = self._engine.Events(convert.events_request(after), metadata=outgoing_metadata())
        try:
            async for response in responses:
                yield convert.delivery(response)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal.reason == PositionUnknown.reason:
                raise PositionUnknown(refusal.message) from error
            raise Unavailable(f"The engine does not serve its events: {refusal.message}") from error
        finally:
            responses.cancel()
