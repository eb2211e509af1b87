"""What every store of TWAPs promises: the one in memory, which unit tests use, and the one in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.kernel.ids import ClientOrderId, EngineSeq, OrderId
from services.kernel.money import INT64_MAX
from services.orders.model.history import OPEN, OrderFilter, OrderKey, OrderQuery, Span
from services.orders.model.order import Schedule, twap_order_id
from services.orders.model.request import DraftTerms, MassCancel
from services.orders.model.twap import SliceOutcome, Stop, Twap, settled, sliced, stopped
from services.orders.model.words import EndReason, SelfTradePrevention, Side
from services.orders.ports import Twaps
from services.orders.twap_store import TwapStore
from services.runtime import migrate, postgres
from tests.fakes.twaps import TwapsFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT
from tests.unit.orders.twap_samples import NS_PER_S, START_NS, TEN_SLICES, new_twap

FINGERPRINT = 2**64 - 5


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else request.getfixturevalue("postgres")


@pytest.fixture
async def twaps(dsn: str | None) -> AsyncIterator[Twaps]:
    if dsn is None:
        yield TwapsFake()
        return
    await migrate.apply(dsn, migrate.folder_of("orders"))
    async with postgres.connect(dsn) as pool:
        yield TwapStore(pool)


async def entered(twaps: Twaps, name: str = "one", engine_seq: int = 10, **changes: Any) -> Twap:
    asked = new_twap(client_order_id=ClientOrderId(name), **changes)
    twap, fresh = await twaps.enter(asked, FINGERPRINT, EngineSeq(engine_seq), START_NS)
    assert fresh
    return twap


async def test_what_is_entered_comes_back_as_it_was_asked(twaps: Twaps) -> None:
    terms = DraftTerms(
        reduce_only=True, tag=2**32 - 1, session_id=2**63 - 1, survive_disconnect=True, schedule=TEN_SLICES
    )
    twap = await entered(
        twaps, side=Side.SELL, price="", self_trade_prevention=SelfTradePrevention.DECREMENT, terms=terms
    )
    assert await twaps.find(ALICE, ClientOrderId("one")) == twap
    assert await twaps.find(ALICE, twap_order_id(twap.twap_id)) == twap
    assert (twap.side, twap.price, twap.quantity, twap.fingerprint) == (Side.SELL, 0, 1_000, FINGERPRINT)
    assert (twap.schedule, twap.scales, twap.start_ns) == (TEN_SLICES, INSTRUMENT.scales, START_NS)
    assert (twap.terms.tag, twap.terms.session_id, twap.terms.survive_disconnect) == (2**32 - 1, 2**63 - 1, True)


async def test_an_id_enters_once_however_many_try_at_once(twaps: Twaps) -> None:
    tries = (twaps.enter(new_twap(), FINGERPRINT, EngineSeq(10), START_NS + n) for n in range(5))
    answers = await asyncio.gather(*tries)
    assert sorted(fresh for _, fresh in answers) == [False] * 4 + [True]
    assert len({twap.twap_id for twap, _ in answers}) == 1


@pytest.mark.parametrize("number", [twap_order_id(99), OrderId(2**63), OrderId(2**64 - 1)])
async def test_what_is_not_there_or_not_the_accounts_is_none(twaps: Twaps, number: OrderId) -> None:
    twap = await entered(twaps)
    assert await twaps.find(ALICE, number) is None
    assert await twaps.find(BOB, twap_order_id(twap.twap_id)) is None
    assert await twaps.find(BOB, ClientOrderId("one")) is None


async def test_a_slice_goes_its_way_and_what_it_did_is_counted_once(twaps: Twaps) -> None:
    twap = await entered(twaps)
    asked = await twaps.change(twap.twap_id, lambda each: sliced(each, INSTRUMENT, START_NS))
    assert await twaps.find(ALICE, ClientOrderId("one")) == asked
    assert asked.on_its_way is not None
    outcome = SliceOutcome(0, 100, OrderId(5), cum_quantity=60, cum_notional=7, cum_fee=1, reason="")
    once = await twaps.change(twap.twap_id, lambda each: settled(each, outcome, START_NS + 1), outcome)
    again = await twaps.change(twap.twap_id, lambda each: settled(each, outcome, START_NS + 2), outcome)
    assert again == once == await twaps.find(ALICE, ClientOrderId("one"))
    assert (once.cum_quantity, once.cum_notional, once.cum_fee, once.sent) == (60, 7, 1, 1)


async def test_changes_of_one_come_one_after_the_other(twaps: Twaps) -> None:
    twap = await entered(twaps)
    seen = [
        twaps.change(twap.twap_id, lambda each: replace(each, seen_seq=each.seen_seq + 1, version=each.version + 1))
        for _ in range(8)
    ]
    await asyncio.gather(*seen)
    after = await twaps.find(ALICE, ClientOrderId("one"))
    assert after is not None
    assert (after.seen_seq, after.version) == (8, 9)


async def test_open_ones_are_due_in_their_order(twaps: Twaps) -> None:
    first, second = await entered(twaps, "one"), await entered(twaps, "two")
    done = SliceOutcome(0, 100, OrderId(1), cum_quantity=10)
    await twaps.change(first.twap_id, lambda each: sliced(each, INSTRUMENT, START_NS))
    await twaps.change(first.twap_id, lambda each: settled(each, done, START_NS), done)
    assert [twap.twap_id for twap in await twaps.due(START_NS, 10)] == [second.twap_id]
    later = START_NS + 30 * NS_PER_S
    assert [twap.twap_id for twap in await twaps.due(later, 10)] == [second.twap_id, first.twap_id]
    assert len(await twaps.due(later, 1)) == 1
    await twaps.change(second.twap_id, lambda each: stopped(each, Stop(EndReason.REQUESTED, "c1"), later))
    assert [twap.twap_id for twap in await twaps.due(later, 10)] == [first.twap_id]
    assert (await twaps.count_open(ALICE), await twaps.count_open(BOB), await twaps.count_open()) == (1, 0, 1)


async def test_they_are_listed_newest_first(twaps: Twaps) -> None:
    numbers = [(await entered(twaps, f"t{n}")).twap_id for n in range(4)]
    await twaps.change(numbers[1], lambda each: stopped(each, Stop(EndReason.REQUESTED), START_NS))

    async def listed(after: OrderKey | None = None, limit: int = 10, **filters: Any) -> list[int]:
        query = OrderQuery(OrderFilter(**{"account_id": ALICE} | filters), after, limit)
        return [twap.twap_id for twap in await twaps.list(query)]

    assert await listed() == numbers[::-1]
    assert await listed(limit=2) == numbers[:1:-1]
    assert await listed((START_NS, twap_order_id(numbers[2]))) == [numbers[1], numbers[0]]
    assert await listed((START_NS, OrderId(5))) == []
    assert await listed((START_NS + 1, OrderId(5))) == numbers[::-1]
    assert await listed(statuses=tuple(OPEN)) == [numbers[3], numbers[2], numbers[0]]
    place = (INT64_MAX, twap_order_id(numbers[2]))
    assert await listed(place) == numbers[::-1]
    assert await listed(place, statuses=tuple(OPEN)) == [numbers[0]]  # by number alone
    for nothing in ({"symbol": "ETH-KK99"}, {"account_id": BOB}, {"side": Side.SELL}, {"tag": 1}, {"session_id": 1}):
        assert await listed(**nothing) == []
    assert await listed(span=Span(START_NS, START_NS + 1)) == numbers[::-1]
    assert await listed(span=Span(until_ns=START_NS)) == []


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["buy", "sell"]),
        ({"side": Side.SELL}, ["sell"]),
        ({"tag": 1}, ["buy"]),
        ({"session_id": 7}, ["sell"]),
        ({"instrument": INSTRUMENT}, ["buy", "sell"]),
        ({"instrument": replace(INSTRUMENT, instrument_id=8)}, []),
        ({"side": Side.SELL, "tag": 1}, []),
    ],
)
async def test_a_mass_cancel_meets_what_matches_all_that_is_given(
    twaps: Twaps, filters: dict[str, Any], names: list[str]
) -> None:
    schedule = Schedule(300, 30)
    await entered(twaps, "buy", terms=DraftTerms(tag=1, schedule=schedule))
    await entered(twaps, "sell", side=Side.SELL, terms=DraftTerms(session_id=7, schedule=schedule))
    await entered(twaps, "later", engine_seq=21)
    fields = {"instrument": None, "side": None, "session_id": None, "tag": None} | filters
    cancel = MassCancel(ALICE, **fields, request_id=None, valid_until_ns=0)
    met = await twaps.matching(cancel, EngineSeq(20))
    assert [twap.client_order_id for twap in met] == names
    for twap in met:
        stop = Stop(EndReason.MASS_CANCEL, engine_seq=EngineSeq(20))
        await twaps.change(twap.twap_id, lambda each, stop=stop: stopped(each, stop, START_NS))  # type: ignore[misc]
    assert [twap.client_order_id for twap in await twaps.matching(cancel, EngineSeq(20))] == names
    later = await twaps.matching(MassCancel(ALICE, None, None, None, None, None, 0), EngineSeq(30))
    assert {twap.client_order_id for twap in later} == {"buy", "sell", "later"} - set(names)
