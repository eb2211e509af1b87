"""The only place where orders is put together."""

from functools import partial

from exchange.orders.v1.orders_service_pb2_grpc import add_OrdersServiceServicer_to_server
from services.orders.consumer import HistoryConsumer
from services.orders.peers import EnginePeer, InstrumentMirror
from services.orders.rates import OwnShare, SharedRates
from services.orders.server import OrdersServer
from services.orders.settings import Settings
from services.orders.store import OrderStore, write
from services.runtime import postgres, redis
from services.runtime.backoff import Backoff
from services.runtime.consumer import Projection
from services.runtime.engine_stream import events_of
from services.runtime.grpc_client import connect
from services.runtime.run import Process
from services.runtime.sessions import SessionCheck
from services.runtime.submitter import Submitter
from services.runtime.tokens import keys_of_auth

PROJECTION = "orders.history"
"""Name of the history's position in the table of positions."""


async def build(process: Process, own: Settings) -> None:
    """Put the service together on the process."""
    auth = await process.open(connect(own.auth_target, own.identity))
    marks = await process.open(redis.connect(own.redis_url))
    process.use_tokens(keys_of_auth(auth), SessionCheck(marks, process.clock).is_live)
    process.check("redis", partial(redis.check, marks), needed=False)  # without it, tokens and own rates decide

    channel = await process.open(connect(own.engine_target, own.identity))
    submitter = Submitter(channel, process.clock, process.entropy)
    engine = EnginePeer(channel, submitter.submit)
    instruments = InstrumentMirror(engine.horizon)
    follow = partial(instruments.follow, events_of(channel), Backoff(process.clock, process.entropy))

    pool = await process.open(postgres.connect(own.postgres_dsn))
    projection = Projection(
        PROJECTION,
        HistoryConsumer(write).apply,
        pool=pool,
        events=events_of(channel),
        clock=process.clock,
        entropy=process.entropy,
        registry=process.telemetry.registry,
    )
    history = OrderStore(pool, projection.wait_until, own.history_wait)

    own_share = OwnShare(process.clock, own.rate_limits, own.gateways)
    rates = SharedRates(marks, own.rate_limits, own_share, clock=process.clock, registry=process.telemetry.registry)

    process.check("engine", submitter.check)
    process.check("instruments", instruments.check)
    process.check("postgres", partial(postgres.check, pool), needed=False)  # trading goes on without history
    process.background("submit", submitter.run)
    process.background("mirror the instruments", follow)
    process.background("write the history", projection.run)
    process.background("watch the rates", rates.watch)
    process.server.add(
        add_OrdersServiceServicer_to_server, OrdersServer(instruments, engine, history, rates, process.clock)
    )
