"""The ledger and the real core, side by side: whatever is ordered, no asset appears or vanishes between them."""

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.engine.v1.command_pb2 import CancelOrder, Command, PlaceOrder
from exchange.engine.v1.engine_service_pb2 import EventsResponse, QueryResponse
from services.engine import _core
from services.kernel.ids import AccountId, AssetId, RequestId
from services.wallets import convert
from services.wallets.model import AccountKind, LedgerAccount, TransferState
from services.wallets.usecases.book_blocks import book_blocks, trading_account
from tests.fakes.ledger import LedgerFake
from tests.unit.engine.test_conservation import (
    ACCOUNTS,
    ASSETS,
    FEES,
    apply,
    cancels,
    fresh_engine,
    listing,
    placements,
)

STRANGER = 77
"""An account that nobody opened: what is sent to it comes back."""

Fund = tuple[int, int, int]
funds = st.tuples(st.sampled_from((*ACCOUNTS, STRANGER)), st.sampled_from(ASSETS), st.integers(1, 1_000_000_000))
steps = st.lists(st.one_of(placements, placements, cancels, funds), max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_the_ledger_mirrors_the_engine_to_the_unit(script: list[PlaceOrder | CancelOrder | Fund]) -> None:
    with fresh_engine() as engine:
        asyncio.run(_play(engine, script))


async def _play(engine: _core.Engine, script: list[PlaceOrder | CancelOrder | Fund]) -> None:
    ledger = LedgerFake()
    commands = listing()
    for command in commands:
        apply(engine, command)
    at = await _book(ledger, engine, 0, len(commands))
    for number, step in enumerate(script):
        apply(engine, await _command(ledger, number, step))
        at = await _book(ledger, engine, at, at + 1)
        _adds_up(ledger)
    await _agree(ledger, engine)


async def _command(ledger: LedgerFake, number: int, step: PlaceOrder | CancelOrder | Fund) -> Command:
    match step:
        case PlaceOrder():
            return Command(place_order=step)
        case CancelOrder():
            return Command(cancel_order=step)
        case (account_id, asset_id, amount):
            asset = (await ledger.assets())[AssetId(asset_id)]
            transfer, _ = await ledger.request_in(AccountId(account_id), asset, amount, RequestId(str(number)))
            return convert.transfer_command(transfer)


async def _book(ledger: LedgerFake, engine: _core.Engine, after: int, upto: int) -> int:
    """Book what the engine published, with no difference to its own totals."""
    while engine.published() < upto:
        engine.durable()
    at, response = engine.read_events(after, 1 << 30)
    blocks = [convert.block_of(0, 1, block) for block in EventsResponse.FromString(response).blocks]
    assert not await book_blocks(ledger, blocks)
    return at


def _adds_up(ledger: LedgerFake) -> None:
    sums: Counter[int] = Counter()
    for account, entries in ledger.entries.items():
        sums[account.asset_id] += sum(entry.amount for entry in entries)
    assert not any(sums.values())


async def _agree(ledger: LedgerFake, engine: _core.Engine) -> None:
    """Every balance of the engine is in the ledger, and nothing is left on its way."""
    for account in (FEES, *ACCOUNTS):
        found = engine.query(account)
        assert found is not None
        inside = {b.asset_id: b.available + b.held for b in QueryResponse.FromString(found[1]).balances}
        for asset_id in ASSETS:
            mirror = trading_account(AccountId(account), AssetId(asset_id))
            assert (await ledger.balances([mirror]))[mirror] == inside.get(asset_id, 0)
    assert all(transfer.state is not TransferState.REQUESTED for transfer in ledger.transfers.values())
    for account_id in (*ACCOUNTS, STRANGER):
        assert await ledger.in_transit(AccountId(account_id)) == {}
    stranger = [LedgerAccount(AccountKind.TRADING, AccountId(STRANGER), AssetId(asset_id)) for asset_id in ASSETS]
    assert not any((await ledger.balances(stranger)).values())
