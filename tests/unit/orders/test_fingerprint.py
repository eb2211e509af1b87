"""The vectors are the definition: another language that computes them computes the same fingerprint."""

from dataclasses import fields, replace
from typing import Any

import pytest

from services.kernel.ids import ClientOrderId, InstrumentId, OrderId, RequestId
from services.orders.fingerprint import (
    fingerprint_of_amend,
    fingerprint_of_cancel,
    fingerprint_of_mass_cancel,
    fingerprint_of_order,
)
from services.orders.model.order import OrderRef, Terms
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder
from services.orders.model.words import (
    OrderType,
    PegReference,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)
from services.orders.usecases.translate import translate, translate_amend
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, amend_draft, draft

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
    "terms": Terms(tag=1),
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


def changed(**fields: Any) -> Amend:
    return replace(translate_amend(amend_draft(OrderId(1)), INSTRUMENT, 0), **fields)


def filtered(**fields: Any) -> MassCancel:
    return replace(MassCancel(ALICE, None, None, None, None, RequestId("r"), 0), **fields)


@pytest.mark.parametrize(
    ("amend", "fingerprint"),
    [
        (changed(quantity=4_000), 0x46AC0E6D243148E7),
        (changed(price=-1, expected_version=7), 0x87A332F46F574429),
        (changed(quantity=0, price=0, display_quantity=0, expire_time_ns=0, trigger_price=0), 0x920FB53D02F70032),
    ],
)
def test_amends(amend: Amend, fingerprint: int) -> None:
    assert fingerprint_of_amend(amend) == fingerprint


@pytest.mark.parametrize(
    ("cancel", "fingerprint"),
    [
        (filtered(), 0xD66AD737D54C5575),
        (filtered(instrument=INSTRUMENT, side=Side.SELL), 0xA03BE7BA77A8747A),
        (filtered(session_id=2**64 - 1, tag=0), 0x693E7C872B613BE3),
    ],
)
def test_mass_cancels(cancel: MassCancel, fingerprint: int) -> None:
    assert fingerprint_of_mass_cancel(cancel) == fingerprint


AMENDED: dict[str, Any] = {
    "order": OrderId(2),
    "quantity": 4_000,
    "price": 4_000,
    "display_quantity": 4_000,
    "expire_time_ns": 4_000,
    "trigger_price": 4_000,
    "expected_version": 4_000,
}
FILTERED: dict[str, Any] = {"instrument": INSTRUMENT, "side": Side.BUY, "session_id": 7, "tag": 7}


def test_each_term_of_an_amend_or_a_mass_cancel_has_a_fingerprint_of_its_own() -> None:
    amends = [changed(), *(changed(**{name: value}) for name, value in AMENDED.items())]
    cancels = [filtered(), *(filtered(**{name: value}) for name, value in FILTERED.items())]
    prints = [fingerprint_of_amend(each) for each in amends] + [fingerprint_of_mass_cancel(each) for each in cancels]
    assert len(set(prints)) == len(prints)


def test_every_field_of_an_amend_or_a_mass_cancel_is_meaning_or_metadata() -> None:
    metadata = {"account_id", "request_id", "valid_until_ns"}
    of_the_order = {"instrument"}
    assert AMENDED.keys() | metadata | of_the_order == {field.name for field in fields(Amend)}
    assert FILTERED.keys() | metadata == {field.name for field in fields(MassCancel)}


TERMS: dict[str, Any] = {
    "trigger_price": 0,
    "trigger_reference": TriggerReference.LAST,
    "trailing_ticks": 1,
    "trailing_bps": 1,
    "display_quantity": 1,
    "min_quantity": 1,
    "expire_time_ns": 1,
    "post_only_reprice": True,
    "reduce_only": True,
    "peg_reference": PegReference.MID,
    "peg_offset_ticks": -1,
    "tag": 1,
    "survive_disconnect": True,
}


@pytest.mark.parametrize(
    ("terms", "fingerprint"),
    [
        (Terms(trigger_price=-1, trigger_reference=TriggerReference.MARK), 0x919C2E967C880F63),
        (Terms(trailing_bps=50, display_quantity=1_000, min_quantity=2, expire_time_ns=3), 0xA87007FAA4CEE928),
        (Terms(trailing_ticks=2**63 - 1, post_only_reprice=True, tag=2**32 - 1), 0x258AFAC4F36E1F2B),
    ],
)
def test_terms(terms: Terms, fingerprint: int) -> None:
    assert fingerprint_of_order(replace(ORDER, terms=terms)) == fingerprint


def test_each_term_has_a_fingerprint_of_its_own() -> None:
    assert TERMS.keys() | {"session_id"} == {field.name for field in fields(Terms)}
    prints = {fingerprint_of_order(replace(ORDER, terms=Terms(**{name: value}))) for name, value in TERMS.items()}
    assert len(prints | {fingerprint_of_order(ORDER)}) == len(TERMS) + 1


def test_a_day_order_repeated_after_midnight_is_the_same_request() -> None:
    day = replace(ORDER, time_in_force=TimeInForce.DAY, terms=Terms(expire_time_ns=1))
    assert fingerprint_of_order(day) == fingerprint_of_order(replace(day, terms=Terms(expire_time_ns=2)))


def test_every_field_of_an_order_is_meaning_or_metadata() -> None:
    assert MEANING.keys() | METADATA.keys() == {field.name for field in fields(NewOrder)}


@pytest.mark.parametrize("field", MEANING)
def test_another_meaning_has_another_fingerprint(field: str) -> None:
    assert fingerprint_of_order(replace(ORDER, **{field: MEANING[field]})) != fingerprint_of_order(ORDER)


@pytest.mark.parametrize("field", METADATA)
def test_metadata_does_not_count(field: str) -> None:
    assert fingerprint_of_order(replace(ORDER, **{field: METADATA[field]})) == fingerprint_of_order(ORDER)


def test_another_session_does_not_count() -> None:
    assert fingerprint_of_order(replace(ORDER, terms=Terms(session_id=7))) == fingerprint_of_order(ORDER)


def test_number_and_client_id_are_told_apart() -> None:
    by_number = Cancel(ALICE, OrderId(ord("7")), None, 0)
    by_client_id = Cancel(ALICE, ClientOrderId("7"), None, 0)
    assert fingerprint_of_cancel(by_number) != fingerprint_of_cancel(by_client_id)
