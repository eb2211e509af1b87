"""Tells when a command had its turn, and measures how long each hop took, so that all can see it is fair.

Gateway and engine each read their own clock; between machines a hop is as true as their clocks agree.
"""

from prometheus_client import CollectorRegistry, Histogram

from exchange.engine.v1.command_pb2 import Command, CommandResult
from exchange.engine.v1.engine_service_pb2 import BatchTimes
from services.kernel.clock import Clock
from services.runtime import call
from services.runtime.submitter import Submitter

HOP_SECONDS = (
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
)  # fmt: skip
_NS_PER_S = 1e9


class Hops:
    """How long each hop took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        hops = Histogram(
            "exchange_orders_hop_seconds",
            "From one point of a command's way to the next: to its place in the order, to its match, to its answer.",
            ["hop"],
            buckets=HOP_SECONDS,
            registry=registry,
        )
        self._sequenced, self._matched, self._answered = map(hops.labels, ("sequenced", "matched", "answered"))

    def measure(self, received_ns: int, sequenced_ns: int, matched_ns: int, answered_ns: int) -> None:
        """Count the hops between these times, of one command or of those that came in one message."""
        self._sequenced.observe((sequenced_ns - received_ns) / _NS_PER_S)
        self._matched.observe((matched_ns - sequenced_ns) / _NS_PER_S)
        self._answered.observe((answered_ns - matched_ns) / _NS_PER_S)


class TimedSubmitter:
    """Submits commands for calls that are being served, and for what runs beside them."""

    def __init__(self, submitter: Submitter, clock: Clock, registry: CollectorRegistry) -> None:
        self._submitter = submitter
        self._clock = clock
        self._hops = Hops(registry)

    async def submit(self, command: Command) -> CommandResult:
        """Give a command and wait for its durable result, as `Submitter.submit`."""
        submitted = await self._submitter.submit_timed(command)
        if call.current() is not None:
            self._tell(call.received_time_ns(), submitted.times)
        return submitted.result

    def _tell(self, received_time_ns: int, times: BatchTimes) -> None:
        call.respond_with("x-gateway-time-ns", str(received_time_ns))
        call.respond_with("x-sequenced-time-ns", str(times.sequenced_time_ns))
        call.respond_with("x-matched-time-ns", str(times.matched_time_ns))
        call.respond_with("x-queue-length", str(times.queue_length))
        self._hops.measure(received_time_ns, times.sequenced_time_ns, times.matched_time_ns, self._clock.now_ns())
