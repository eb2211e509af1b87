"""The only place where market_data is put together."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from exchange.market_data.v1.market_data_service_pb2_grpc import add_MarketDataServiceServicer_to_server
from services.market_data.consumer import Consumer
from services.market_data.convert import BookMessages, TradeMessages
from services.market_data.errors import NotLive
from services.market_data.model.mirror import Mirror
from services.market_data.peers import EnginePeer
from services.market_data.server import MarketData
from services.market_data.settings import Settings
from services.market_data.usecases.follow_engine import FollowEngine
from services.market_data.usecases.publish import Publisher
from services.market_data.usecases.stream_book import StreamBook
from services.market_data.usecases.stream_trades import StreamTrades
from services.market_data.usecases.subscribers import Figures, Seats
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import events_of
from services.runtime.grpc_client import connect
from services.runtime.run import Process


async def build(process: Process, own: Settings) -> None:
    """Put the service together on the process."""
    mirror, figures = Mirror(), Figures()
    seats = Seats(own.max_subscribers, figures)
    books = StreamBook(mirror, BookMessages(), seats, figures)
    trades = StreamTrades(mirror, TradeMessages(), seats, figures)
    publisher = Publisher(process.clock, mirror, own.publish_tick, books, trades)
    channel = await process.open(connect(own.engine_target, own.identity))
    engine = EnginePeer(events_of(channel))
    follow = FollowEngine(engine, mirror, publisher, own.earlier_commands, process.health.recheck)
    consumer = Consumer(follow, Backoff(process.clock, process.entropy))

    async def live() -> None:
        if not mirror.live:
            raise NotLive

    process.check("engine", live)
    process.background("follow the engine", consumer.run)
    process.background("publish", publisher.publish_for_ever)
    process.background("signs of life", publisher.beat_for_ever)
    process.telemetry.registry.register(_Measures(figures, follow, mirror))
    servicer = MarketData(mirror, books, trades)
    process.server.add(add_MarketDataServiceServicer_to_server, servicer, raw=servicer.ready_bytes())


class _Measures(Collector):
    """What is measured, read when it is asked for."""

    def __init__(self, figures: Figures, follow: FollowEngine, mirror: Mirror) -> None:
        self._figures = figures
        self._follow = follow
        self._mirror = mirror

    def collect(self) -> Iterator[Metric]:
        """Return the figures of now."""
        figures, position = self._figures, self._mirror.position
        lag = self._follow.durable_seq - (position.engine_seq if position else 0)
        yield _gauge("subscribers", "Streams being served.", figures.subscribers)
        yield _gauge("live", "1 while the engine is followed.", self._mirror.live)
        yield _gauge("lag_commands", "Commands that are durable but not mirrored.", lag)
        yield _gauge("engine_time_seconds", "Time of the last command mirrored.", self._follow.last_event_ns / 1e9)
        yield _counter("encoded_bytes", "Bytes of messages, each encoded and counted once.", figures.encoded_bytes)
        yield _counter("slow_consumers", "Times that a subscriber was told it is slow.", figures.slow_consumers)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"exchange_market_data_{name}", meaning, value)


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"exchange_market_data_{name}", meaning, value)
