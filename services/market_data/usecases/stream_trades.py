"""Follow an instrument's trades: each trade once, in order, without a hole, or the stream ends and says so.

1. A subscriber is a cursor, the (epoch, seq) of the last trade it took; nothing is queued for it.
2. At each tick a channel publishes the trades since the tick before. Whoever stands there takes the one shared message;
   whoever is behind reads on from the kept trades at its own pace.
3. Who missed more than `MAX_MISSED` publications, or needs a trade no longer kept, is refused as a slow consumer.
4. A new epoch ends every stream with `ResumeUnknown`: what the old history told may never have happened.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from services.market_data.errors import ResumeUnknown, SlowConsumer
from services.market_data.model.mirror import Mirror
from services.market_data.model.view import Resume
from services.market_data.ports import TradeEncoder
from services.market_data.usecases.markets import listed_market, live_market
from services.market_data.usecases.subscribers import MAX_MISSED, Bell, Channels, Figures, Pulse, Seats

MAX_TRADES = 1_000
"""Trades in one message."""


class TradeChannel:
    """What the subscribers of one instrument's trades are told, in ready bytes."""

    def __init__(self, mirror: Mirror, symbol: str, encoder: TradeEncoder, figures: Figures) -> None:
        self._mirror = mirror
        self._symbol = symbol
        self._encoder = encoder
        self.figures = figures
        self.bell = Bell()
        self.pulse = Pulse()
        self.seq = listed_market(mirror, symbol).tape.seq
        """Number of the last trade published."""
        self.epoch = mirror.epoch
        self.publications = 0
        self._encoded: dict[int, tuple[int, bytes]] = {}
        """Messages by the seq that they start from, each with the seq that it ends at."""

    @property
    def ended(self) -> bool:
        """True once the history that the channel tells is void."""
        return self.epoch != self._mirror.epoch or self._mirror.market(self._symbol) is None

    def publish(self, now_ns: int) -> None:
        """Publish the trades that are new."""
        if self.ended:
            self.bell.ring()
        elif self.catch_up():
            self.pulse.spoke(now_ns)

    def beat(self, now_ns: int) -> None:
        """Give a sign of life if one is due."""
        if not self.ended and self.pulse.due(now_ns):
            self.bell.ring()

    def catch_up(self) -> bool:
        """Publish the trades that are new; tells whether there were any."""
        seq = listed_market(self._mirror, self._symbol).tape.seq
        if seq == self.seq:
            return False
        self.seq = seq
        self.publications += 1
        self._encoded.clear()
        self.bell.ring()
        return True

    def keeps(self, seq: int) -> bool:
        """Tell whether all trades after number `seq` are kept."""
        return listed_market(self._mirror, self._symbol).tape.since(seq, 0) is not None

    def after(self, seq: int) -> tuple[int, bytes] | None:
        """Return the next trades after number `seq` in a message, and the number of its last; None if not kept.

        At the end it is a heartbeat.
        """
        if seq not in self._encoded:
            market = listed_market(self._mirror, self._symbol)
            trades = market.tape.since(seq, min(MAX_TRADES, self.seq - seq))
            if trades is None:
                return None
            last = seq + len(trades)
            message = self._encoder.trades(market.instrument, self.epoch, last, trades)
            self._encoded[seq] = last, self.figures.encoded(message)
        return self._encoded[seq]


class TradeSubscription:
    """One subscriber's place in a channel: it takes message after message at its own pace."""

    def __init__(self, channel: TradeChannel, resume: Resume | None) -> None:
        """Start from now, or after `resume`; raises `ResumeUnknown` if the trades since are not there."""
        self._channel = channel
        self._beats = -1
        self._publications = channel.publications
        self._seq = channel.seq if resume is None else self._checked(resume)

    async def take(self) -> bytes:
        """Wait for the next message; raises `SlowConsumer`, or `ResumeUnknown` when a new history begins."""
        while (message := self.due()) is None:
            await self._channel.bell.heard()
        return message

    def _checked(self, resume: Resume) -> int:
        if resume.seq > self._channel.seq:
            self._channel.catch_up()
        if resume.epoch != self._channel.epoch or not self._channel.keeps(resume.seq):
            raise ResumeUnknown(resume.epoch, resume.seq)
        return resume.seq

    def due(self) -> bytes | None:
        """Return the next message, or None if there is none yet; raises as `take` does."""
        channel = self._channel
        if channel.ended:
            raise ResumeUnknown(channel.epoch, self._seq)
        if channel.seq != self._seq:
            return self._read_on()
        self._publications = channel.publications
        if channel.pulse.beats != self._beats:
            self._beats = channel.pulse.beats
            return self._read_on()
        return None

    def _read_on(self) -> bytes:
        late = self._channel.publications - self._publications > MAX_MISSED
        found = None if late else self._channel.after(self._seq)
        if found is None:
            self._channel.figures.slow_consumers += 1
            raise SlowConsumer(self._seq)
        self._publications = self._channel.publications
        self._seq, message = found
        return message


class StreamTrades:
    """All channels of trades."""

    def __init__(self, mirror: Mirror, encoder: TradeEncoder, seats: Seats, figures: Figures) -> None:
        def channel(symbol: str) -> TradeChannel:
            return TradeChannel(mirror, symbol, encoder, figures)

        self._mirror = mirror
        self._channels = Channels(seats, channel)

    @contextmanager
    def subscribe(self, symbol: str, resume: Resume | None) -> Iterator[TradeSubscription]:
        """Hold a place in a channel; raises `UnknownInstrument`, `NotLive`, `LimitExceeded` or `ResumeUnknown`."""
        live_market(self._mirror, symbol)
        with self._channels.listen(symbol) as channel:
            yield TradeSubscription(channel, resume)

    def publish(self, now_ns: int) -> None:
        """Publish every channel's new trades; `now_ns` counts nanoseconds since whenever."""
        for channel in self._channels:
            channel.publish(now_ns)

    def beat(self, now_ns: int) -> None:
        """Give the signs of life that are due; only while the mirror is live."""
        for channel in self._channels:
            channel.beat(now_ns)
