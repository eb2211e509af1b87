"""Gives each test of wallets an engine with open accounts and an empty ledger."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from services.runtime import migrate
from tests.contract.orders.engines import OPERATOR, Real, list_instrument, operator
from tests.integration.wallets.bank import Bank, Wallets, until
from tests.mesh import Mesh
from tests.unit.orders.samples import ALICE, BOB, BTC_KK99

CALLERS = {
    "wallets": {"methods": ["/exchange.engine.v1.EngineService/*"], "commands": ["transfer_in"]},
    OPERATOR: {"methods": ["/exchange.engine.v1.AdminService/*"]},
}


@pytest.fixture
async def bank(tmp_path: Path, postgres: str, redis_url: str) -> AsyncIterator[Bank]:
    """Give a bank with a running engine, a listed instrument and two open accounts, both empty."""
    await migrate.apply(postgres, migrate.folder_of("wallets"))
    mesh = Mesh(tmp_path, CALLERS)
    bank = Bank(mesh, Real(mesh, tmp_path / "engine"), postgres, redis_url)
    await bank.start_engine()
    async with operator(mesh, bank.engine_port) as channel:
        await list_instrument(channel, BTC_KK99)
        for account in (ALICE, BOB):
            opened = admin.OpenAccountRequest(account_id=account, taker_fee_ppm=1_000, maker_fee_ppm=500)
            await AdminServiceStub(channel).OpenAccount(opened)
    yield bank
    await bank.stop_engine()


@pytest.fixture
async def wallets(bank: Bank) -> AsyncIterator[Wallets]:
    """Give the running service, once it knows the assets that the engine lists."""
    async with bank.wallets() as running, bank.database() as tables:
        await until(tables, "SELECT 1 FROM assets")
        yield running
