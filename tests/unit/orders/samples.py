"""An instrument and orders to test with."""

from dataclasses import replace
from typing import Any

from exchange.engine.v1 import command_pb2, instrument_pb2
from exchange.type.v1 import instrument_pb2 as type_instrument_pb2
from services.kernel.ids import AccountId, ClientOrderId, OrderId
from services.orders.convert.events import instrument_of
from services.orders.model.order import Order, OrderRef
from services.orders.model.request import AmendDraft, Draft, MassCancelDraft
from services.orders.model.words import EndReason, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce
from tests.fakes.engine import EngineFake

ALICE, BOB, STRANGER = AccountId(1001), AccountId(1002), AccountId(1999)

BTC = instrument_pb2.Asset(asset_id=2, symbol="BTC", scale=8)
KK99 = instrument_pb2.Asset(asset_id=1, symbol="KK99", scale=6)

BTC_KK99 = instrument_pb2.Instrument(
    instrument_id=7,
    symbol="BTC-KK99",
    asset_class=type_instrument_pb2.ASSET_CLASS_CRYPTO,
    base=BTC,
    quote=KK99,
    price_scale=2,
    quantity_scale=4,
    tick=1,
    lot=1,
    min_quantity=1,
    max_quantity=1_000_000_000,
    min_notional=1_000_000,
    max_notional=10**15,
    market_protection_bps=500,
    phase=type_instrument_pb2.TRADING_PHASE_CONTINUOUS,
)
INSTRUMENT = instrument_of(BTC_KK99)


def draft(**changes: Any) -> Draft:
    """Write an order to buy 0.5 BTC at 100.00; `changes` are fields of it."""
    plain = Draft(
        account_id=ALICE,
        client_order_id=ClientOrderId("one"),
        symbol="BTC-KK99",
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price="100.00",
        quantity="0.5",
        quote_budget="",
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_MAKER,
        valid_until_ns=None,
    )
    return replace(plain, **changes)


def amend_draft(order: OrderRef, **changes: Any) -> AmendDraft:
    """Write a change of one of Alice's orders; `changes` are fields of it."""
    nothing = AmendDraft(
        account_id=ALICE,
        order=order,
        symbol=None,
        quantity="",
        price="",
        display_quantity="",
        expire_time_ns=None,
        trigger_price="",
        expected_version=0,
        request_id=None,
        valid_until_ns=None,
    )
    return replace(nothing, **changes)


def mass_cancel_draft(**filters: Any) -> MassCancelDraft:
    """Write a request to cancel all of Alice's orders; `filters` are fields of it."""
    everything = MassCancelDraft(
        account_id=ALICE, symbol=None, side=None, session_id=None, tag=None, request_id=None, valid_until_ns=None
    )
    return replace(everything, **filters)


def open_market(engine: EngineFake) -> None:
    """List BTC-KK99, open two accounts, and give each 1,000,000 KK99 and 1,000 BTC."""
    engine.apply(command_pb2.Command(create_instrument=command_pb2.CreateInstrument(instrument=BTC_KK99)))
    for account in (ALICE, BOB):
        opened = command_pb2.OpenAccount(account_id=account, taker_fee_ppm=1_000, maker_fee_ppm=500)
        engine.apply(command_pb2.Command(open_account=opened))
    funds = [(account, asset) for account in (ALICE, BOB) for asset in ((KK99, 10**12), (BTC, 10**11))]
    for transfer_seq, (account, (asset, amount)) in enumerate(funds, start=1):
        transfer = command_pb2.TransferIn(
            transfer_seq=transfer_seq, account_id=account, asset_id=asset.asset_id, amount=amount
        )
        engine.apply(command_pb2.Command(transfer_in=transfer))


def order(order_id: int = 1, **changes: Any) -> Order:
    """Write the resting order that `draft` becomes; `changes` are fields of it."""
    plain = Order(
        order_id=OrderId(order_id),
        account_id=ALICE,
        client_order_id=ClientOrderId("one"),
        instrument_id=INSTRUMENT.instrument_id,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.CANCEL_MAKER,
        price=10_000,
        quantity=5_000,
        quote_budget=0,
        cum_quantity=0,
        leaves_quantity=5_000,
        prevented_quantity=0,
        cancelled_quantity=0,
        cum_notional=0,
        cum_fee=0,
        status=OrderStatus.NEW,
        end_reason=EndReason.NONE,
        reject_reason="",
        version=1,
        accepted_time_ns=1_700_000_000_000_000_001,
        updated_time_ns=1_700_000_000_000_000_002,
    )
    return replace(plain, **changes)
