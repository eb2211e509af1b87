"""The rows of the history, read into the model."""

import asyncpg

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, InstrumentId, OrderId, TradeId
from services.orders.model.history import Bust, EventId, Trade
from services.orders.model.instrument import Scales
from services.orders.model.order import Fill, Order, Terms, Told
from services.orders.model.words import (
    EndReason,
    Liquidity,
    OrderStatus,
    OrderType,
    PegReference,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerReference,
)

ORDER_COLUMNS = """
    o.order_id, o.account_id, o.client_order_id, o.instrument_id, o.side, o.type, o.time_in_force, o.post_only,
    o.self_trade_prevention, o.price, o.quantity, o.quote_budget, o.cum_quantity, o.leaves_quantity,
    o.prevented_quantity, o.cancelled_quantity, o.cum_notional, o.cum_fee, o.status, o.end_reason,
    o.reject_reason, o.version, o.accepted_time_ns, o.updated_time_ns, o.trigger_price, o.trigger_reference,
    o.trailing_ticks, o.trailing_bps, o.display_quantity, o.min_quantity, o.expire_time_ns, o.post_only_reprice,
    o.reduce_only, o.peg_reference, o.peg_offset_ticks, o.tag, o.session_id, o.survive_disconnect,
    o.watermark_price, o.triggered_time_ns, o.displayed_quantity, o.working_price
"""

SCALES = "i.symbol, i.price_scale, i.quantity_scale, i.quote_scale"


def told_of(row: asyncpg.Record, fills: tuple[Fill, ...] = ()) -> Told:
    """Read an order with the scales of its instrument."""
    return Told(_order_of(row), _scales_of(row), fills)


def _order_of(row: asyncpg.Record) -> Order:
    return Order(
        order_id=OrderId(row["order_id"]),
        account_id=AccountId(row["account_id"]),
        client_order_id=ClientOrderId(row["client_order_id"]),
        instrument_id=InstrumentId(row["instrument_id"]),
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        post_only=row["post_only"],
        self_trade_prevention=SelfTradePrevention(row["self_trade_prevention"]),
        price=row["price"],
        quantity=row["quantity"],
        quote_budget=row["quote_budget"],
        cum_quantity=row["cum_quantity"],
        leaves_quantity=row["leaves_quantity"],
        prevented_quantity=row["prevented_quantity"],
        cancelled_quantity=row["cancelled_quantity"],
        cum_notional=row["cum_notional"],
        cum_fee=row["cum_fee"],
        status=OrderStatus(row["status"]),
        end_reason=EndReason(row["end_reason"]),
        reject_reason=row["reject_reason"],
        version=row["version"],
        accepted_time_ns=row["accepted_time_ns"],
        updated_time_ns=row["updated_time_ns"],
        terms=_terms_of(row),
        watermark_price=row["watermark_price"],
        triggered_time_ns=row["triggered_time_ns"],
        displayed_quantity=row["displayed_quantity"],
        working_price=row["working_price"],
    )


def _terms_of(row: asyncpg.Record) -> Terms:
    return Terms(
        trigger_price=row["trigger_price"],
        trigger_reference=TriggerReference(row["trigger_reference"]),
        trailing_ticks=row["trailing_ticks"],
        trailing_bps=row["trailing_bps"],
        display_quantity=row["display_quantity"],
        min_quantity=row["min_quantity"],
        expire_time_ns=row["expire_time_ns"],
        post_only_reprice=row["post_only_reprice"],
        reduce_only=row["reduce_only"],
        peg_reference=PegReference(row["peg_reference"]),
        peg_offset_ticks=row["peg_offset_ticks"],
        tag=row["tag"],
        session_id=row["session_id"],
        survive_disconnect=row["survive_disconnect"],
    )


def fill_of(row: asyncpg.Record) -> Fill:
    """Read a fill."""
    return Fill(
        trade_id=TradeId(row["trade_id"]),
        price=row["price"],
        quantity=row["quantity"],
        notional=row["notional"],
        fee=row["fee"],
        liquidity=Liquidity(row["liquidity"]),
    )


def trade_of(row: asyncpg.Record) -> Trade:
    """Read a fill with its order, the scales of its instrument, and its bust if there was one."""
    return Trade(
        order_id=OrderId(row["order_id"]),
        client_order_id=ClientOrderId(row["client_order_id"]),
        side=Side(row["side"]),
        scales=_scales_of(row),
        fill=fill_of(row),
        event=_event_of(row),
        time_ns=row["engine_time_ns"],
        bust=_bust_of(row) if row["bust_time_ns"] is not None else None,
    )


def _scales_of(row: asyncpg.Record) -> Scales:
    return Scales(row["symbol"], row["price_scale"], row["quantity_scale"], row["quote_scale"])


def _event_of(row: asyncpg.Record, prefix: str = "") -> EventId:
    shard, epoch, index = row[f"{prefix}shard"], row[f"{prefix}epoch"], row[f"{prefix}event_index"]
    return EventId(shard, epoch, EngineSeq(row[f"{prefix}engine_seq"]), index)


def _bust_of(row: asyncpg.Record) -> Bust:
    return Bust(TradeId(row["trade_id"]), _event_of(row, "bust_"), row["bust_time_ns"])
