"""Puts the refusals of a batch into words: those with which the call for the one request would end.

The codec decides, and names a reason; here the request is read again the slow way, up to the same refusal. The codec
limits how many items of a batch are worth it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from google.protobuf.message import DecodeError, Message

from exchange.engine.v1 import command_pb2
from exchange.error.v1 import reason_pb2
from exchange.orders.v1 import order_entry_service_pb2, orders_service_pb2
from services.kernel.ids import AccountId, EngineSeq, InstrumentId, RequestId
from services.kernel.refusal import FieldViolation, InvalidField, Refusal, UnknownInstrument
from services.orders._codec import MAX_ITEMS, MAX_TOGETHER, BatchFault, Codec, ItemKind
from services.orders.convert import requests
from services.orders.convert.events import order_of, outcome_of, reason_name
from services.orders.errors import OrderNotFound
from services.orders.model.instrument import Instrument
from services.orders.model.order import MAX_ORDER_ID
from services.orders.model.request import Cancel, MassCancel, NewOrder, Outcome
from services.orders.relayed import (
    refusal_of_account,
    refusal_of_amend,
    refusal_of_cancel,
    refusal_of_mass_cancel,
    refusal_of_order,
)
from services.orders.usecases.translate import translate, translate_amend
from services.runtime.validation import FieldRules, unreadable

M = TypeVar("M", bound=Message)


class RefusedItem(NamedTuple):
    """An item that was refused, as the codec tells it; `result` is empty if it never came to the engine."""

    place: int
    kind: ItemKind
    reason: int
    request: bytes
    result: bytes
    engine_seq: int


class KnownInstruments:
    """The instruments by symbol and by number, as far as they were told."""

    def __init__(self) -> None:
        self._by_symbol: dict[str, Instrument] = {}
        self._by_id: dict[InstrumentId, Instrument] = {}

    def know(self, instrument: Instrument) -> None:
        """Learn of an instrument, or how it is now."""
        self._by_symbol[instrument.scales.symbol] = instrument
        self._by_id[instrument.instrument_id] = instrument

    def with_symbol(self, symbol: str) -> Instrument:
        """Return the instrument; raises `UnknownInstrument`."""
        if symbol not in self._by_symbol:
            raise UnknownInstrument(symbol)
        return self._by_symbol[symbol]

    def with_id(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return the instrument, if it is known."""
        return self._by_id.get(instrument_id)


def new_codec() -> Codec:
    """Return a codec that knows the names of reasons, and no instrument yet."""
    reasons = [(value.number, reason_name(value.number)) for value in reason_pb2.Reason.DESCRIPTOR.values]
    return Codec(reasons, reason_name(-1))


class Words:
    """Finds the words for refusals."""

    def __init__(self, instruments: KnownInstruments) -> None:
        self._instruments = instruments
        self._fields = FieldRules()
        self._of_kind: Mapping[ItemKind, Callable[[bytes, Outcome | None, AccountId], Refusal]] = {
            ItemKind.NONE: self._of_none,
            ItemKind.PLACE: self._of_place,
            ItemKind.AMEND: self._of_amend,
            ItemKind.CANCEL: self._of_cancel,
            ItemKind.MASS_CANCEL: self._of_mass_cancel,
            ItemKind.GROUP: self._of_group,
        }

    def of(self, item: RefusedItem, account_id: AccountId) -> Refusal:
        """Return the refusal of an item."""
        try:
            return self._of_kind[item.kind](item.request, _outcome_of(item), account_id)
        except Refusal as refusal:
            return refusal

    def _of_none(self, request: bytes, _outcome: Outcome | None, _account_id: AccountId) -> Refusal:
        self._read(order_entry_service_pb2.OrderItem, request)
        return unreadable()

    def _of_place(self, request: bytes, outcome: Outcome | None, account_id: AccountId) -> Refusal:
        order = self._order_of(self._read(orders_service_pb2.PlaceOrderRequest, request), account_id)
        return refusal_of_order(order, outcome) if outcome else unreadable()

    def _of_group(self, request: bytes, outcome: Outcome | None, account_id: AccountId) -> Refusal:
        for leg in self._read(order_entry_service_pb2.OrderGroup, request).orders:
            self._order_of(leg, account_id)
        return refusal_of_account(outcome) if outcome else unreadable()

    def _of_amend(self, request: bytes, outcome: Outcome | None, account_id: AccountId) -> Refusal:
        draft = requests.amend_draft_of(self._read(orders_service_pb2.AmendOrderRequest, request), account_id)
        if draft.symbol is None:
            return InvalidField([FieldViolation("instrument", "Name the order's instrument: a stream looks none up.")])
        if isinstance(draft.order, int) and draft.order > MAX_ORDER_ID:
            return OrderNotFound()
        amend = translate_amend(draft, self._instruments.with_symbol(draft.symbol), now_ns=0)
        return refusal_of_amend(amend, outcome) if outcome else unreadable()

    def _of_cancel(self, request: bytes, outcome: Outcome | None, account_id: AccountId) -> Refusal:
        message = self._read(orders_service_pb2.CancelOrderRequest, request)
        order = requests.order_ref_of(message)
        if isinstance(order, int) and order > MAX_ORDER_ID:
            return OrderNotFound()
        if outcome is None:
            return unreadable()
        cancel = Cancel(account_id, order, RequestId(message.request_id) if message.request_id else None, 0)
        instrument = self._instruments.with_id(outcome.order.instrument_id) if outcome.order else None
        return refusal_of_cancel(cancel, outcome, instrument.scales if instrument else None)

    def _of_mass_cancel(self, request: bytes, outcome: Outcome | None, account_id: AccountId) -> Refusal:
        draft = requests.mass_cancel_draft_of(self._read(orders_service_pb2.MassCancelRequest, request), account_id)
        instrument = self._instruments.with_symbol(draft.symbol) if draft.symbol else None
        if outcome is None:
            return unreadable()
        asked = MassCancel(account_id, instrument, draft.side, draft.session_id, draft.tag, draft.request_id, 0)
        return refusal_of_mass_cancel(asked, outcome)

    def _order_of(self, request: orders_service_pb2.PlaceOrderRequest, account_id: AccountId) -> NewOrder:
        if request.validate_only:
            raise InvalidField([FieldViolation("validate_only", "Judge an order with PlaceOrder: a stream enters.")])
        if request.HasField("twap"):
            raise InvalidField([FieldViolation("type", "Enter a TWAP with PlaceOrder: a stream takes none.")])
        draft = requests.draft_of(request, account_id)
        return translate(draft, self._instruments.with_symbol(draft.symbol), now_ns=0)

    def _read(self, kind: type[M], request: bytes) -> M:
        try:
            message = kind.FromString(request)
        except DecodeError as error:
            raise unreadable() from error
        self._fields.check(message)
        return message


_FAULTS = {
    BatchFault.ITEM_COUNT: ("items", f"Give 1 to {MAX_ITEMS} items."),
    BatchFault.ACCEPTANCE: ("acceptance", "Choose ACCEPTANCE_EACH or ACCEPTANCE_ALL_OR_NONE."),
    BatchFault.RESPONSE_MODE: (
        "response_mode",
        "Choose RESPONSE_MODE_ACK, RESPONSE_MODE_RESULT or RESPONSE_MODE_FULL.",
    ),
    BatchFault.TOGETHER_COUNT: ("items", f"Give 1 to {MAX_TOGETHER} orders with ACCEPTANCE_ALL_OR_NONE."),
    BatchFault.TOGETHER_KIND: ("items", "Give place_order alone with ACCEPTANCE_ALL_OR_NONE."),
}


def refusal_of_batch(fault: BatchFault) -> Refusal:
    """Return the refusal of a batch that is not as batches are."""
    return InvalidField([FieldViolation(*_FAULTS[fault])])


def _outcome_of(item: RefusedItem) -> Outcome | None:
    """Read what the engine said of the item; of one of several orders that stand together, its own part."""
    if not item.result:
        return None
    if not item.engine_seq:
        return outcome_of(command_pb2.CommandResult.FromString(item.result))
    result = command_pb2.OrderResult.FromString(item.result)
    return Outcome(
        engine_seq=EngineSeq(item.engine_seq),
        reason=reason_name(result.reason),
        replayed=False,
        order=order_of(result.order) if result.HasField("order") else None,
        fills=(),
    )
