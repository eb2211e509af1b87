"""One stream of order entry: what a client says, in its order, and what it is answered, in the same order.

1. The first message opens the session. From then on at most UNANSWERED messages are on their way; beyond it, and while
   all streams together have no room, the stream is not read.
2. Answers leave in the order of the messages. Who does not take one within WRITE_LIMIT is cut off: LIMIT_EXCEEDED.
3. A stream that ends without `close` has lost its session, whatever the cause; the server tells the engine, once it has
   answered what came before: else it would refuse that for a session that is over, and its ids would be used up.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Never, TypeAlias

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import orders_service_pb2
from services.kernel.clock import Clock
from services.kernel.refusal import FieldViolation, InvalidField, LimitExceeded, Refusal
from services.orders._codec import Batch, BatchFault, Codec, MessageKind, read_message
from services.orders.convert import messages, requests
from services.orders.entry.room import Room
from services.orders.entry.submitter import BatchSubmitter, Results
from services.orders.entry.words import RefusedItem, Words, refusal_of_batch
from services.orders.model.rates import Cost
from services.orders.model.session import SessionDraft
from services.orders.ports import Instruments
from services.orders.rates import SharedRates
from services.orders.turns import Hops
from services.orders.usecases.trading_sessions import HeldSession, TradingSessions
from services.runtime.call import Caller
from services.runtime.refusals import status_of
from services.runtime.validation import FieldRules, unreadable

UNANSWERED = 16
"""Most messages of a stream that wait for their answer to be taken."""

OPEN_LIMIT = timedelta(seconds=10)
"""How long a client may take to open its session."""

WRITE_LIMIT = timedelta(seconds=10)
"""How long a client may leave an answer untaken."""

ANSWER_FACTOR = 8
"""An answer is at most about so many times as long as its batch: what a message takes of the room."""

Write: TypeAlias = Callable[[bytes], Awaitable[None]]

_HEARTBEAT = pb.OrderEntryResponse(heartbeat=pb.OrderEntryHeartbeat()).SerializeToString()


@dataclass(frozen=True, slots=True)
class Parts:
    """What all streams of a process share."""

    codec: Codec
    words: Words
    fields: FieldRules
    instruments: Instruments
    sessions: TradingSessions
    submitter: BatchSubmitter
    room: Room
    rates: SharedRates
    clock: Clock
    hops: Hops


@dataclass(slots=True)
class _Answer:
    """What follows in the stream: bytes that are ready, a batch whose results may still come, or the end.

    It takes so many bytes of the room; nothing if it answers no message.
    """

    taken: int | None = 0
    ready: bytes = b""
    batch: Batch | None = None
    results: "Results | None" = None
    received_ns: int = 0
    closes: bool = False
    ends: Refusal | None = None


class EntryStream:
    """Serves one client."""

    def __init__(self, parts: Parts, caller: Caller, write: Write) -> None:
        self._parts = parts
        self._caller = caller
        self._account_id = caller.account_id
        self._write = write
        self._places = asyncio.Semaphore(UNANSWERED)
        self._answers: asyncio.Queue[_Answer | None] = asyncio.Queue()
        self._on_their_way: set[Results] = set()
        self._taken = self._received_ns = 0
        self._end: asyncio.Future[Never] = asyncio.get_running_loop().create_future()
        self.held: HeldSession | None = None
        self.closed = False

    async def serve(self, incoming: AsyncIterator[bytes]) -> None:
        """Serve the stream to its end; raises the refusal that it ends with."""
        try:
            await self._open(incoming)
            async with asyncio.TaskGroup() as group:
                ended = group.create_task(self._until_ended())
                group.create_task(self._read(incoming))
                await self._write_answers()
                ended.cancel()
        finally:
            self._leave()

    def end(self, refusal: Refusal) -> None:
        """End the stream with a refusal."""
        if not self._end.done():
            self._end.set_exception(refusal)

    async def settled(self) -> None:
        """Wait until the engine has answered all that it was sent, or is lost."""
        if self._on_their_way:
            await asyncio.wait(self._on_their_way)

    def go_away(self, reason: str, at_ns: int) -> None:
        """Tell the client that the stream will end."""
        by = Timestamp()
        by.FromNanoseconds(at_ns)
        going = pb.GoingAway(reason=reason_pb2.Reason.Value(f"REASON_{reason}"), reconnect_by=by)
        told = pb.OrderEntryResponse(going_away=going).SerializeToString()
        self._answers.put_nowait(_Answer(taken=None, ready=told))

    async def _until_ended(self) -> None:
        await self._end

    async def _open(self, incoming: AsyncIterator[bytes]) -> None:
        try:
            async with asyncio.timeout(OPEN_LIMIT.total_seconds()):
                first = await anext(incoming, b"")
        except TimeoutError:
            raise _out_of_turn() from None
        kind, body = read_message(first)
        if kind is not MessageKind.OPEN_SESSION:
            raise _out_of_turn()
        self.held = await self._parts.sessions.open(self._draft_of(body))
        opened = pb.OrderEntryResponse(session_opened=messages.session_response(self.held.session))
        await self._write(opened.SerializeToString())

    def _draft_of(self, body: bytes) -> SessionDraft:
        try:
            asked = orders_service_pb2.OpenSessionRequest.FromString(body)
        except DecodeError as error:
            raise unreadable() from error
        self._parts.fields.check(asked)
        return requests.session_draft_of(asked, self._account_id)

    async def _read(self, incoming: AsyncIterator[bytes]) -> None:
        """Send what comes on its way; what cannot be read ends the stream, once all before it is answered."""
        try:
            async for message in incoming:
                self._received_ns = self._parts.clock.now_ns()
                await self._places.acquire()
                self._answers.put_nowait(answer := await self._taken_up(message))
                if answer.closes:
                    return
        except Refusal as refusal:
            self._answers.put_nowait(_Answer(ends=refusal))
        finally:
            self._answers.put_nowait(None)

    async def _taken_up(self, message: bytes) -> _Answer:
        assert self.held is not None
        self._parts.sessions.hear(self.held)
        kind, body = read_message(message)
        if kind is MessageKind.BATCH:
            return await self._batch_taken_up(body)
        if kind is MessageKind.HEARTBEAT:
            await self._pay(Cost(messages=1))
            return _Answer(ready=_HEARTBEAT)
        if kind is MessageKind.CLOSE:
            return _Answer(closes=True)
        raise unreadable() if kind is MessageKind.UNREADABLE else _out_of_turn()

    async def _batch_taken_up(self, body: bytes) -> _Answer:
        """Send a batch to the engine."""
        taken = len(body) * ANSWER_FACTOR
        await self._parts.room.take(taken)
        self._taken += taken
        batch = self._batch_of(body)
        try:
            if batch.unknown_symbols:
                batch = await self._heard_again(batch, body)
            await self._pay(_cost_of(batch))
            if batch.fault is not BatchFault.NONE:
                raise refusal_of_batch(batch.fault)
            if not batch.command_count:
                return _Answer(taken, batch=batch)
            results = self._parts.submitter.submit(batch.commands, batch.command_count, batch.mode)
            self._on_their_way.add(results)
            results.add_done_callback(self._settle)
            return _Answer(taken, batch=batch, results=results, received_ns=self._received_ns)
        except Refusal as refusal:
            return _Answer(taken, ready=_refused_batch(batch.correlation_id, refusal))

    def _settle(self, results: Results) -> None:
        self._on_their_way.discard(results)
        results.exception()  # nobody else may be left to look at it

    async def _pay(self, cost: Cost) -> None:
        """Take what a message costs; raises `RateLimited`, and nothing is taken."""
        (await self._parts.rates.take(self._account_id, self._caller.session_id, cost)).require()

    def _batch_of(self, body: bytes) -> Batch:
        assert self.held is not None
        return Batch(
            self._parts.codec,
            body,
            account_id=self._account_id,
            session_id=self.held.session.session_id,
            now_ns=self._received_ns,
        )

    async def _heard_again(self, batch: Batch, body: bytes) -> Batch:
        """Read a batch anew once all has been heard of the instruments that it names."""
        try:
            await self._parts.instruments.with_symbol(batch.unknown_symbols[0])
        except Refusal as refusal:
            if refusal.reason != "UNKNOWN_INSTRUMENT":
                raise
        return self._batch_of(body)

    async def _write_answers(self) -> None:
        while (answer := await self._answers.get()) is not None:
            if answer.ends is not None:
                raise answer.ends
            await self._deliver(await self._content_of(answer))
            if answer.taken is not None:
                self._parts.room.give_back(answer.taken)
                self._taken -= answer.taken
                self._places.release()
            if answer.closes:
                return

    async def _deliver(self, content: bytes) -> None:
        try:
            async with asyncio.timeout(WRITE_LIMIT.total_seconds()):
                await self._write(content)
        except TimeoutError:
            raise LimitExceeded(
                f"The client took no answer for {WRITE_LIMIT.total_seconds():.0f} s; read faster, or ask for less."
            ) from None

    async def _content_of(self, answer: _Answer) -> bytes:
        if answer.closes:
            return await self._close()
        if answer.batch is None:
            return answer.ready
        try:
            if answer.results is not None:
                results, turn = await asyncio.shield(answer.results)
                answer.batch.answer(results, turn)
                self._parts.hops.measure(answer.received_ns, *turn[:2], self._parts.clock.now_ns())
        except Refusal as refusal:
            return _refused_batch(answer.batch.correlation_id, refusal)
        for refused in answer.batch.refused():
            item = RefusedItem(*refused)
            status = status_of(self._parts.words.of(item, self._account_id))
            answer.batch.explain(item.place, status.SerializeToString())
        return answer.batch.write()

    async def _close(self) -> bytes:
        assert self.held is not None
        engine_seq = await self._parts.sessions.close(self.held)
        self.closed = True
        closed = orders_service_pb2.CloseSessionResponse(engine_seq=str(engine_seq))
        return pb.OrderEntryResponse(session_closed=closed).SerializeToString()

    def _leave(self) -> None:
        """Let go of what was on its way: its outcome is for the engine to know, and for a repeat to learn."""
        self._parts.room.give_back(self._taken)
        self._end.cancel()


def _cost_of(batch: Batch) -> Cost:
    """Count what a batch takes: one that only cancels needs nothing else, as the calls for its items do not."""
    only_cancels = batch.cancel_count > 0 and not batch.order_count
    return Cost(orders=batch.order_count, cancels=batch.cancel_count, messages=0 if only_cancels else 1)


def _refused_batch(correlation_id: int, refusal: Refusal) -> bytes:
    result = pb.OrderBatchResult(correlation_id=correlation_id, refusal=status_of(refusal))
    return pb.OrderEntryResponse(batch=result).SerializeToString()


def _out_of_turn() -> InvalidField:
    sentence = "The first message of a stream opens its session, within ten seconds, and no other does."
    return InvalidField([FieldViolation("open_session", sentence)])
