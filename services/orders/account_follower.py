"""The engine, as private streams see it: its events, followed for ever, and the state of an account."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

import grpc
import structlog

from exchange.engine.v1 import instrument_pb2
from exchange.engine.v1.engine_events_pb2 import EventBlock
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, QueryRequest, SnapshotStart
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.event.v1.event_pb2 import Position
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Refusal, RelayedRefusal, Unavailable
from services.orders.convert.events import scales_of
from services.orders.convert.private_events import private_events
from services.orders.model.account_stream import AccountState, Names
from services.orders.model.instrument import AssetName
from services.orders.usecases.account_feed import AccountFeed
from services.orders.usecases.recent_events import OutOfStep
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import POSITION_UNKNOWN, OpenEvents
from services.runtime.grpc_client import invoke
from services.runtime.refusals import PeerFailed

SILENCE = timedelta(seconds=5)
"""The engine says something each second; without a word for this long the connection counts as lost."""

QUERY_LIMIT = timedelta(seconds=2)
UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"

_log = structlog.get_logger(__name__)


class AccountPeer:
    """The port `AccountStates` over EngineService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._query = EngineServiceStub(channel).Query

    async def account(self, account_id: AccountId) -> AccountState:
        """Tell an account as of now, durable; raises `Unavailable`, and the refusal UNKNOWN_ACCOUNT."""
        try:
            answer = await invoke(self._query, QueryRequest(account_id=account_id), limit=QUERY_LIMIT, retry=True)
        except Refusal as refusal:
            if refusal.reason != UNKNOWN_ACCOUNT:
                raise
            raise RelayedRefusal(
                UNKNOWN_ACCOUNT, "The engine does not know this account yet; if it is new, retry in a moment."
            ) from refusal
        return AccountState(account_id, EngineSeq(answer.engine_seq), answer.account_seq, answer.SerializeToString())


class AccountFollower:
    """Keeps a feed at the end of the engine's log, over lost connections, gaps and new epochs.

    The first connection begins from a snapshot, for the instruments in it; a later one after the last command taken in.
    What the engine does not keep, or what does not follow, voids the feed, and the next connection begins anew.
    """

    def __init__(self, feed: AccountFeed, names: Names, events: OpenEvents, backoff: Backoff) -> None:
        self._feed = feed
        self._names = names
        self._events = events
        self._backoff = backoff
        self._shard = 0

    async def run(self) -> None:
        """Follow over any number of connections; does not end."""
        while True:
            try:
                await self._follow()
            except OutOfStep as error:
                _log.error("accounts_out_of_step", cause=str(error))
                self._feed.void()
            except (Refusal, PeerFailed, TimeoutError) as error:
                _log.info("engine_lost", cause=str(error) or "silence")
                if isinstance(error, Refusal) and error.reason == POSITION_UNKNOWN:
                    self._feed.void()
            self._feed.lose()
            await self._backoff.pause()

    async def check(self) -> None:
        """Raise `Unavailable` unless the engine is followed."""
        if not self._feed.live:
            raise Unavailable("The private events of accounts are not followed right now.")

    async def _follow(self) -> None:
        async with aclosing(self._events(self._start())) as responses:
            while (response := await _next(responses)) is not None:
                self._backoff.reset()
                self.take(response)

    def _start(self) -> EventsRequest:
        feed = self._feed
        if not feed.epoch:
            return EventsRequest(snapshot=SnapshotStart())
        return EventsRequest(after=Position(shard=self._shard, epoch=feed.epoch, engine_seq=feed.engine_seq))

    def take(self, response: EventsResponse) -> None:
        """Take in what the engine says; raises `OutOfStep`."""
        for book in response.snapshot.books:
            self._learn(book.instrument)
        if response.HasField("snapshot"):
            if response.snapshot.last:
                self._shard = response.shard
                self._feed.begin(response.epoch, response.snapshot.engine_seq)
            return
        if not self._feed.epoch:
            return  # a sign of life before the snapshot
        if response.epoch != self._feed.epoch:
            raise OutOfStep(f"epoch {response.epoch} came after {self._feed.epoch}")
        for block in response.blocks:
            events, lists_instruments = private_events(block)
            if lists_instruments:
                self._learn_from(block)
            self._feed.take(block.engine_seq, events)
        self._feed.heard()

    def _learn_from(self, block: EventBlock) -> None:
        for event in block.events:
            if event.HasField("instrument_updated"):
                self._learn(event.instrument_updated.instrument)

    def _learn(self, instrument: instrument_pb2.Instrument) -> None:
        self._names.instruments[instrument.instrument_id] = scales_of(instrument)
        for asset in (instrument.base, instrument.quote):
            self._names.assets[asset.asset_id] = AssetName(asset.symbol, asset.scale)


async def _next(responses: AsyncGenerator[EventsResponse]) -> EventsResponse | None:
    async with asyncio.timeout(SILENCE.total_seconds()):
        return await anext(responses, None)
