"""The port `EngineLog` over a scripted engine, without sockets."""

from collections.abc import AsyncGenerator

from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse
from services.market_data.peers import EnginePeer
from tests.fakes.market_data_engine import ScriptedEngine


def log_of(engine: ScriptedEngine) -> EnginePeer:
    def events(request: EventsRequest) -> AsyncGenerator[EventsResponse, None]:
        return engine.serve(request)

    return EnginePeer(events)
