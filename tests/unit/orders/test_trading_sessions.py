"""What a gateway tells the engine of its sessions."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.kernel.clock import ManualClock
from services.kernel.entropy import SeededEntropy
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Unavailable
from services.orders.errors import SessionNotOpen
from services.orders.model.request import Outcome
from services.orders.model.session import NewSession, SessionDraft
from services.orders.model.words import DisconnectScope
from services.orders.usecases.trading_sessions import EPOCHS_AT_ONCE, TradingSessions
from tests.unit.orders.samples import ALICE, BOB


class Ears:
    """An engine that hears what it is told of sessions; the contract suite holds the real one to the same answers."""

    def __init__(self) -> None:
        self.reachable = True
        self.knows_gateway = False
        self.opened: list[NewSession] = []
        self.kept: list[tuple[int, ...]] = []
        self.ended: list[tuple[AccountId, int, bool]] = []
        self.told = asyncio.Event()

    async def open_session(self, session: NewSession) -> Outcome:
        if not self.knows_gateway:
            return self._answer("UNKNOWN_GATEWAY")
        self.opened.append(session)
        return self._answer("", len(self.opened))

    async def keep_gateway(self, gateway_id: int, lease_ms: int, epochs: Sequence[int]) -> Outcome:
        self.knows_gateway = True
        self.kept.append(tuple(epochs))
        return self._answer("")

    async def end_session(self, account_id: AccountId, epoch: int, *, closed: bool) -> Outcome:
        known = self._answer("")
        self.ended.append((account_id, epoch, closed))
        self.told.set()
        return known

    def _answer(self, reason: str, engine_seq: int = 9) -> Outcome:
        if not self.reachable:
            raise Unavailable("The engine does not answer.")
        return Outcome(EngineSeq(engine_seq), reason, replayed=False, order=None, fills=())


class World:
    def __init__(self) -> None:
        self.engine = Ears()
        self.clock = ManualClock()
        self.sessions = TradingSessions(self.engine, self.clock, SeededEntropy(1))


@pytest.fixture
def world() -> World:
    return World()


def draft(session_id: int | None = None, account: AccountId = ALICE) -> SessionDraft:
    return SessionDraft(account, session_id, DisconnectScope.SESSION, grace_ms=1_000, heartbeat_timeout_ms=3_000)


async def test_the_first_session_makes_the_gateway_known(world: World) -> None:
    held = await world.sessions.open(draft())
    assert world.engine.kept == [()]
    assert held.session.epoch == 1
    assert 0 < held.session.session_id < 2**63


async def test_no_session_begins_on_a_lease_that_is_about_to_end(world: World) -> None:
    await world.sessions.open(draft(7))
    world.clock.advance(timedelta(seconds=2))
    await world.sessions.open(draft(8))
    assert world.engine.kept == [()]
    world.clock.advance(timedelta(milliseconds=1))
    await world.sessions.open(draft(9))
    assert world.engine.kept == [(), ()]


async def test_who_was_heard_is_told_once(world: World) -> None:
    held = await world.sessions.open(draft())
    world.sessions.hear(held)
    world.sessions.hear(held)
    await world.sessions.keep()
    await world.sessions.keep()
    assert world.engine.kept == [(), (1,), ()]


async def test_many_are_told_in_parts(world: World) -> None:
    for number in range(1, EPOCHS_AT_ONCE + 2):
        world.sessions.hear(await world.sessions.open(draft(number)))
    await world.sessions.keep()
    assert [len(each) for each in world.engine.kept] == [0, EPOCHS_AT_ONCE, 1]


async def test_who_was_heard_while_the_engine_was_away_is_told_when_it_is_back(world: World) -> None:
    world.sessions.hear(await world.sessions.open(draft()))
    world.engine.reachable = False
    with pytest.raises(Unavailable):
        await world.sessions.keep()
    world.engine.reachable = True
    await world.sessions.keep()
    assert world.engine.kept[-1] == (1,)


async def test_a_session_taken_over_replaces_the_one_before(world: World) -> None:
    before = await world.sessions.open(draft(7))
    after = await world.sessions.open(draft(7))
    assert before.replaced.is_set()
    assert not after.replaced.is_set()
    assert world.sessions.find(ALICE, 7) is after
    await world.sessions.lose(before)
    assert world.sessions.find(ALICE, 7) is after


async def test_what_was_closed_lost_or_is_anothers_is_not_open(world: World) -> None:
    closed, lost = await world.sessions.open(draft(7)), await world.sessions.open(draft(8))
    await world.sessions.close(closed)
    await world.sessions.lose(lost)
    await world.sessions.open(draft(9, BOB))
    for number in (7, 8, 9):
        with pytest.raises(SessionNotOpen):
            world.sessions.find(ALICE, number)
    assert world.engine.ended == [(ALICE, 1, True), (ALICE, 2, False)]


async def test_a_loss_that_cannot_be_told_is_told_once_it_can(world: World) -> None:
    held = await world.sessions.open(draft(7))
    world.sessions.hear(held)
    world.engine.reachable = False
    await world.sessions.lose(held)
    with pytest.raises(Unavailable):
        await world.sessions.keep()
    world.engine.reachable = True
    await world.sessions.keep()
    await world.sessions.keep()
    assert world.engine.kept[-1] == ()
    assert world.engine.ended == [(ALICE, 1, False)]


async def test_a_loss_that_silence_has_told_is_told_no_more(world: World) -> None:
    held = await world.sessions.open(draft(7))
    world.engine.reachable = False
    await world.sessions.lose(held)
    world.clock.advance(timedelta(minutes=1))
    world.engine.reachable = True
    await world.sessions.keep()
    assert world.engine.ended == []


async def test_a_silent_session_is_forgotten_once_the_engine_has_given_it_up(world: World) -> None:
    held = await world.sessions.open(draft(7))
    world.clock.advance(timedelta(milliseconds=3_001))
    assert held.is_silent(world.clock.monotonic_ns())
    world.sessions.find(ALICE, 7)
    world.clock.advance(timedelta(seconds=6))
    with pytest.raises(SessionNotOpen):
        world.sessions.find(ALICE, 7)
    await world.sessions.keep()
    assert not world.sessions._held
