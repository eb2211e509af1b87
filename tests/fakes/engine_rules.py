"""Rules of the engine in memory that need no state."""

from exchange.engine.v1 import command_pb2, instrument_pb2, order_pb2
from exchange.error.v1 import reason_pb2
from exchange.type.v1 import order_pb2 as t

PPM = 1_000_000
NS_PER_S = 1_000_000_000


class Refused(Exception):  # noqa: N818 - the trade's word
    def __init__(self, reason: reason_pb2.Reason.ValueType) -> None:
        super().__init__(reason_pb2.Reason.Name(reason))
        self.reason = reason


def check_fields(order: command_pb2.PlaceOrder) -> None:
    market = order.type == t.ORDER_TYPE_MARKET
    gtc = order.time_in_force == t.TIME_IN_FORCE_GTC
    if (market and (gtc or order.price)) or (order.post_only and (market or not gtc)):
        raise Refused(reason_pb2.REASON_ORDER_FIELDS_CONFLICT)
    if order.quote_budget and (not market or order.side != t.SIDE_BUY):
        raise Refused(reason_pb2.REASON_ORDER_FIELDS_CONFLICT)


def check_grid(instrument: instrument_pb2.Instrument, order: order_pb2.Order) -> None:
    if order.type == t.ORDER_TYPE_LIMIT and order.price <= 0:
        raise Refused(reason_pb2.REASON_PRICE_OUT_OF_RANGE)
    if order.price % instrument.tick:
        raise Refused(reason_pb2.REASON_PRICE_NOT_ON_TICK)
    if order.quantity % instrument.lot:
        raise Refused(reason_pb2.REASON_QUANTITY_NOT_ON_LOT)
    if order.quantity and not instrument.min_quantity <= order.quantity <= instrument.max_quantity:
        raise Refused(reason_pb2.REASON_QUANTITY_OUT_OF_RANGE)
    if order.type == t.ORDER_TYPE_LIMIT:
        notional = notional_of(instrument, order.price, order.quantity)
        if not instrument.min_notional <= notional <= instrument.max_notional:
            raise Refused(reason_pb2.REASON_NOTIONAL_OUT_OF_RANGE)


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
