"""A TWAP: an order that orders keeps, and that enters the engine in slices. How it goes on is decided here; pure.

1. A slice is a LIMIT or MARKET order, IOC: between slices nothing of a TWAP is in the book, and nothing is held for it.
2. At most one slice is on its way. Its place, quantity and validity are stored before it is sent, and never change: so
   it is the same request however often, and by whomever, it is sent.
3. The slice whose time it is takes an even part, by the lot, of what is left over the slices that are left: what others
   did not trade, or were not sent for, is carried. The last one takes all. But none takes more than CATCH_UP times an
   even part of the whole, so that a thin market or an outage is not answered with one large order.
4. A TWAP that has ended never changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId, OrderId
from services.orders.model.instrument import Instrument, Scales
from services.orders.model.order import Order, Progress, Schedule, Terms, Told, slice_id, twap_order_id
from services.orders.model.request import NewOrder
from services.orders.model.words import EndReason, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce

CATCH_UP = 3
_NO_SEQ = EngineSeq(0)
MIN_INTERVAL_S, MAX_INTERVAL_S = 30, 3_600

SLICE_VALIDITY_NS = 30_000_000_000
"""How long a slice may take to the engine, the shortest interval: later it has no effect, and its part is carried."""

CARRIED = frozenset(
    {
        "NO_LIQUIDITY",
        "NO_REFERENCE_PRICE",
        "PRICE_BAND",
        "PHASE_NOT_ALLOWED",
        "QUANTITY_OUT_OF_RANGE",
        "NOTIONAL_OUT_OF_RANGE",
        "TOO_MANY_OPEN_ORDERS",
        "ENGINE_FULL",
        "IDEMPOTENCY_WINDOW_FULL",
        "REQUEST_EXPIRED",
    }
)
"""Why a slice may be refused without the end of its TWAP: the next one may find it otherwise."""


@dataclass(frozen=True, slots=True)
class NewTwap:
    """A TWAP as it is asked for: the order that it is in all, of type TWAP, and how it is spread."""

    order: NewOrder
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice that was decided, and may have been sent."""

    place: int
    quantity: int
    valid_until_ns: int


@dataclass(frozen=True, slots=True)
class SliceOutcome:
    """What became of a slice; without a number if the engine made no order of it, with a reason if it was refused."""

    place: int
    quantity: int
    order_id: OrderId | None = None
    cum_quantity: int = 0
    prevented_quantity: int = 0
    cum_notional: int = 0
    cum_fee: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a TWAP ends before its time; `asked_by` is a cancel's request id, `engine_seq` a mass cancel's number."""

    reason: EndReason
    asked_by: str = ""
    engine_seq: EngineSeq = _NO_SEQ


@dataclass(frozen=True, slots=True)
class Twap:
    """A TWAP and all that became of it. `seen_seq` is its account's last private event that it was held against."""

    twap_id: int
    account_id: AccountId
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    scales: Scales
    side: Side
    price: int
    quantity: int
    self_trade_prevention: SelfTradePrevention
    terms: Terms
    schedule: Schedule
    fingerprint: int
    engine_seq: EngineSeq
    start_ns: int
    seen_seq: int
    updated_ns: int
    status: OrderStatus = OrderStatus.NEW
    end_reason: EndReason = EndReason.NONE
    reject_reason: str = ""
    cum_quantity: int = 0
    prevented_quantity: int = 0
    cum_notional: int = 0
    cum_fee: int = 0
    version: int = 1
    passed: int = 0
    sent: int = 0
    on_its_way: Slice | None = None
    stop: Stop | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it may still trade."""
        return self.status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)

    @property
    def left(self) -> int:
        """What has neither traded nor been prevented."""
        return self.quantity - self.cum_quantity - self.prevented_quantity

    @property
    def next_due_ns(self) -> int:
        """When it is to be looked at next."""
        if self.on_its_way is not None or self.stop is not None:
            return self.start_ns
        return self.schedule.due_ns(self.start_ns, self.passed)

    def first(self) -> "Twap":
        """Return it as its owner was first answered."""
        return replace(
            self, status=OrderStatus.NEW, end_reason=EndReason.NONE, reject_reason="", cum_quantity=0, cum_notional=0,
            prevented_quantity=0, cum_fee=0, version=1, passed=0, sent=0, updated_ns=self.start_ns, on_its_way=None,
            stop=None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends TWAPs of an account, of those entered before that command: all that match what it names."""

    reason: EndReason
    engine_seq: EngineSeq
    time_ns: int
    instrument_id: InstrumentId | None = None
    side: Side | None = None
    session_id: int | None = None
    tag: int | None = None

    @property
    def stop(self) -> Stop:
        """How it ends one: the call that asked for a mass cancel counts what it ended by its number."""
        return Stop(self.reason, engine_seq=self.engine_seq if self.reason is EndReason.MASS_CANCEL else _NO_SEQ)

    def meets(self, twap: Twap) -> bool:
        """Tell whether it ends that one."""
        if self.engine_seq <= twap.engine_seq:
            return False
        if self.reason is EndReason.DISCONNECTED and twap.terms.survive_disconnect:
            return False
        return (
            self.instrument_id in (None, twap.instrument_id)
            and self.side in (None, twap.side)
            and self.session_id in (None, twap.terms.session_id)
            and self.tag in (None, twap.terms.tag)
        )


Change = Callable[[Twap], Twap]
"""Decides how a TWAP goes on; returns it as it is if nothing changes."""


def held_against(twap: Twap, endings: Sequence[Ending], seen_seq: int) -> Twap:
    """End it if one of these ends it; note that they were looked at."""
    if not twap.is_open or seen_seq <= twap.seen_seq:
        return twap
    twap = replace(twap, seen_seq=seen_seq)
    met = next((ending for ending in endings if ending.meets(twap)), None)
    return stopped(twap, met.stop, met.time_ns) if met else twap


def stopped(twap: Twap, stop: Stop, now_ns: int) -> Twap:
    """End it for a reason from outside; one with a slice on its way ends with the slice."""
    if not twap.is_open or twap.stop is not None:
        return twap
    twap = replace(twap, stop=stop, version=twap.version + 1, updated_ns=now_ns)
    return twap if twap.on_its_way else _ended(twap, OrderStatus.CANCELLED, stop.reason)


def sliced(twap: Twap, instrument: Instrument, now_ns: int) -> Twap:
    """Decide on the slice whose time it is, if it was not decided on before; missed ones pass."""
    if not twap.is_open or twap.on_its_way is not None:
        return twap
    place = twap.schedule.place_at(twap.start_ns, now_ns)
    if place < twap.passed:
        return twap
    if place >= twap.schedule.slice_count:
        late = replace(twap, passed=twap.schedule.slice_count, version=twap.version + 1, updated_ns=now_ns)
        return _ended(late, OrderStatus.EXPIRED, EndReason.DURATION_ENDED)
    quantity = slice_quantity(twap, place, instrument)
    return replace(
        twap,
        passed=place,
        on_its_way=Slice(place, quantity, now_ns + SLICE_VALIDITY_NS),
        version=twap.version + 1,
        updated_ns=now_ns,
    )


def settled(twap: Twap, outcome: SliceOutcome, now_ns: int) -> Twap:
    """Count what a slice did, once; end what it leaves nothing to do for."""
    if twap.on_its_way is None or twap.on_its_way.place != outcome.place:
        return twap
    twap = replace(
        twap,
        cum_quantity=twap.cum_quantity + outcome.cum_quantity,
        prevented_quantity=twap.prevented_quantity + outcome.prevented_quantity,
        cum_notional=twap.cum_notional + outcome.cum_notional,
        cum_fee=twap.cum_fee + outcome.cum_fee,
        passed=outcome.place + 1,
        sent=twap.sent + 1,
        on_its_way=None,
        version=twap.version + 1,
        updated_ns=now_ns,
    )
    if twap.cum_quantity:
        twap = replace(twap, status=OrderStatus.PARTIALLY_FILLED)
    return _concluded(twap, outcome)


def slice_quantity(twap: Twap, place: int, instrument: Instrument) -> int:
    """Return how much a slice takes: at most what an order may be, at least a lot."""
    lot, count = instrument.lot, twap.schedule.slice_count
    even = -(-(twap.quantity // lot) // count)
    lots = twap.left // lot // (count - place)
    return min(max(min(lots, CATCH_UP * even, instrument.max_quantity // lot), 1) * lot, twap.left)


def smallest_slice(asked: NewTwap) -> int:
    """Return the least that a slice takes while those before it trade in full; 0 if there is not a lot for each."""
    lot = asked.order.instrument.lot
    return asked.order.quantity // lot // asked.schedule.slice_count * lot


def fitting_interval_s(asked: NewTwap, smallest: int) -> int | None:
    """Return the shortest interval with which each slice takes so much or more; None if no interval does."""
    duration_s = asked.schedule.duration_s
    return next(
        (
            interval_s
            for interval_s in range(MIN_INTERVAL_S, MAX_INTERVAL_S + 1)
            if duration_s % interval_s == 0
            and smallest_slice(NewTwap(asked.order, Schedule(duration_s, interval_s))) >= smallest
        ),
        None,
    )


def as_slice(asked: NewTwap, quantity: int) -> NewOrder:
    """Return the order that a slice of so much would be, to be judged and not to be entered."""
    order = asked.order
    return replace(
        order,
        client_order_id=slice_id(0, 0),
        type=OrderType.LIMIT if order.price else OrderType.MARKET,
        quantity=quantity,
    )


def slice_order(twap: Twap, instrument: Instrument) -> NewOrder:
    """Return the order that the slice on its way is: the same each time. No session: the TWAP itself ends with it."""
    asked = twap.on_its_way
    assert asked is not None
    return NewOrder(
        account_id=twap.account_id,
        client_order_id=slice_id(twap.twap_id, asked.place),
        instrument=instrument,
        side=twap.side,
        type=OrderType.LIMIT if twap.price else OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        price=twap.price,
        quantity=asked.quantity,
        quote_budget=0,
        post_only=False,
        self_trade_prevention=twap.self_trade_prevention,
        valid_until_ns=asked.valid_until_ns,
        terms=Terms(reduce_only=twap.terms.reduce_only, tag=twap.terms.tag),
    )


def outcome_of_slice(asked: Slice, order: Order | None, reason: str) -> SliceOutcome:
    """Return what became of a slice, from the order that the engine made of it, if any."""
    if order is None:
        return SliceOutcome(asked.place, asked.quantity, reason=reason)
    assert not order.is_open
    return SliceOutcome(
        place=asked.place,
        quantity=asked.quantity,
        order_id=order.order_id,
        cum_quantity=order.cum_quantity,
        prevented_quantity=order.prevented_quantity,
        cum_notional=order.cum_notional,
        cum_fee=order.cum_fee,
        reason=reason,
    )


def told_of(twap: Twap) -> Told:
    """Return it as owners are told of an order."""
    left = twap.left
    order = Order(
        order_id=twap_order_id(twap.twap_id),
        account_id=twap.account_id,
        client_order_id=twap.client_order_id,
        instrument_id=twap.instrument_id,
        side=twap.side,
        type=OrderType.TWAP,
        time_in_force=TimeInForce.IOC,
        post_only=False,
        self_trade_prevention=twap.self_trade_prevention,
        price=twap.price,
        quantity=twap.quantity,
        quote_budget=0,
        cum_quantity=twap.cum_quantity,
        leaves_quantity=left if twap.is_open else 0,
        prevented_quantity=twap.prevented_quantity,
        cancelled_quantity=0 if twap.is_open else left,
        cum_notional=twap.cum_notional,
        cum_fee=twap.cum_fee,
        status=twap.status,
        end_reason=twap.end_reason,
        reject_reason=twap.reject_reason,
        version=twap.version,
        accepted_time_ns=twap.start_ns,
        updated_time_ns=twap.updated_ns,
        terms=twap.terms,
        progress=_progress_of(twap),
    )
    return Told(order, twap.scales)


def _concluded(twap: Twap, outcome: SliceOutcome) -> Twap:
    if twap.left == 0 and twap.prevented_quantity:
        return _ended(twap, OrderStatus.CANCELLED, EndReason.SELF_TRADE)
    if twap.left == 0:
        return _ended(twap, OrderStatus.FILLED, EndReason.NONE)
    if twap.stop is not None:
        return _ended(twap, OrderStatus.CANCELLED, twap.stop.reason)
    if outcome.reason and outcome.reason not in CARRIED:
        refused = replace(twap, reject_reason=outcome.reason)
        return _ended(refused, OrderStatus.CANCELLED, EndReason.SLICE_REFUSED)
    if twap.passed >= twap.schedule.slice_count:
        return _ended(twap, OrderStatus.EXPIRED, EndReason.DURATION_ENDED)
    return twap


def _ended(twap: Twap, status: OrderStatus, reason: EndReason) -> Twap:
    return replace(twap, status=status, end_reason=reason)


def _progress_of(twap: Twap) -> Progress:
    due = twap.schedule.due_ns(twap.start_ns, twap.passed)
    goes_on = twap.is_open and twap.passed < twap.schedule.slice_count
    return Progress(twap.schedule, twap.passed, twap.sent, due if goes_on else None)
