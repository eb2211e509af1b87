"""The rows that C++ makes of the engine's blocks say what the plain reading of them says."""

from random import Random

import pytest

from exchange.engine.v1 import account_events_pb2, engine_events_pb2, order_pb2
from exchange.engine.v1.engine_events_pb2 import Event, EventBlock
from services.orders import _history
from services.orders.consumer import REASONS, rows_of
from services.orders.convert.events import UNKNOWN_REASON, reason_name
from services.orders.convert.private_events import parted
from services.orders.convert.private_events import private_events as private_events_of
from services.orders.model.account_stream import VENUE_ACCOUNTS
from tests.contract.orders.history_blocks import order_of_model
from tests.fakes.history_reading import EVENTS_A_RUN, OWNERS, changes_of, private_events
from tests.unit.orders.samples import BTC_KK99, order

KINDS = {field.name: field.message_type for field in Event.DESCRIPTOR.fields}


def read(copy: bytes) -> list[list[bytes | None]]:
    """Read rows in the form of PostgreSQL's binary COPY."""
    rows, place = [], 19
    while (columns := int.from_bytes(copy[place : place + 2], "big", signed=True)) != -1:
        place += 2
        row: list[bytes | None] = []
        for _ in range(columns):
            length = int.from_bytes(copy[place : place + 4], "big", signed=True)
            place += 4 + max(length, 0)
            row.append(None if length == -1 else copy[place - length : place])
        rows.append(row)
    assert place + 2 == len(copy)
    return rows


def number(value: bytes | None) -> int:
    assert value is not None
    return int.from_bytes(value, "big", signed=True)


def signed(value: int) -> int:
    """Read 64 bits as the signed number that PostgreSQL takes them for."""
    return value - 2**64 if value >= 2**63 else value


def blocks(random: Random, count: int) -> list[EventBlock]:
    """Make blocks of every kind of event, private or not, of a few accounts and orders."""
    made, seqs, versions = [], dict.fromkeys(range(1, 6), 0), dict.fromkeys(range(1, 40), 0)
    for engine_seq in range(1, count + 1):
        block = EventBlock(engine_seq=engine_seq, engine_time_ns=engine_seq * 1_000)
        for _ in range(random.randrange(0, 6)):
            add_event(block.events.add(), random, seqs, versions)
        made.append(block)
    return made


def add_event(event: Event, random: Random, seqs: dict[int, int], versions: dict[int, int]) -> None:
    kind = random.choice(list(KINDS))
    account_id = random.choice([0, 1, 2, 3, 4, 5, VENUE_ACCOUNTS + 1])
    if kind in OWNERS:
        seqs[account_id] = seqs.get(account_id, 0) + 1
    body = getattr(event, kind)
    body.SetInParent()
    if kind == "order_updated":
        order_id = random.choice(list(versions))
        versions[order_id] += random.choice([1, 1, 2])
        body.order.CopyFrom(order_of_model(order(order_id, account_id=account_id, version=versions[order_id])))
        body.account_seq = seqs[account_id]
        if random.random() < 0.5:
            body.fill.CopyFrom(order_pb2.Fill(trade_id=random.randrange(1, 2**63), price=-5, fee=7, liquidity=2))
    elif kind == "prevented_match":
        body.maker_account_id = body.taker_account_id = account_id
        body.maker_account_seq = body.taker_account_seq = seqs[account_id]
    elif kind == "trade_busted":
        body.trade_id = random.randrange(1, 2**63)
    elif kind == "instrument_updated":
        body.instrument.CopyFrom(BTC_KK99)
        body.instrument.instrument_id = random.randrange(1, 5)
    elif kind in OWNERS:
        body.account_id, body.account_seq = account_id, seqs[account_id]


def owners_of_fills(blocks: list[EventBlock]) -> list[tuple[int, int, int, int]]:
    """Read whose fills these are, in the order of their events: account, instrument, side, acceptance."""
    updates = [event.order_updated for block in blocks for event in block.events if event.HasField("order_updated")]
    orders = [update.order for update in updates if update.HasField("fill")]
    return [(signed(each.account_id), each.instrument_id, each.side, each.accepted_time_ns) for each in orders]


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_those_of_the_plain_reading(seed: int) -> None:
    told = blocks(Random(seed), 2_000)  # noqa: S311 - a seeded test
    rows, changes = rows_of(3, 4, told), changes_of(3, 4, told)
    tables = {name: read(getattr(rows, name).copy) for name in COLUMNS}
    for name, table in tables.items():
        assert len(table) == getattr(rows, name).rows
        assert {len(row) for row in table} == {len(getattr(_history, COLUMNS[name]))}
    assert {number(row[0]) for row in tables["entered"] + tables["changed"]} == {o.order_id for o in changes.orders}
    version = _history.CHANGED_COLUMNS.index("version")
    known = {order.order_id: order.version for order in changes.orders}
    assert all(number(row[version]) == known[number(row[0])] for row in tables["changed"])  # type: ignore[index]
    assert [[number(value) for value in row] for row in tables["fills"]] == [
        [
            each.order_id, each.fill.trade_id, each.fill.price, each.fill.quantity, each.fill.notional, each.fill.fee,
            each.fill.liquidity, each.event.engine_seq * 1_000, each.event.shard, each.event.epoch,
            each.event.engine_seq, each.event.index, *owner,
        ]
        for each, owner in zip(changes.fills, owners_of_fills(told), strict=True)
    ]  # fmt: skip
    assert [[number(value) for value in row] for row in tables["busts"]] == [
        [each.trade_id, each.time_ns, each.event.shard, each.event.epoch, each.event.engine_seq, each.event.index]
        for each in changes.busts
    ]
    assert [(*map(number, row[:4]), row[4]) for row in tables["runs"]] == [
        (run.account_id, run.first_seq, run.last_seq, run.time_ns, run.events) for run in changes.runs
    ]
    assert (rows.runs.first_time_ns, rows.runs.last_time_ns) == (
        min(run.time_ns for run in changes.runs),
        max(run.time_ns for run in changes.runs),
    )
    assert all(list(parted(run.account_id, run.events)) for run in changes.runs)
    assert rows.instruments == changes.instruments


@pytest.mark.parametrize("seed", range(5))
def test_private_events_are_those_of_the_plain_reading(seed: int) -> None:
    for block in blocks(Random(seed), 2_000):  # noqa: S311 - a seeded test
        events, lists_instruments = private_events_of(block)
        assert events == list(private_events(block))
        assert lists_instruments == any(event.HasField("instrument_updated") for event in block.events)


COLUMNS = {
    "entered": "ENTERED_COLUMNS",
    "changed": "CHANGED_COLUMNS",
    "fills": "FILL_COLUMNS",
    "runs": "RUN_COLUMNS",
    "busts": "BUST_COLUMNS",
}


def test_an_order_is_entered_if_its_first_event_is_there() -> None:
    entering, changing = order(1, version=1), order(2, version=2)
    block = EventBlock(engine_seq=1, engine_time_ns=1)
    for each in (entering, changing, order(1, version=2)):
        block.events.add().order_updated.order.CopyFrom(order_of_model(each))
    rows = rows_of(0, 1, [block])
    assert [number(row[0]) for row in read(rows.entered.copy)] == [1]
    assert [number(row[0]) for row in read(rows.changed.copy)] == [2]


def test_a_run_has_only_so_many_events() -> None:
    assert _history.EVENTS_A_RUN == EVENTS_A_RUN


def test_refusals_are_written_by_name() -> None:
    assert REASONS[:2] == ["", "INVALID_FIELD"]
    assert REASONS[-1] == UNKNOWN_REASON
    assert all(reason_name(number) == name for number, name in enumerate(REASONS))


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match="not a block"):
        _history.rows_of([b"\x1a\xff"], 0, 1, REASONS)


def test_a_prevented_match_of_two_accounts_is_in_the_runs_of_both() -> None:
    match = engine_events_pb2.PreventedMatch(
        maker_account_id=4, taker_account_id=5, maker_account_seq=8, taker_account_seq=8
    )
    moved = account_events_pb2.PositionChanged(account_id=5, account_seq=9)
    events = [Event(prevented_match=match), Event(position_changed=moved)]
    told = [EventBlock(engine_seq=1, engine_time_ns=1, events=events)]
    assert [tuple(map(number, row[:3])) for row in read(rows_of(0, 1, told).runs.copy)] == [(4, 8, 8), (5, 8, 9)]
