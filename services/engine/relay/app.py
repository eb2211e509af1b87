"""Builds the relay's process."""

from services.engine.relay.consumer import Ends, Relay
from services.engine.relay.position_file import PositionFile
from services.engine.relay.settings import RelaySettings
from services.runtime import grpc_client
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import events_of
from services.runtime.registry import SchemaRegistry
from services.runtime.run import Process


async def build(process: Process, own: RelaySettings) -> None:
    """Put the relay between the engine and Kafka."""
    engine = await process.open(grpc_client.connect(own.engine_target, own.identity, own.engine_server_name))
    ends = Ends(events_of(engine), own.kafka_servers, SchemaRegistry(own.registry_url), PositionFile(own.position_file))
    backoff = Backoff(process.clock, process.entropy)
    relay = Relay(ends, backoff, process.telemetry.tracer, process.telemetry.registry)
    process.check("relay", relay.check)
    process.background("relay", relay.run)
