"""Builds the engine's process."""

from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, Gauge

from exchange.engine.v1 import admin_service_pb2_grpc, engine_service_pb2_grpc
from services.engine import _core, convert
from services.engine.server import AdminServicer, EngineServicer, UseCases
from services.engine.settings import EngineSettings
from services.engine.store import LocalShard, open_shard
from services.engine.usecases.follow import Follow
from services.engine.usecases.keep_snapshots import keep_snapshots
from services.engine.usecases.pass_time import pass_time
from services.engine.usecases.submit import Submit
from services.engine.usecases.tell_time import EngineTime
from services.runtime.run import Process

_MICROSECOND = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)


async def build(process: Process, own: EngineSettings) -> None:
    """Recover the shard and serve it."""
    shard, recovery = await process.open(open_shard(lambda: _open(own)))
    state = await shard.state(with_hash=False)
    _log.info("recovered", snapshot_seq=recovery.snapshot_seq, engine_seq=state.engine_seq, notes=recovery.notes)
    time = EngineTime(process.clock, state.engine_time_ns)
    submit, follow = Submit(shard, time, process.clock), Follow(shard, state.shard, state.epoch, process.clock)

    async def trustworthy_clock() -> None:
        time.now_ns()

    process.check("journal", shard.alive)
    process.check("space", shard.has_space)
    process.check("clock", trustworthy_clock)
    process.background("journal", shard.watch)
    process.background("time", lambda: pass_time(shard, time, process.clock))
    process.background(
        "snapshots", lambda: keep_snapshots(shard, process.clock, own.snapshot_every_commands, state.snapshot_seq)
    )

    def kinds_of(peer: str) -> int:
        return convert.kinds_of(process.callers.commands_of(peer))

    engine = EngineServicer(UseCases(submit, follow), shard, kinds_of)
    process.server.add(engine_service_pb2_grpc.add_EngineServiceServicer_to_server, engine, raw=engine.raw)
    process.server.add(admin_service_pb2_grpc.add_AdminServiceServicer_to_server, AdminServicer(submit, shard))
    _measure(shard, process.telemetry.registry)


def _open(own: EngineSettings) -> _core.Engine:
    return _core.Engine(
        folder=str(own.data_folder),
        shard=own.shard,
        journal_segment_bytes=own.journal_segment_bytes,
        event_segment_bytes=own.event_segment_bytes,
        ack=own.ack.value,
        keep_ns=own.keep // _MICROSECOND * 1_000,
        archive_folder=str(own.archive_folder or ""),
        populate_memory=own.populate_memory,
    )


def _measure(shard: LocalShard, registry: CollectorRegistry) -> None:
    Gauge("exchange_engine_durable_seq", "Last durable command.", registry=registry).set_function(
        lambda: shard.durable_seq
    )
    Gauge("exchange_engine_published_seq", "Last command whose events can be read.", registry=registry).set_function(
        lambda: shard.published_seq
    )
