"""No command sequence creates or destroys an asset: holds, the fee account and what is in transit included."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.engine.v1.command_pb2 import (
    CancelOrder,
    Command,
    CreateInstrument,
    OpenAccount,
    PlaceOrder,
    TransferIn,
    TransferOut,
)
from exchange.engine.v1.engine_service_pb2 import EventsResponse, QueryResponse, SubmitRequest, SubmitResponse
from exchange.engine.v1.instrument_pb2 import Instrument
from exchange.type.v1 import order_pb2 as t
from services.engine import _core
from tests.unit.engine.samples import BTC_KK99

START_NS = 1_700_000_000_000_000_000
EVERY_KIND = 0b1111_1110
FEES = 0
ACCOUNTS = (1, 2, 3)
ASSETS = (1, 2)
Transfer = tuple[bool, int, int, int]

placements = st.builds(
    PlaceOrder,
    account_id=st.sampled_from(ACCOUNTS),
    client_order_id=st.sampled_from("abcdefgh"),
    instrument_id=st.sampled_from((1, 1, 1, 9)),
    side=st.sampled_from((t.SIDE_BUY, t.SIDE_SELL)),
    type=st.sampled_from((t.ORDER_TYPE_LIMIT, t.ORDER_TYPE_LIMIT, t.ORDER_TYPE_MARKET)),
    time_in_force=st.sampled_from((t.TIME_IN_FORCE_GTC, t.TIME_IN_FORCE_IOC, t.TIME_IN_FORCE_FOK)),
    post_only=st.booleans(),
    self_trade_prevention=st.integers(0, 4),
    price=st.integers(0, 12).map(lambda n: n * 1_000),
    quantity=st.integers(0, 40_000),
    quote_budget=st.sampled_from((0, 0, 0, 150_000_000)),
    valid_until_ns=st.just(START_NS + 10**9),
    fingerprint=st.integers(0, 3),
)
cancels = st.builds(
    CancelOrder,
    account_id=st.sampled_from(ACCOUNTS),
    client_order_id=st.sampled_from("abcdefgh"),
    valid_until_ns=st.just(START_NS + 10**9),
)
transfers = st.tuples(st.booleans(), st.sampled_from(ACCOUNTS), st.sampled_from(ASSETS), st.integers(1, 1_000_000_000))
steps = st.lists(st.one_of(placements, placements, cancels, transfers), max_size=60)


def listing() -> list[Command]:
    """List the instrument and open accounts with fees, two of them in one self-trade group."""
    instrument = Instrument()
    instrument.CopyFrom(BTC_KK99)
    opened = [
        OpenAccount(account_id=account, self_trade_group_id=account % 2 + 1, taker_fee_ppm=1_003, maker_fee_ppm=501)
        for account in ACCOUNTS
    ]
    return [
        Command(create_instrument=CreateInstrument(instrument=instrument)),
        *(Command(open_account=each) for each in opened),
    ]


def command_of(step: PlaceOrder | CancelOrder | Transfer, transfer_seq: int) -> Command:
    match step:
        case PlaceOrder():
            return Command(place_order=step)
        case CancelOrder():
            return Command(cancel_order=step)
        case (True, account, asset, amount):
            fields = TransferIn(transfer_seq=transfer_seq, account_id=account, asset_id=asset, amount=amount)
            return Command(transfer_in=fields)
        case (_, account, asset, amount):
            taken = TransferOut(transfer_seq=transfer_seq, account_id=account, asset_id=asset, amount=amount)
            return Command(transfer_out=taken)


def apply(engine: _core.Engine, command: Command) -> SubmitResponse:
    _, answer = engine.apply(SubmitRequest(commands=[command]).SerializeToString(), START_NS, EVERY_KIND)
    return SubmitResponse.FromString(answer)


def held(engine: _core.Engine) -> Counter[int]:
    """Sum what all accounts have of each asset; nothing is below zero."""
    total: Counter[int] = Counter()
    for account in (FEES, *ACCOUNTS):
        found = engine.query(account)
        assert found is not None
        for balance in QueryResponse.FromString(found[1]).balances:
            assert balance.available >= 0
            assert balance.held >= 0
            total[balance.asset_id] += balance.available + balance.held
    return total


@contextmanager
def fresh_engine() -> Iterator[_core.Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = _core.Engine(folder=folder, journal_segment_bytes=1 << 16)
        try:
            yield engine
        finally:
            engine.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_what_all_accounts_hold_is_what_came_in_less_what_went_out(
    script: list[PlaceOrder | CancelOrder | Transfer],
) -> None:
    with fresh_engine() as engine:
        for command in listing():
            assert not apply(engine, command).results[0].reason
        expected: Counter[int] = Counter()
        transfer_seq = 1
        for step in script:
            command = command_of(step, transfer_seq)
            response = apply(engine, command)
            assert not response.reason
            if isinstance(step, tuple):
                transfer_seq += 1
                came_in, _, asset, amount = step
                if not response.results[0].reason:
                    expected[asset] += amount if came_in else -amount
            assert +held(engine) == +expected


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_the_events_tell_every_change_of_every_balance(script: list[PlaceOrder | CancelOrder | Transfer]) -> None:
    with fresh_engine() as engine:
        transfer_seq = 1
        for command in listing():
            apply(engine, command)
        last = len(listing())
        for step in script:
            apply(engine, command_of(step, transfer_seq))
            transfer_seq += isinstance(step, tuple)
            last += 1
        while engine.published() < last:
            engine.durable()
        told: Counter[int] = Counter()
        at, response = engine.read_events(0, 1 << 30)
        assert at == last
        for block in EventsResponse.FromString(response).blocks:
            for event in block.events:
                told[event.balance_changed.asset_id] += event.balance_changed.amount
        del told[0]
        assert +told == +held(engine)
