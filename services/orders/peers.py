"""The engine, as orders sees it: commands, how far it is, and a mirror of its instruments."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import TypeAlias

import grpc
import structlog

from exchange.engine.v1 import instrument_pb2
from exchange.engine.v1.command_pb2 import Command, CommandResult
from exchange.engine.v1.engine_service_pb2 import EventsRequest, EventsResponse, GetStateRequest, SnapshotStart
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId
from services.kernel.refusal import Refusal, Unavailable, UnknownInstrument
from services.orders.convert import commands
from services.orders.convert.events import instrument_of, outcome_of
from services.orders.model.instrument import AssetName, Instrument
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder, Outcome
from services.orders.model.session import NewSession
from services.orders.ports import Horizon
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import OpenEvents
from services.runtime.grpc_client import invoke
from services.runtime.refusals import DeadlineTooShort, Draining, PeerFailed

STATE_LIMIT = timedelta(seconds=1)
"""How long the engine may take to tell how far it is."""

HEAR_PAUSE_MS = 100
"""How long the engine collects news of instruments, and how far it is."""

HEAR_LIMIT = timedelta(seconds=1)
"""How long to wait for news of an instrument that the mirror does not know."""

Submit: TypeAlias = Callable[[Command], Awaitable[CommandResult]]
"""Sends a command in the batch of its turn; raises `Unavailable` when the outcome is not known."""

_log = structlog.get_logger(__name__)

_SILENT = {Unavailable.reason, Draining.reason, DeadlineTooShort.reason}


class EnginePeer:
    """The ports `Engine` and `SessionEngine` over EngineService."""

    def __init__(self, channel: grpc.aio.Channel, submit: Submit) -> None:
        self._get_state = EngineServiceStub(channel).GetState
        self._submit = submit
        self._seen = EngineSeq(0)
        self._question = SharedQuestion(self._ask)

    async def place(self, order: NewOrder) -> Outcome:
        """Enter an order; raises `Unavailable`."""
        return self._answered(await self._submit(commands.place_command(order)))

    async def judge(self, order: NewOrder) -> Outcome:
        """Make every check of an order; raises `Unavailable`."""
        return self._answered(await self._submit(commands.judge_command(order)))

    async def cancel(self, cancel: Cancel) -> Outcome:
        """Take an order out of the book; raises `Unavailable`."""
        return self._answered(await self._submit(commands.cancel_command(cancel)))

    async def reserve_id(
        self, account_id: AccountId, client_order_id: ClientOrderId, fingerprint: int, valid_until_ns: int
    ) -> Outcome:
        """Use an id for what the engine does not see; raises `Unavailable`."""
        command = commands.reserve_command(account_id, client_order_id, fingerprint, valid_until_ns)
        return self._answered(await self._submit(command))

    async def amend(self, amend: Amend) -> Outcome:
        """Change an open order; raises `Unavailable`."""
        return self._answered(await self._submit(commands.amend_command(amend)))

    async def mass_cancel(self, cancel: MassCancel) -> Outcome:
        """Cancel all open orders that match; raises `Unavailable`."""
        return self._answered(await self._submit(commands.mass_cancel_command(cancel)))

    async def cancel_all_after(self, account_id: AccountId, timeout_ns: int) -> Outcome:
        """Arm or disarm the account's guard; raises `Unavailable`."""
        return self._answered(await self._submit(commands.cancel_all_after_command(account_id, timeout_ns)))

    async def open_session(self, session: NewSession) -> Outcome:
        """Open a session, or take it over; raises `Unavailable`."""
        return self._answered(await self._submit(commands.open_session_command(session)))

    async def keep_gateway(self, gateway_id: int, lease_ms: int, epochs: Sequence[int]) -> Outcome:
        """Renew the lease of a gateway, and tell whom it has heard from; raises `Unavailable`."""
        return self._answered(await self._submit(commands.keep_gateway_command(gateway_id, lease_ms, epochs)))

    async def end_session(self, account_id: AccountId, epoch: int, *, closed: bool) -> Outcome:
        """Close a session, or tell that its connection is lost; raises `Unavailable`."""
        return self._answered(await self._submit(commands.end_session_command(account_id, epoch, closed=closed)))

    async def horizon(self) -> Horizon:
        """Tell the last durable command as of now, or the last one seen if the engine is gone."""
        return await self._question.answer()

    def _answered(self, result: CommandResult) -> Outcome:
        outcome = outcome_of(result)
        self._seen = max(self._seen, outcome.engine_seq)
        return outcome

    async def _ask(self) -> Horizon:
        try:
            state = await invoke(self._get_state, GetStateRequest(), limit=STATE_LIMIT)
        except Refusal as refusal:
            if refusal.reason not in _SILENT:
                raise
            return Horizon(self._seen, certain=False)
        return Horizon(EngineSeq(state.durable_seq), certain=True)


class SharedQuestion:
    """Asks one question at a time; each answer serves all who came before it was asked."""

    def __init__(self, ask: Callable[[], Awaitable[Horizon]]) -> None:
        self._ask = ask
        self._one_at_a_time = asyncio.Lock()
        self._asked = 0
        self._answered = 0
        self._answer = Horizon(EngineSeq(0), certain=False)

    async def answer(self) -> Horizon:
        """Return the answer to a question that was asked after this call; raises what asking raises."""
        asked_before = self._asked
        async with self._one_at_a_time:
            if self._answered <= asked_before:
                self._asked += 1
                question = self._asked
                self._answer = await self._ask()
                self._answered = question
            return self._answer


class InstrumentMirror:
    """The port `Instruments`: what the engine's snapshot and the events after it say of instruments.

    1. What it has heard of it knows for good, also while the engine is gone: instruments are never taken away.
    2. Asked for one that it has not heard of, it first makes sure that it has heard all: it waits until it has come as
       far as the engine was when the question came.
    3. What it hears it tells, before anybody can ask for it.
    """

    def __init__(
        self, horizon: Callable[[], Awaitable[Horizon]], tell: Callable[[Instrument], None] | None = None
    ) -> None:
        self._horizon = horizon
        self._tell = tell
        self._by_symbol: dict[str, Instrument] = {}
        self._by_id: dict[InstrumentId, Instrument] = {}
        self._assets: dict[int, AssetName] = {}
        self._complete = False
        self._heard = 0
        self._news = asyncio.Event()

    async def with_symbol(self, symbol: str) -> Instrument:
        """Return the instrument; raises `UnknownInstrument`, or `Unavailable` if that cannot be made sure of."""
        if symbol not in self._by_symbol:
            await self._hear()
        if symbol not in self._by_symbol:
            raise UnknownInstrument(symbol)
        return self._by_symbol[symbol]

    async def with_id(self, instrument_id: InstrumentId) -> Instrument:
        """Return the instrument of an order that the engine told; raises `Unavailable` if it is not heard of."""
        if instrument_id not in self._by_id:
            await self._hear()
        return self._by_id[instrument_id]

    async def asset(self, asset_id: int) -> AssetName:
        """Return the asset that the engine named; raises `Unavailable` if it is not heard of."""
        if asset_id not in self._assets:
            await self._hear()
        return self._assets[asset_id]

    async def check(self) -> None:
        """Raise `Unavailable` unless the engine is being followed."""
        if not self._complete:
            raise _behind()

    async def follow(self, events: OpenEvents, backoff: Backoff) -> None:
        """Listen to the engine for ever, each time from a snapshot: it is small, so that no position need be kept.

        market_data has its own way, because a book that is shown must resume without a hole and never go back.
        """
        wanted = EventsRequest(snapshot=SnapshotStart(), instruments_only=True, pause_ms=HEAR_PAUSE_MS)
        while True:
            try:
                async with aclosing(events(wanted)) as responses:
                    async for response in responses:
                        backoff.reset()
                        self.take(response)
            except (Refusal, PeerFailed) as error:
                _log.warning("instruments_wait", error=str(error))
            self.lose()
            await backoff.pause()

    def take(self, response: EventsResponse) -> None:
        """Learn the instruments that the engine tells of, and how far it is."""
        if response.HasField("snapshot"):
            self._complete = response.snapshot.last
        for listed in _instruments(response):
            self._know(instrument_of(listed))
            for asset in (listed.base, listed.quote):
                self._assets[asset.asset_id] = AssetName(asset.symbol, asset.scale)
        if self._complete:
            self._heard = response.durable_seq
            self._news.set()

    def lose(self) -> None:
        """Keep what is known, but be sure of nothing else."""
        self._complete = False
        self._heard = 0

    def _know(self, instrument: Instrument) -> None:
        self._by_symbol[instrument.scales.symbol] = instrument
        self._by_id[instrument.instrument_id] = instrument
        if self._tell is not None:
            self._tell(instrument)

    async def _hear(self) -> None:
        horizon = await self._horizon()
        if not horizon.certain:
            raise _behind()
        try:
            async with asyncio.timeout(HEAR_LIMIT.total_seconds()):
                while self._heard < horizon.engine_seq:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise _behind() from None


def _instruments(response: EventsResponse) -> Iterator[instrument_pb2.Instrument]:
    for book in response.snapshot.books:
        yield book.instrument
    for block in response.blocks:
        for event in block.events:
            if event.HasField("instrument_updated"):
                yield event.instrument_updated.instrument


def _behind() -> Unavailable:
    return Unavailable("The engine's list of instruments cannot be had right now; retry with the same ids.")
