"""Operators' calls are commands in the journal; refusals carry the core's reason; reads are durable."""

from contextlib import suppress

import grpc
from google.protobuf.message import Message

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_command_pb2 import (
    ActivateRules,
    BustTrade,
    DeliverTrades,
    ExerciseOption,
    ExpireInstrument,
    FeeTier,
    RollPositions,
    SetAccount,
    SetFeeSchedule,
    SetMarginParameters,
    SetMarkPrice,
    SetPhase,
    SettleFuture,
    SetValueDate,
    UpdateInstrument,
)
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.engine_service_pb2 import GetStateRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.engine.v1.instrument_pb2 import Instrument
from exchange.type.v1.instrument_pb2 import TRADING_PHASE_HALT
from exchange.type.v1.order_pb2 import SIDE_BUY
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


async def last_command(channel: grpc.aio.Channel) -> int:
    return (await EngineServiceStub(channel).GetState(GetStateRequest())).engine_seq


DAY = 20_261_126
COMMANDS: dict[str, Message] = {
    "UpdateInstrument": admin.UpdateInstrumentRequest(update=UpdateInstrument(instrument=BTC_KK99)),
    "SetPhase": admin.SetPhaseRequest(phase=SetPhase(instrument_id=1, phase=TRADING_PHASE_HALT)),
    "SetMarkPrice": admin.SetMarkPriceRequest(prices=SetMarkPrice(instrument_id=1, mark_price=0)),
    "SetAccount": admin.SetAccountRequest(account=SetAccount(account_id=BUYER, fee_tier=1)),
    "SetMarginParameters": admin.SetMarginParametersRequest(
        parameters=SetMarginParameters(
            instrument_id=1, initial_margin_ppm=100_000, maintenance_margin_ppm=50_000, max_leverage=10
        )
    ),
    "SetFeeSchedule": admin.SetFeeScheduleRequest(
        schedule=SetFeeSchedule(fee_schedule_id=1, tiers=[FeeTier(taker_fee_ppm=1_000, maker_fee_ppm=-100)])
    ),
    "SettleFuture": admin.SettleFutureRequest(
        settlement=SettleFuture(instrument_id=1, settlement_price=-1, trading_date=DAY)
    ),
    "ExpireInstrument": admin.ExpireInstrumentRequest(
        expiry=ExpireInstrument(instrument_id=1, final_price=-1, trading_date=DAY)
    ),
    "ExerciseOption": admin.ExerciseOptionRequest(
        exercise=ExerciseOption(account_id=BUYER, instrument_id=1, quantity=1, trading_date=DAY, request_id="r")
    ),
    "ActivateRules": admin.ActivateRulesRequest(rules=ActivateRules(version=2)),
    "BustTrade": admin.BustTradeRequest(
        trade=BustTrade(
            trade_id=1,
            instrument_id=1,
            price=1,
            quantity=1,
            taker_side=SIDE_BUY,
            maker_account_id=BUYER,
            taker_account_id=BUYER,
            value_time_ns=1,
        )
    ),
    "RollPositions": admin.RollPositionsRequest(roll=RollPositions(instrument_id=1, trading_date=DAY)),
    "SetValueDate": admin.SetValueDateRequest(value_date=SetValueDate(instrument_id=1, value_date=DAY)),
    "DeliverTrades": admin.DeliverTradesRequest(delivery=DeliverTrades(instrument_id=1, value_date=DAY)),
}
"""One request for each method that gives a command, right by the rules of its fields."""


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


async def test_every_command_of_operators_reaches_the_core(engine: Process, mesh: Mesh) -> None:
    async with mesh.channel(OPERATOR, engine.server.port) as channel:
        for method in admin.DESCRIPTOR.services_by_name["AdminService"].methods:
            before = await last_command(channel)
            request = COMMANDS.get(method.name)
            if request is None:
                assert method.name in ("OpenAccount", "CreateInstrument", "TakeSnapshot")
                continue
            with suppress(grpc.aio.AioRpcError):  # applied or refused: what counts is that the core was asked
                await getattr(AdminServiceStub(channel), method.name)(request)
            assert await last_command(channel) == before + 1, method.name


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
