"""Operators' calls are commands in the journal; refusals carry the core's reason; reads are durable."""

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.engine_service_pb2 import GetStateRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.engine.v1.instrument_pb2 import Instrument
from services.engine.app import build
from services.engine.settings import EngineSettings
from services.runtime.run import Process, running
from tests.contract.engine.market import OPERATOR, ORDERS, account, open_market
from tests.contract.runtime.wire import refused
from tests.mesh import Mesh
from tests.unit.engine.samples import BTC_KK99, BUYER, FUNDS


def changed(**fields: object) -> Instrument:
    instrument = Instrument()
    instrument.CopyFrom(BTC_KK99)
    for name, value in fields.items():
        setattr(instrument, name, value)
    return instrument


async def test_the_same_call_again_answers_the_same(engine: Process, mesh: Mesh) -> None:
    await open_market(mesh, engine.server.port)
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        asset, amount = FUNDS[BUYER]
        assert [(each.asset_id, each.available) for each in (await account(channel, BUYER)).balances] == [
            (asset, amount)
        ]


async def test_other_properties_are_a_conflict(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(OPERATOR, engine.server.port) as channel:
        stub = AdminServiceStub(channel)
        seen = await refused(stub.CreateInstrument(admin.CreateInstrumentRequest(instrument=changed(tick=2))))
        assert (seen.code, seen.reason) == (grpc.StatusCode.ALREADY_EXISTS, "INSTRUMENT_CONFLICT")
        seen = await refused(stub.OpenAccount(admin.OpenAccountRequest(account_id=BUYER, taker_fee_ppm=7)))
        assert (seen.code, seen.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ACCOUNT_CONFLICT")


async def test_an_instrument_against_the_listing_rules_is_refused(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(OPERATOR, engine.server.port) as channel:
        instrument = changed(instrument_id=2, symbol="X-KK99", price_scale=9, quantity_scale=8)
        request = admin.CreateInstrumentRequest(instrument=instrument)
        seen = await refused(AdminServiceStub(channel).CreateInstrument(request))
        assert (seen.code, seen.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INSTRUMENT_INVALID")


async def test_an_asset_number_that_the_ledger_cannot_hold_is_refused(engine: Process, mesh: Mesh) -> None:
    instrument = changed(instrument_id=2, symbol="X-KK99")
    instrument.base.asset_id = 2**31
    async with mesh.channel(OPERATOR, engine.server.port) as channel:
        request = admin.CreateInstrumentRequest(instrument=instrument)
        seen = await refused(AdminServiceStub(channel).CreateInstrument(request))
        assert (seen.code, seen.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_services_may_not_do_what_operators_do(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        seen = await refused(AdminServiceStub(channel).OpenAccount(admin.OpenAccountRequest(account_id=9)))
        assert (seen.code, seen.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")


async def test_an_unknown_account_is_refused(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(ORDERS, engine.server.port) as channel:
        seen = await refused(account(channel, 404))
        assert (seen.code, seen.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "UNKNOWN_ACCOUNT")


async def test_a_snapshot_is_where_the_next_start_begins(mesh: Mesh, settings: EngineSettings) -> None:
    async with running("engine", settings, build) as engine:
        await open_market(mesh, engine.server.port)
        async with mesh.channel(OPERATOR, engine.server.port) as channel:
            taken = await AdminServiceStub(channel).TakeSnapshot(admin.TakeSnapshotRequest())
    async with running("engine", settings, build) as engine, mesh.channel(OPERATOR, engine.server.port) as channel:
        state = await EngineServiceStub(channel).GetState(GetStateRequest(with_state_hash=True))
        unasked = await EngineServiceStub(channel).GetState(GetStateRequest())
    assert taken.engine_seq == state.snapshot_seq == state.engine_seq == 5
    assert taken.state_hash == state.state_hash != 0
    assert unasked.state_hash == 0  # it would hold up trading
