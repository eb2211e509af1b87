"""When the engine is told that a stream has ended: once all that came before it has been answered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

from exchange.engine.v1.command_pb2 import CommandResult
from exchange.engine.v1.engine_service_pb2 import SubmitResponse
from services.orders.entry.room import Room
from services.orders.entry.server import OrderEntryServer
from services.orders.entry.submitter import Results
from services.runtime import call
from services.runtime.call import Caller
from tests.unit.orders.test_entry_stream import BATCH, CALLER, OPENING, parts
from tests.unit.orders.test_trading_sessions import Ears

A_WHILE_S = 0.05
ANSWER = SubmitResponse(results=[CommandResult(engine_seq=1)]).SerializeToString(), (1, 2, 0)


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.results: Results = asyncio.get_running_loop().create_future()

    def submit(self, _commands: bytes, _count: int, _mode: int) -> Results:
        self.asked.set()
        return self.results


class Client:
    """Sends a batch, and takes what comes."""

    async def messages(self) -> AsyncIterator[bytes]:
        yield OPENING
        yield BATCH
        await asyncio.get_running_loop().create_future()

    async def write(self, _answer: bytes) -> None:
        """Take it."""


async def test_the_engine_hears_of_the_end_after_it_has_answered_what_came_before() -> None:
    engine, ears = Slow(), Ears()
    server = OrderEntryServer(parts(cast("Any", engine), Room(1_000_000), ears), timedelta(seconds=1))
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(server.report_losses())
        serving = group.create_task(served(server))
        await engine.asked.wait()
        serving.cancel()
        await asyncio.wait([telling], timeout=A_WHILE_S)
        assert ears.ended == []
        engine.results.set_result(ANSWER)
        async with asyncio.timeout(1):
            await ears.told.wait()
        telling.cancel()
    assert [(account, closed) for account, _, closed in ears.ended] == [(CALLER.account_id, False)]


async def served(server: OrderEntryServer) -> None:
    """Serve one stream, as a call of its own."""
    call.begin(
        call.Call(
            method="OrderEntry",
            request_id="r",
            deadline=None,
            streaming=True,
            draining=asyncio.Event(),
            peer="edge",
            client_address="127.0.0.1",
            caller=CALLER,
            admit=admitted,
        )
    )
    client = Client()
    await server.OrderEntry(client.messages(), cast("Any", client))


async def admitted() -> Caller:
    """Let the caller in once more."""
    return CALLER
