"""The only place where orders is put together."""

from collections.abc import Iterator
from functools import partial

import grpc
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from exchange.orders.v1.orders_service_pb2_grpc import add_OrdersServiceServicer_to_server
from services.orders.account_endings import AccountEndings
from services.orders.account_follower import AccountFollower, AccountPeer
from services.orders.account_history import AccountEventStore
from services.orders.consumer import HistoryConsumer
from services.orders.convert.account_messages import AccountMessages
from services.orders.history_writer import write
from services.orders.model.account_stream import Names
from services.orders.peers import EnginePeer, InstrumentMirror
from services.orders.rates import OwnShare, SharedRates
from services.orders.server import OrdersServer
from services.orders.settings import Settings
from services.orders.store import OrderStore
from services.orders.turns import TimedSubmitter
from services.orders.twap_runner import TwapRunner
from services.orders.twap_store import TwapStore
from services.orders.usecases.account_feed import AccountFeed
from services.orders.usecases.all_orders import AllOrders
from services.orders.usecases.recent_events import RecentEvents
from services.orders.usecases.stream_account import StreamAccount
from services.orders.usecases.trading_sessions import TradingSessions
from services.orders.usecases.twap_orders import TwapOrders
from services.orders.usecases.twap_slices import TwapSlices
from services.runtime import postgres, redis
from services.runtime.backoff import Backoff
from services.runtime.consumer import Projection
from services.runtime.engine_stream import events_of
from services.runtime.grpc_client import connect
from services.runtime.run import Process
from services.runtime.sessions import SessionCheck
from services.runtime.submitter import Submitter
from services.runtime.tokens import keys_of_auth

PROJECTION = "orders.history.monthly"
"""Name of the history's position in the table of positions."""


async def build(process: Process, own: Settings) -> None:
    """Put the service together on the process."""
    auth = await process.open(connect(own.auth_target, own.identity))
    marks = await process.open(redis.connect(own.redis_url))
    process.use_tokens(keys_of_auth(auth), SessionCheck(marks, process.clock).is_live)
    process.check("redis", partial(redis.check, marks), needed=False)  # without it, tokens and own rates decide

    channel = await process.open(connect(own.engine_target, own.identity))
    submitter = Submitter(channel, process.clock, process.entropy)
    timed = TimedSubmitter(submitter, process.clock, process.telemetry.registry)
    engine = EnginePeer(channel, timed.submit)
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
    stored = OrderStore(pool, projection.wait_until, own.history_wait)
    account_events = AccountEventStore(pool, stored.reach)
    twaps = TwapStore(pool)
    slices = TwapSlices(
        twaps,
        AccountEndings(account_events),
        instruments=instruments,
        engine=engine,
        history=stored,
        clock=process.clock,
    )
    runner = TwapRunner(
        twaps, slices, pool=pool, clock=process.clock, entropy=process.entropy, registry=process.telemetry.registry
    )

    own_share = OwnShare(process.clock, own.rate_limits, own.gateways)
    rates = SharedRates(marks, own.rate_limits, own_share, clock=process.clock, registry=process.telemetry.registry)
    accounts = _private_streams(process, own, channel, account_events)
    sessions = TradingSessions(engine, process.clock, process.entropy)
    process.background("keep the sessions", sessions.keep_for_ever)

    process.check("engine", submitter.check)
    process.check("instruments", instruments.check)
    process.check("postgres", partial(postgres.check, pool), needed=False)  # trading goes on without history
    process.background("submit", submitter.run)
    process.background("mirror the instruments", follow)
    process.background("write the history", projection.run)
    process.background("watch the rates", rates.watch)
    process.background("let TWAPs go on", runner.run)
    server = OrdersServer(
        instruments,
        engine,
        AllOrders(stored, twaps, slices),
        accounts=accounts,
        twaps=TwapOrders(twaps, slices, instruments=instruments, engine=engine, clock=process.clock),
        rates=rates,
        sessions=sessions,
        clock=process.clock,
    )
    process.server.add(add_OrdersServiceServicer_to_server, server, raw=server.ready_bytes())


def _private_streams(
    process: Process, own: Settings, channel: grpc.aio.Channel, history: AccountEventStore
) -> StreamAccount:
    names = Names()
    feed = AccountFeed(RecentEvents(own.recent_events_bytes), process.clock, own.max_account_streams)
    follower = AccountFollower(feed, names, events_of(channel), Backoff(process.clock, process.entropy))
    process.check("accounts", follower.check)
    process.background("follow the accounts", follower.run)
    process.background("signs of life", feed.beat_for_ever)
    process.telemetry.registry.register(_Measures(feed))
    return StreamAccount(feed, AccountPeer(channel), history, AccountMessages(names))


class _Measures(Collector):
    """What is measured of private streams, read when it is asked for."""

    def __init__(self, feed: AccountFeed) -> None:
        self._feed = feed

    def collect(self) -> Iterator[Metric]:
        """Return the figures of now."""
        feed = self._feed
        yield _gauge("streams", "Private streams being served.", feed.subscribers)
        yield _gauge("live", "1 while the engine is followed.", feed.live)
        yield _gauge("engine_seq", "Last command taken in.", feed.engine_seq)
        yield _gauge("recent_bytes", "Bytes of recent private events that are kept.", feed.recent.bytes_kept)
        name = "exchange_orders_accounts_slow_consumers"
        yield CounterMetricFamily(name, "Private streams that ended because they were slow.", feed.slow_consumers)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"exchange_orders_accounts_{name}", meaning, value)
