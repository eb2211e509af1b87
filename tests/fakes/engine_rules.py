"""Rules of the engine in memory that need no state."""

from collections.abc import Iterator

from exchange.engine.v1 import command_pb2, instrument_pb2, order_pb2
from exchange.error.v1 import reason_pb2
from exchange.type.v1 import order_pb2 as t

PPM = 1_000_000
NS_PER_S = 1_000_000_000
MAX_ORDER_AGE_NS = 90 * 86_400 * NS_PER_S
EXPIRING = (t.TIME_IN_FORCE_DAY, t.TIME_IN_FORCE_GTD)
RESTING = (t.TIME_IN_FORCE_GTC, *EXPIRING)


class Refused(Exception):  # noqa: N818 - the trade's word
    def __init__(self, reason: reason_pb2.Reason.ValueType) -> None:
        super().__init__(reason_pb2.Reason.Name(reason))
        self.reason = reason


def check_fields(order: command_pb2.PlaceOrder) -> None:
    if not _is_supported(order):
        raise Refused(reason_pb2.REASON_NOT_SUPPORTED)
    market = order.type == t.ORDER_TYPE_MARKET
    rests = order.time_in_force in RESTING
    asks_for_some = order.time_in_force == t.TIME_IN_FORCE_IOC and not order.quote_budget
    conflicts = (
        market and (rests or order.price or order.post_only),
        order.post_only and not rests,
        order.quote_budget and (not market or order.side != t.SIDE_BUY),
        (order.time_in_force in EXPIRING) != (order.expire_time_ns != 0),
        order.min_quantity and not asks_for_some,
    )
    if any(conflicts):
        raise Refused(reason_pb2.REASON_ORDER_FIELDS_CONFLICT)


def _is_supported(order: command_pb2.PlaceOrder) -> bool:
    simple = order.type in (t.ORDER_TYPE_LIMIT, t.ORDER_TYPE_MARKET) and not order.HasField("trigger_price")
    auction = order.time_in_force in (t.TIME_IN_FORCE_AT_OPEN, t.TIME_IN_FORCE_AT_CLOSE)
    return simple and not auction and not order.display_quantity and not order.post_only_reprice


def check_grid(instrument: instrument_pb2.Instrument, order: order_pb2.Order, now_ns: int) -> None:
    reason = next(grid_faults(instrument, order, now_ns), None)
    if reason is not None:
        raise Refused(reason)


def grid_faults(
    instrument: instrument_pb2.Instrument, order: order_pb2.Order, now_ns: int
) -> Iterator[reason_pb2.Reason.ValueType]:
    """Give all that is wrong with an order's numbers, in the order of the engine's checks."""
    limit = order.type == t.ORDER_TYPE_LIMIT
    priced = not limit or (order.price > 0 and order.price % instrument.tick == 0)
    sized = not order.quantity or (
        order.quantity % instrument.lot == 0 and instrument.min_quantity <= order.quantity <= instrument.max_quantity
    )
    if limit and order.price <= 0:
        yield reason_pb2.REASON_PRICE_OUT_OF_RANGE
    elif not priced:
        yield reason_pb2.REASON_PRICE_NOT_ON_TICK
    if order.quantity % instrument.lot:
        yield reason_pb2.REASON_QUANTITY_NOT_ON_LOT
    elif not sized:
        yield reason_pb2.REASON_QUANTITY_OUT_OF_RANGE
    if order.min_quantity % instrument.lot or order.min_quantity > order.quantity:
        yield reason_pb2.REASON_MIN_QUANTITY_OUT_OF_RANGE
    soonest, latest = now_ns + NS_PER_S, now_ns + MAX_ORDER_AGE_NS
    if order.expire_time_ns and not soonest < order.expire_time_ns <= latest:
        yield reason_pb2.REASON_EXPIRE_TIME_OUT_OF_RANGE
    if limit and priced and sized:
        notional = notional_of(instrument, order.price, order.quantity)
        if not instrument.min_notional <= notional <= instrument.max_notional:
            yield reason_pb2.REASON_NOTIONAL_OUT_OF_RANGE


def notional_of(instrument: instrument_pb2.Instrument, price: int, quantity: int) -> int:
    scaled: int = price * quantity * 10**instrument.quote.scale
    return scaled // 10 ** (instrument.price_scale + instrument.quantity_scale)


def fee_of(notional: int, ppm: int) -> int:
    return -(-notional * ppm // PPM)


def settle(total: dict[int, int], instrument: instrument_pb2.Instrument, side: int, fill: order_pb2.Fill) -> None:
    sign = 1 if side == t.SIDE_BUY else -1
    base, quote = instrument.base, instrument.quote
    units = fill.quantity * 10 ** (base.scale - instrument.quantity_scale)
    total[base.asset_id] = total.get(base.asset_id, 0) + sign * units
    total[quote.asset_id] = total.get(quote.asset_id, 0) - sign * fill.notional - fill.fee


def check_amend(order: order_pb2.Order, amend: command_pb2.AmendOrder, *, is_open: bool) -> None:
    if not is_open:
        raise Refused(reason_pb2.REASON_ORDER_NOT_OPEN)
    if amend.expected_version not in (0, order.version):
        raise Refused(reason_pb2.REASON_VERSION_MISMATCH)
    expires = order.time_in_force == t.TIME_IN_FORCE_GTD
    if amend.HasField("trigger_price") or (amend.HasField("expire_time_ns") and not expires):
        raise Refused(reason_pb2.REASON_ORDER_FIELDS_CONFLICT)
    if amend.quantity < 0:
        raise Refused(reason_pb2.REASON_QUANTITY_OUT_OF_RANGE)


def check_timeout(timeout_ns: int) -> None:
    if timeout_ns and not 5 * NS_PER_S <= timeout_ns <= 300 * NS_PER_S:
        raise Refused(reason_pb2.REASON_TIMEOUT_OUT_OF_RANGE)
