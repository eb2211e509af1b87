"""Keeps the trading sessions that come by this gateway: opens them, tells the engine who was heard, ends them.

1. What happens to a session that nobody hears of is the engine's to decide, in its own time; here nothing is cancelled.
2. The gateway lives as long as it renews its lease. If this process dies, the engine loses all its sessions at once. So
   none is opened on a lease that may be about to end.
3. Each session here is the newest connection of its number, as far as this process knows; the one that it replaces is
   told.
4. What fell silent for so long that the engine has given it up is forgotten here too, so the tables are bounded by what
   the engine lets be open.
5. A loss that cannot be told is told again with each lease, for silence would tell of it minutes later.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Never

from services.kernel.clock import Clock, ns_of
from services.kernel.entropy import Entropy
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Refusal, Unavailable
from services.orders.errors import SessionNotOpen
from services.orders.model.request import Outcome
from services.orders.model.session import NewSession, OpenSession, SessionDraft
from services.orders.ports import SessionEngine
from services.orders.relayed import refusal_of_account
from services.orders.usecases.translate import valid_until

KEEP = timedelta(seconds=1)
"""How often the engine is told that this gateway lives, and whom it has heard from."""

LEASE_MS = 5_000
"""How long the engine takes this gateway to live without another word."""

FRESH = timedelta(seconds=2)
"""A lease that was renewed so lately does not end before it is renewed again."""

EPOCHS_AT_ONCE = 1_024

_NS_PER_MS = 1_000_000


@dataclass(slots=True, eq=False)
class HeldSession:
    """A session that came by this gateway; `replaced` is set when another connection has taken its number over."""

    session: OpenSession
    heard_ns: int
    replaced: asyncio.Event = field(default_factory=asyncio.Event)

    def is_silent(self, now_ns: int) -> bool:
        """Tell whether nothing was heard of it for longer than it may be silent."""
        return now_ns - self.heard_ns > self.session.heartbeat_timeout_ms * _NS_PER_MS

    def is_given_up(self, now_ns: int) -> bool:
        """Tell whether the engine has given it up by now."""
        grace_ns = (self.session.grace_ms + LEASE_MS) * _NS_PER_MS
        return self.is_silent(now_ns - grace_ns)


class TradingSessions:
    """The sessions of one gateway."""

    def __init__(self, engine: SessionEngine, clock: Clock, entropy: Entropy) -> None:
        self._engine = engine
        self._clock = clock
        self._entropy = entropy
        self._gateway_id = self._draw()
        self._held: dict[tuple[AccountId, int], HeldSession] = {}
        self._heard: dict[int, None] = {}
        self._untold: set[HeldSession] = set()
        self._kept_ns: int | None = None

    async def open(self, draft: SessionDraft) -> HeldSession:
        """Open a session, or take it over. Raises what the engine refuses, and `Unavailable`."""
        new = self._new(draft)
        if not self._is_fresh():
            await self._keep(())
        outcome = await self._engine.open_session(new)
        opened = OpenSession(
            new.account_id, new.session_id, _engine_seq(outcome), new.grace_ms, new.heartbeat_timeout_ms
        )
        return self._hold(opened)

    def hear(self, held: HeldSession) -> None:
        """Note that the owner of a session is there."""
        held.heard_ns = self._clock.monotonic_ns()
        self._heard[held.session.epoch] = None

    def find(self, account_id: AccountId, session_id: int) -> HeldSession:
        """Return a session that is open here; raises `SessionNotOpen`."""
        held = self._held.get((account_id, session_id))
        if held is None or held.is_given_up(self._clock.monotonic_ns()):
            raise SessionNotOpen
        return held

    async def close(self, held: HeldSession) -> EngineSeq:
        """Close a session: nothing is cancelled. Raises `SessionNotOpen`, `Unavailable`."""
        outcome = await self._engine.end_session(held.session.account_id, held.session.epoch, closed=True)
        self._forget(held)
        return _engine_seq(outcome)

    async def lose(self, held: HeldSession) -> None:
        """Tell the engine that the connection of a session is lost, now or as soon as it can be told."""
        self._forget(held)
        self._untold.add(held)
        await self._tell_loss(held)

    async def keep_for_ever(self) -> Never:
        """Renew the lease, and pass on who was heard, for ever."""
        while True:
            with suppress(Refusal):  # the engine cannot be reached: who was heard meanwhile is told of once it can
                await self.keep()
            await self._clock.sleep(KEEP)

    async def keep(self) -> None:
        """Renew the lease, and pass on who was heard and who was lost. Raises `Unavailable`."""
        now_ns = self._clock.monotonic_ns()
        for held in [each for each in self._held.values() if each.is_given_up(now_ns)]:
            self._forget(held)
        self._untold = {each for each in self._untold if not each.is_given_up(now_ns)}
        await self._pass_on_heard()
        async with asyncio.TaskGroup() as group:
            for held in self._untold:
                group.create_task(self._tell_loss(held))

    async def _pass_on_heard(self) -> None:
        while True:
            epochs = tuple(islice(self._heard, EPOCHS_AT_ONCE))
            await self._keep(epochs)
            for epoch in epochs:
                self._heard.pop(epoch, None)
            if not self._heard:
                return

    async def _tell_loss(self, held: HeldSession) -> None:
        with suppress(Refusal):
            await self._engine.end_session(held.session.account_id, held.session.epoch, closed=False)
            self._untold.discard(held)

    def _is_fresh(self) -> bool:
        """Tell whether the lease will hold, even if the engine could not be reached for a while."""
        return self._kept_ns is not None and self._clock.monotonic_ns() - self._kept_ns <= ns_of(FRESH)

    async def _keep(self, epochs: Sequence[int]) -> None:
        asked_ns = self._clock.monotonic_ns()
        outcome = await self._engine.keep_gateway(self._gateway_id, LEASE_MS, epochs)
        if outcome.reason:
            raise Unavailable("The engine has no place for this gateway; retry.")
        self._kept_ns = asked_ns

    def _new(self, draft: SessionDraft) -> NewSession:
        return NewSession(
            account_id=draft.account_id,
            session_id=self._draw() if draft.session_id is None else draft.session_id,
            gateway_id=self._gateway_id,
            connection_id=self._draw(),
            scope=draft.scope,
            grace_ms=draft.grace_ms,
            heartbeat_timeout_ms=draft.heartbeat_timeout_ms,
            valid_until_ns=valid_until(None, self._clock.now_ns()),
        )

    def _hold(self, session: OpenSession) -> HeldSession:
        key = (session.account_id, session.session_id)
        before = self._held.get(key)
        if before is not None:
            before.replaced.set()
        self._held[key] = HeldSession(session, self._clock.monotonic_ns())
        return self._held[key]

    def _forget(self, held: HeldSession) -> None:
        key = (held.session.account_id, held.session.session_id)
        if self._held.get(key) is held:
            del self._held[key]
        self._heard.pop(held.session.epoch, None)

    def _draw(self) -> int:
        """Return a number that nobody guesses: not 0, and one that a signed integer holds."""
        return max(int.from_bytes(self._entropy.take(8), "little") >> 1, 1)


def _engine_seq(outcome: Outcome) -> EngineSeq:
    if outcome.reason == SessionNotOpen.reason:
        raise SessionNotOpen
    if outcome.reason:
        raise refusal_of_account(outcome)
    return outcome.engine_seq
