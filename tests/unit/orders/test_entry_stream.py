"""A client that takes no answers is cut off, and nothing that was on its way for it stays behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from exchange.engine.v1.command_pb2 import CommandResult
from exchange.engine.v1.engine_service_pb2 import SubmitResponse
from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.kernel.clock import ManualClock
from services.kernel.entropy import SeededEntropy
from services.kernel.ids import SessionId, UserId
from services.kernel.refusal import LimitExceeded
from services.orders.entry import stream as stream_module
from services.orders.entry.room import Room
from services.orders.entry.stream import UNANSWERED, EntryStream, Parts
from services.orders.entry.submitter import Results
from services.orders.entry.words import KnownInstruments, Words
from services.orders.model.rates import Usage
from services.orders.turns import Hops
from services.orders.usecases.trading_sessions import TradingSessions
from services.runtime.call import Caller
from services.runtime.validation import FieldRules
from tests.fakes.orders import InstrumentsFake
from tests.unit.orders.entry_samples import codec
from tests.unit.orders.samples import ALICE, INSTRUMENT
from tests.unit.orders.test_codec_requests import place
from tests.unit.orders.test_trading_sessions import Ears

OPENING = pb.OrderEntryRequest(open_session={"scope": t.DISCONNECT_SCOPE_OFF}).SerializeToString()
BATCH = pb.OrderEntryRequest(
    batch=pb.OrderBatch(correlation_id=1, items=[pb.OrderItem(place_order=place())])
).SerializeToString()
CALLER = Caller(UserId(UUID(int=1)), ALICE, frozenset({"orders:write"}), SessionId(UUID(int=2)))


class Engine:
    """Answers each command at once."""

    def __init__(self) -> None:
        self.batches = 0

    def submit(self, _commands: bytes, count: int, _mode: int) -> Results:
        self.batches += 1
        answer: Results = asyncio.get_running_loop().create_future()
        results = SubmitResponse(results=[CommandResult(engine_seq=1)] * count).SerializeToString()
        answer.set_result((results, (self.batches, self.batches + 1, 0)))
        return answer


class Generous:
    """Lets everything through."""

    async def take(self, *_: object) -> Usage:
        return Usage([], 0.0)


class Client:
    """Sends without end, and takes so many answers and no more."""

    def __init__(self, takes: int) -> None:
        self.sent = 0
        self.taken: list[bytes] = []
        self._takes = takes

    async def messages(self) -> AsyncIterator[bytes]:
        yield OPENING
        while True:
            self.sent += 1
            yield BATCH

    async def write(self, answer: bytes) -> None:
        if len(self.taken) == self._takes:
            await asyncio.get_running_loop().create_future()
        self.taken.append(answer)


def parts(engine: Engine, room: Room, ears: Ears | None = None) -> Parts:
    known, clock = KnownInstruments(), ManualClock()
    known.know(INSTRUMENT)
    return Parts(
        codec=codec(),
        words=Words(known),
        fields=FieldRules(),
        instruments=InstrumentsFake(INSTRUMENT),
        sessions=TradingSessions(ears or Ears(), clock, SeededEntropy(1)),
        submitter=cast("Any", engine),
        room=room,
        rates=cast("Any", Generous()),
        clock=clock,
        hops=Hops(CollectorRegistry()),
    )


async def test_a_client_that_takes_nothing_is_held_up_and_then_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "WRITE_LIMIT", timedelta(milliseconds=50))
    engine, room, client = Engine(), Room(1_000_000), Client(takes=3)
    stream = EntryStream(parts(engine, room), CALLER, client.write)
    with pytest.raises(ExceptionGroup) as caught:
        await stream.serve(client.messages())
    assert [type(each) for each in caught.value.exceptions] == [LimitExceeded]
    assert len(client.taken) == 3
    assert engine.batches <= 2 + UNANSWERED
    assert client.sent <= engine.batches + 1
    assert room.taken_bytes == 0
