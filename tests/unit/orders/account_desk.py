"""A feed of private events without an engine, and subscribers of it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from exchange.engine.v1.engine_events_pb2 import BalanceChanged, Event
from exchange.orders.v1.account_stream_pb2 import StreamAccountResponse
from services.kernel.clock import ManualClock
from services.kernel.ids import AccountId, EngineSeq
from services.orders.convert.account_messages import AccountMessages
from services.orders.model.account_stream import Names, Places, PrivateEvent
from services.orders.model.instrument import AssetName
from services.orders.usecases.account_feed import AccountFeed
from services.orders.usecases.recent_events import RecentEvents
from services.orders.usecases.stream_account import StreamAccount
from tests.fakes.accounts import AccountHistoryFake, AccountStatesFake
from tests.unit.orders.samples import ALICE, BTC, BTC_KK99, INSTRUMENT, KK99

EPOCH = 3
PATIENCE_S = 5.0


def names() -> Names:
    known = Names()
    known.instruments[BTC_KK99.instrument_id] = INSTRUMENT.scales
    known.assets.update({asset.asset_id: AssetName(asset.symbol, asset.scale) for asset in (BTC, KK99)})
    return known


def private_event(account_seq: int, engine_seq: int = 1, account_id: AccountId = ALICE) -> PrivateEvent:
    """Write a change of a balance of KK99, the amount of which is the event's number."""
    change = BalanceChanged(
        account_id=account_id, asset_id=KK99.asset_id, kind=3, amount=account_seq, account_seq=account_seq
    )
    content = Event(balance_changed=change).SerializeToString()
    return PrivateEvent(account_id, account_seq, EngineSeq(engine_seq), 1_000, content)


class Desk:
    """Accounts whose events come one with each command; the history has what `write_down` wrote."""

    def __init__(self, max_bytes: int = 1 << 20, max_subscribers: int = 10) -> None:
        self.clock = ManualClock()
        self.feed = AccountFeed(RecentEvents(max_bytes), self.clock, max_subscribers)
        self.history = AccountHistoryFake()
        self.states = AccountStatesFake()
        self.states.accounts[ALICE] = 0
        self.streams = StreamAccount(self.feed, self.states, self.history, AccountMessages(names()))
        self._written: list[PrivateEvent] = []
        self.feed.begin(EPOCH, 0)

    def happen(self, count: int = 1, account_id: AccountId = ALICE) -> None:
        """Let so many events happen to an account."""
        for _ in range(count):
            account_seq = self.states.accounts.get(account_id, 0) + 1
            engine_seq = EngineSeq(self.states.engine_seq + 1)
            self.states.accounts[account_id], self.states.engine_seq = account_seq, engine_seq
            event = private_event(account_seq, engine_seq, account_id)
            self._written.append(event)
            self.feed.take(engine_seq, [event])
        self.feed.heard()

    def write_down(self) -> None:
        """Let the history come as far as the engine."""
        self.history.write(self._written, self.states.engine_seq)
        self._written = []

    def restart(self) -> None:
        """Let the gateway start anew: nothing that was before is kept."""
        self.feed.begin(EPOCH, self.states.engine_seq)

    @asynccontextmanager
    async def stream(self, account_id: AccountId = ALICE, resume: int | None = None, epoch: int = EPOCH) -> Any:
        places = None if resume is None else Places(epoch, {account_id: resume})
        async with aclosing(self.streams.follow(account_id, places)) as messages:
            yield Reader(messages)

    @asynccontextmanager
    async def firm(self, firm: AccountId, resume: Mapping[AccountId, int] | None = None) -> Any:
        places = None if resume is None else Places(EPOCH, resume)
        async with aclosing(self.streams.follow(firm, places, whole_firm=True)) as messages:
            yield Reader(messages)


class Reader:
    """One subscriber."""

    def __init__(self, messages: AsyncGenerator[bytes]) -> None:
        self._messages = messages
        self.seqs: list[int] = []
        self.told: dict[AccountId, list[int]] = {}
        """Numbers of the events by account."""

    async def next(self) -> StreamAccountResponse:
        async with asyncio.timeout(PATIENCE_S):
            message = StreamAccountResponse.FromString(await anext(self._messages))
        seqs = [event.account_seq for event in message.events.events]
        self.seqs += seqs
        if seqs:
            self.told.setdefault(AccountId(int(message.account_id)), []).extend(seqs)
        return message

    async def kinds(self, count: int) -> list[str]:
        return [(await self.next()).WhichOneof("message") or "" for _ in range(count)]

    async def until(self, account_seq: int) -> None:
        """Read until that event was told, of whichever account."""
        while (await self.next()).account_seq < account_seq:
            pass
