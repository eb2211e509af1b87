"""The vectors are the definition: another language that computes them computes the same fingerprint."""

from dataclasses import fields, replace
from typing import Any

import pytest

from services.kernel.ids import ClientOrderId, InstrumentId, OrderId, RequestId
from services.orders.fingerprint import fingerprint_of_cancel, fingerprint_of_order
from services.orders.model.order import OrderRef
from services.orders.model.request import Cancel, NewOrder
from services.orders.model.words import OrderType, SelfTradePrevention, Side, TimeInForce
from services.orders.usecases.place_order import translate
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, draft

ORDER = translate(draft(), INSTRUMENT, 0)

MEANING: dict[str, Any] = {
    "instrument": replace(INSTRUMENT, instrument_id=InstrumentId(8)),
    "side": Side.SELL,
    "type": OrderType.MARKET,
    "time_in_force": TimeInForce.FOK,
    "price": 10_001,
    "quantity": 5_001,
    "quote_budget": 1,
    "post_only": True,
    "self_trade_prevention": SelfTradePrevention.DECREMENT,
}
METADATA: dict[str, Any] = {"account_id": BOB, "client_order_id": ClientOrderId("other"), "valid_until_ns": 1}


@pytest.mark.parametrize(
    ("order", "fingerprint"),
    [
        (ORDER, 0x45357BC7A55B76BB),
        (replace(ORDER, price=-1, side=Side.SELL), 0x79D9437A36C97807),
        (
            replace(ORDER, quantity=2**63 - 1, post_only=True, self_trade_prevention=SelfTradePrevention.DECREMENT),
            0x269BA14729A9112F,
        ),
    ],
)
def test_orders(order: NewOrder, fingerprint: int) -> None:
    assert fingerprint_of_order(order) == fingerprint


@pytest.mark.parametrize(
    ("order", "fingerprint"),
    [
        (OrderId(1), 0x8D4F874C404DDE5C),
        (OrderId(2**64 - 1), 0x48CA5776F0888BCD),
        (ClientOrderId("a"), 0x27A36EE34F3F5D3A),
        (ClientOrderId("0123456789abcdefghijklmnopqrstuvwxYZ"), 0x30AB9551DDDE8B66),
    ],
)
def test_cancels(order: OrderRef, fingerprint: int) -> None:
    assert fingerprint_of_cancel(Cancel(ALICE, order, RequestId("r"), 0)) == fingerprint


def test_every_field_of_an_order_is_meaning_or_metadata() -> None:
    assert MEANING.keys() | METADATA.keys() == {field.name for field in fields(NewOrder)}


@pytest.mark.parametrize("field", MEANING)
def test_another_meaning_has_another_fingerprint(field: str) -> None:
    assert fingerprint_of_order(replace(ORDER, **{field: MEANING[field]})) != fingerprint_of_order(ORDER)


@pytest.mark.parametrize("field", METADATA)
def test_metadata_does_not_count(field: str) -> None:
    assert fingerprint_of_order(replace(ORDER, **{field: METADATA[field]})) == fingerprint_of_order(ORDER)


def test_number_and_client_id_are_told_apart() -> None:
    by_number = Cancel(ALICE, OrderId(ord("7")), None, 0)
    by_client_id = Cancel(ALICE, ClientOrderId("7"), None, 0)
    assert fingerprint_of_cancel(by_number) != fingerprint_of_cancel(by_client_id)
