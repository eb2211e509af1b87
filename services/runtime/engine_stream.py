"""The engine's `Events` stream as plain asynchronous iteration, with refusals as types."""

from collections.abc import AsyncGenerator, Callable
from typing import TypeAlias

import grpc

from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.runtime.grpc_client import outgoing_metadata
from services.runtime.refusals import refusal_of

POSITION_UNKNOWN = "POSITION_UNKNOWN"
"""Reason with which the engine refuses a position it does not retain, or never had."""

OpenEvents: TypeAlias = Callable[[EventsRequest], AsyncGenerator[EventsResponse, None]]
"""Opens the stream from a start; iteration raises a `Refusal` when it breaks."""


class HistoryLost(Exception):  # noqa: N818 - named as what it says
    """The engine's history and what was derived from it do not fit together; an operator decides."""


def events_of(channel: grpc.aio.Channel) -> OpenEvents:
    """Return what opens `Events` over a channel to the engine."""
    stub = EngineServiceStub(channel)

    async def events(request: EventsRequest) -> AsyncGenerator[EventsResponse, None]:
        stream = stub.Events(request, metadata=outgoing_metadata())
        try:
            async for response in stream:
                yield response
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error) from error
        finally:
            stream.cancel()

    return events
