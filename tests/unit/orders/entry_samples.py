"""Requests by the thousand, good and bad, for the two ways that they go: the call for one request, and the stream."""

import random
from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError

from exchange.engine.v1 import command_pb2
from exchange.orders.v1 import order_entry_service_pb2 as entry_pb
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.type.v1 import order_pb2 as t
from services.kernel.ids import RequestId
from services.kernel.refusal import Refusal
from services.orders._codec import Batch, Codec
from services.orders.convert import commands, requests
from services.orders.entry.words import KnownInstruments, RefusedItem, Words, new_codec
from services.orders.errors import OrderNotFound
from services.orders.model.order import MAX_ORDER_ID
from services.orders.model.request import Cancel, MassCancel
from services.orders.usecases.translate import translate, translate_amend, valid_until
from services.runtime.validation import FieldRules, unreadable
from tests.unit.orders.samples import ALICE, INSTRUMENT

NOW_NS = 1_700_000_000_123_456_789
SESSION = 77
FIELDS = FieldRules()

Request: TypeAlias = pb.PlaceOrderRequest | pb.AmendOrderRequest | pb.CancelOrderRequest | pb.MassCancelRequest

FIELD_OF: dict[type[Request], str] = {
    pb.PlaceOrderRequest: "place_order",
    pb.AmendOrderRequest: "amend_order",
    pb.CancelOrderRequest: "cancel_order",
    pb.MassCancelRequest: "mass_cancel",
}


def known_instruments() -> KnownInstruments:
    known = KnownInstruments()
    known.know(INSTRUMENT)
    return known


def codec() -> Codec:
    made = new_codec()
    scales = INSTRUMENT.scales
    made.know(
        instrument_id=INSTRUMENT.instrument_id,
        symbol=scales.symbol,
        price_scale=scales.price,
        quantity_scale=scales.quantity,
        quote_scale=scales.quote,
    )
    return made


def batch_of(items: list[bytes], **options: Any) -> Batch:
    """Read a batch of serialized OrderItems as the stream does."""
    body = entry_pb.OrderBatch(correlation_id=9, **options).SerializeToString()
    for item in items:
        body += b"\x12" + varint(len(item)) + item
    return Batch(codec(), body, account_id=ALICE, session_id=SESSION, now_ns=NOW_NS)


def item_of(kind: type[Request], request: bytes) -> bytes:
    number = entry_pb.OrderItem.DESCRIPTOR.fields_by_name[FIELD_OF[kind]].number
    return varint(number << 3 | 2) + varint(len(request)) + request


def varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def by_stream(kind: type[Request], request: bytes) -> bytes | Refusal:
    """Return the batch with the request's command as the stream writes it, or the refusal that it tells."""
    batch = batch_of([item_of(kind, request)])
    if batch.command_count:
        return batch.commands
    [item] = batch.refused()
    return Words(known_instruments()).of(RefusedItem(*item), ALICE)


def by_call(kind: type[Request], request: bytes) -> bytes | Refusal:
    """Return the same as the call for this request writes and tells it; the session of the stream is put in."""
    try:
        message = kind.FromString(request)
    except DecodeError:
        return unreadable()
    try:
        FIELDS.check(message)
        command = _COMMANDS[kind](message)
    except Refusal as refusal:
        return refusal
    return b"\x0a" + varint(len(wire := command.SerializeToString(deterministic=True))) + wire


def _place(request: pb.PlaceOrderRequest) -> command_pb2.Command:
    draft = requests.draft_of(request, ALICE)
    instrument = known_instruments().with_symbol(draft.symbol)
    command = commands.place_command(translate(draft, instrument, NOW_NS))
    command.place_order.session_id = command.place_order.session_id or SESSION
    return command


def _amend(request: pb.AmendOrderRequest) -> command_pb2.Command:
    draft = requests.amend_draft_of(request, ALICE)
    if isinstance(draft.order, int) and draft.order > MAX_ORDER_ID:
        raise OrderNotFound
    assert draft.symbol is not None
    return commands.amend_command(translate_amend(draft, known_instruments().with_symbol(draft.symbol), NOW_NS))


def _cancel(request: pb.CancelOrderRequest) -> command_pb2.Command:
    order = requests.order_ref_of(request)
    if isinstance(order, int) and order > MAX_ORDER_ID:
        raise OrderNotFound
    request_id = RequestId(request.request_id) if request.request_id else None
    return commands.cancel_command(Cancel(ALICE, order, request_id, valid_until(None, NOW_NS)))


def _mass_cancel(request: pb.MassCancelRequest) -> command_pb2.Command:
    draft = requests.mass_cancel_draft_of(request, ALICE)
    instrument = known_instruments().with_symbol(draft.symbol) if draft.symbol else None
    until = valid_until(draft.valid_until_ns, NOW_NS)
    asked = MassCancel(ALICE, instrument, draft.side, draft.session_id, draft.tag, draft.request_id, until)
    return commands.mass_cancel_command(asked)


_COMMANDS: dict[type[Request], Callable[[Any], command_pb2.Command]] = {
    pb.PlaceOrderRequest: _place,
    pb.AmendOrderRequest: _amend,
    pb.CancelOrderRequest: _cancel,
    pb.MassCancelRequest: _mass_cancel,
}


class Chance:
    """Writes requests, most of them good but for one thing."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a seeded test

    def request(self) -> Request:
        make = self._random.choice([self.place, self.place, self.place, self.amend, self.cancel, self.mass_cancel])
        return make()

    def place(self) -> pb.PlaceOrderRequest:
        kind = self._random.choice([*t.OrderType.values(), 9, -1]) if self._one_in(5) else t.ORDER_TYPE_LIMIT
        request = pb.PlaceOrderRequest(
            client_order_id=self._id(),
            instrument=self._symbol(),
            side=self._enum([t.SIDE_BUY, t.SIDE_SELL], 3),
            type=kind,
            time_in_force=self._enum(t.TimeInForce.values()[1:], 8),
            post_only=self._one_in(4),
        )
        self._put_numbers(request)
        self._put_terms(request)
        if self._one_in(4):
            request.self_trade_prevention = self._enum(t.SelfTradePrevention.values()[1:5], 5)
        self._put_moment(request, "valid_until", 4)
        if (request.time_in_force == t.TIME_IN_FORCE_GTD) != self._one_in(12):
            self._put_moment(request, "expire_time", 1)
        return request

    def _put_numbers(self, request: pb.PlaceOrderRequest) -> None:
        has_limit = request.type in (1, 4, 6, 8)
        wanted = {
            "price": has_limit,
            "quantity": True,
            "quote_budget": False,
            "trigger_price": request.type in (3, 4, 5, 6),
            "display_quantity": False,
            "min_quantity": False,
        }
        if request.type == t.ORDER_TYPE_MARKET and self._one_in(2):
            wanted["quantity"], wanted["quote_budget"] = False, True
        for name, usual in wanted.items():
            if usual != self._one_in(12):
                setattr(request, name, self._decimal())

    def _put_terms(self, request: pb.PlaceOrderRequest) -> None:
        if request.type == t.ORDER_TYPE_TRAILING_STOP or self._one_in(20):
            request.trailing_ticks = self._random.choice([0, 1, 50, 2**63 - 1, -1])
            request.trailing_bps = self._random.choice([0, 0, 0, 25, 2**32 - 1])
        if request.type == t.ORDER_TYPE_PEGGED or self._one_in(20):
            request.peg_reference = self._enum(t.PegReference.values(), 4)
            request.peg_offset_ticks = self._random.choice([0, -3, 2**63 - 1, -(2**63)])
        if self._one_in(8):
            request.trigger_reference = self._enum(t.TriggerReference.values(), 5)
        if self._one_in(6):
            request.tag = self._random.choice([1, 2**32 - 1])
        if self._one_in(6):
            request.session_id = self._number()
        request.post_only_reprice = self._one_in(8)
        request.reduce_only = self._one_in(8)
        request.survive_disconnect = self._one_in(12)

    def amend(self) -> pb.AmendOrderRequest:
        request = pb.AmendOrderRequest(instrument=self._symbol(), expected_version=self._random.choice([0, 0, 3]))
        self._put_target(request)
        for name in ("quantity", "price", "display_quantity", "trigger_price"):
            if self._one_in(2):
                setattr(request, name, self._decimal())
        self._put_moment(request, "expire_time", 3)
        self._put_moment(request, "valid_until", 3)
        if self._one_in(3):
            request.request_id = self._id()
        return request

    def cancel(self) -> pb.CancelOrderRequest:
        request = pb.CancelOrderRequest(request_id=self._id() if self._one_in(3) else "")
        self._put_target(request)
        return request

    def mass_cancel(self) -> pb.MassCancelRequest:
        request = pb.MassCancelRequest(
            instrument=self._symbol() if self._one_in(2) else "",
            session_id=self._number() if self._one_in(3) else "",
            request_id=self._id() if self._one_in(3) else "",
        )
        if self._one_in(3):
            request.side = self._enum([t.SIDE_BUY, t.SIDE_SELL], 3)
        if self._one_in(3):
            request.tag = self._random.choice([0, 7])
        self._put_moment(request, "valid_until", 3)
        return request

    def mutated(self, request: bytes) -> bytes:
        """Change a few bytes, cut some off, or add some."""
        changed = bytearray(request)
        for _ in range(self._random.randint(1, 3)):
            at = self._random.randrange(len(changed) + 1)
            match self._random.randrange(4):
                case 0 if at < len(changed):
                    changed[at] = self._random.randrange(256)
                case 1:
                    changed[at:at] = self._random.randbytes(1)
                case 2:
                    del changed[at : at + self._random.randint(1, 4)]
                case _:
                    changed += changed[at : at + 8]
        return bytes(changed)

    def _put_target(self, request: pb.AmendOrderRequest | pb.CancelOrderRequest) -> None:
        if self._one_in(2):
            request.order_id = self._number()
        elif not self._one_in(12):
            request.client_order_id = self._id()

    def _put_moment(self, request: Any, name: str, one_in: int) -> None:
        if self._one_in(one_in):
            moment = getattr(request, name)
            moment.seconds = self._random.choice([0, 1_700_000_100, -5, 2**62, -(2**62)])
            moment.nanos = self._random.choice([0, 5, 999_999_999, -3])

    def _id(self) -> str:
        return self._random.choice(["a", "Z-9_", "x" * 36]) if not self._one_in(12) else self._odd_text()

    def _symbol(self) -> str:
        if not self._one_in(10):
            return "BTC-KK99"
        return self._random.choice(["ETH-KK99", "B", "", "btc-kk99", "A" * 33, "-A", "A.", "BTC-KK99\n", "B\u00c9"])

    def _number(self) -> str:
        good = ["1", "77", str(2**63 - 1)]
        odd = ["0", "01", "-1", "", str(2**63), str(2**64 - 1), str(2**64), "9" * 20, "9" * 21, "1\n", "\u0663"]
        return self._random.choice(good if not self._one_in(4) else odd)

    def _decimal(self) -> str:
        if self._one_in(4):
            return self._random.choice(
                ["0", "-0", "-1.5", "0.00", "1.000000000000000000", "1.00001", "999999999999999999.99", "0.0001",
                 "92233720368547758.07", "92233720368547758.08", "-92233720368547758.08", "1.", ".5", "01", "1e3", "+1",
                 " 1", "1\n", "1.0000000000000000000", "1234567890123456789", "1\u0663", "--1", "-", "1.5.5", "NaN"]
            )  # fmt: skip
        return f"{self._random.randint(0, 10**6)}.{self._random.randint(0, 99):02}"

    def _odd_text(self) -> str:
        return self._random.choice(["", "a b", "x" * 37, "a\n", "\u00e9", "\x00", "a/b"])

    def _enum(self, values: Any, beyond: int) -> Any:
        return self._random.choice([0, beyond, -1, 100]) if self._one_in(20) else self._random.choice(list(values))

    def _one_in(self, count: int) -> bool:
        return self._random.randrange(count) == 0
