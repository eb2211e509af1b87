"""What the private stream tells, in ready bytes, with the decimals of each instrument and asset."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.engine.v1 import account_events_pb2 as engine_account
from exchange.engine.v1 import engine_events_pb2 as engine
from exchange.engine.v1 import order_pb2 as engine_order
from exchange.engine.v1.engine_service_pb2 import QueryResponse
from exchange.orders.v1 import account_event_pb2 as pb
from exchange.orders.v1.account_stream_pb2 import (
    AccountEvents,
    AccountHeartbeat,
    AccountPlace,
    AccountSnapshotBegin,
    AccountSnapshotEnd,
    AccountSnapshotPart,
    StreamAccountResponse,
)
from services.kernel.ids import AccountId
from services.kernel.money import text_of
from services.orders.convert.events import fill_of, order_of
from services.orders.convert.messages import fill_messages, order_message
from services.orders.model.account_stream import AccountState, Names, PrivateEvent
from services.orders.model.order import Told

ORDERS_A_PART = 500
"""Open orders in one part of a snapshot."""

KK99_SCALE = 6
_NS_PER_S = 1_000_000_000


class AccountMessages:
    """The messages of StreamAccount, in bytes."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._writers: dict[str, tuple[str, Callable[[Any], Any]]] = {
            "order_updated": ("order_update", self._order),
            "prevented_match": ("prevented_match", self._prevented),
            "balance_changed": ("balance_update", self._balance_update),
            "position_changed": ("position_update", self._position_update),
            "mass_cancel_done": ("mass_cancel_update", _mass_cancel),
            "account_updated": ("settings_update", _settings),
            "cancel_all_after_changed": ("cancel_all_after_update", _cancel_all_after),
            "session_changed": ("trading_session_update", _session),
            "option_exercised": ("option_exercise_update", self._exercise),
            "liquidation_changed": ("liquidation_update", _liquidation),
            "unsettled_delivered": ("delivery_update", self._delivery),
        }

    def snapshot(self, epoch: int, state: AccountState) -> Iterator[bytes]:
        """Encode an account's state: begin, parts, end."""
        place, answer = (state.account_id, state.account_seq), QueryResponse.FromString(state.content)
        begin = AccountSnapshotBegin(as_of_seq=state.account_seq, engine_seq=str(state.engine_seq))
        yield _encoded(epoch, *place, snapshot_begin=begin)
        first = AccountSnapshotPart(
            balances=map(self._whole_balance, answer.balances),
            positions=map(self._position, answer.positions),
            settings=_settings(answer.account),
        )
        yield _encoded(epoch, *place, snapshot_part=first)
        for start in range(0, len(answer.open_orders), ORDERS_A_PART):
            part = AccountSnapshotPart(
                open_orders=map(self._order_message, answer.open_orders[start : start + ORDERS_A_PART])
            )
            yield _encoded(epoch, *place, snapshot_part=part)
        yield _encoded(epoch, *place, snapshot_end=AccountSnapshotEnd())

    def events(self, epoch: int, events: Sequence[PrivateEvent]) -> bytes:
        """Encode events that follow each other."""
        last = events[-1]
        told = AccountEvents(events=map(self._event, events))
        return _encoded(epoch, last.account_id, last.account_seq, events=told)

    def heartbeat(
        self, epoch: int, account_id: AccountId, account_seq: int, current_seq: int, places: Mapping[AccountId, int]
    ) -> bytes:
        """Encode a sign of life, with the places in all accounts of a firm's stream."""
        told = (AccountPlace(account_id=str(each), account_seq=seq) for each, seq in places.items())
        beat = AccountHeartbeat(current_seq=current_seq, places=told)
        return _encoded(epoch, account_id, account_seq, heartbeat=beat)

    def _event(self, event: PrivateEvent) -> pb.AccountEvent:
        message = pb.AccountEvent(
            account_seq=event.account_seq,
            engine_seq=str(event.engine_seq),
            event_time=_timestamp(event.time_ns),
        )
        told = engine.Event.FromString(event.content)
        kind = told.WhichOneof("event") or ""
        name, write = self._writers[kind]
        getattr(message, name).CopyFrom(write(getattr(told, kind)))
        return message

    def _order(self, update: engine.OrderUpdated) -> pb.OrderUpdate:
        scales = self._names.instruments[update.order.instrument_id]
        fills = (fill_of(update.fill),) if update.HasField("fill") else ()
        told = Told(order_of(update.order), scales, fills)
        return pb.OrderUpdate(
            cause=pb.OrderUpdateCause.ValueType(update.cause),
            order=order_message(told),
            fill=fill_messages(told)[0] if fills else None,
        )

    def _order_message(self, order: engine_order.Order) -> Any:
        return order_message(Told(order_of(order), self._names.instruments[order.instrument_id]))

    def _prevented(self, match: engine.PreventedMatch) -> pb.PreventedMatch:
        scales = self._names.instruments[match.instrument_id]
        return pb.PreventedMatch(
            instrument=scales.symbol,
            maker_order_id=str(match.maker_order_id),
            taker_order_id=str(match.taker_order_id),
            price=scales.price_text(match.price),
            quantity=scales.quantity_text(match.quantity),
            mode=match.mode,
            maker_account_id=str(match.maker_account_id),
            taker_account_id=str(match.taker_account_id),
        )

    def _balance_update(self, change: engine.BalanceChanged) -> pb.BalanceUpdate:
        return pb.BalanceUpdate(
            kind=pb.BalanceUpdateKind.ValueType(change.kind),
            amount=text_of(change.amount, self._names.assets[change.asset_id].scale),
            balance=self._balance(change),
            trade_id=str(change.trade_id) if change.trade_id else "",
            instrument=self._names.instruments[change.instrument_id].symbol if change.instrument_id else "",
        )

    def _whole_balance(self, balance: engine_order.Balance) -> pb.AccountBalance:
        message = self._balance(balance)
        message.unsettled = text_of(balance.unsettled, self._names.assets[balance.asset_id].scale)
        return message

    def _balance(self, balance: engine_order.Balance | engine.BalanceChanged) -> pb.AccountBalance:
        asset = self._names.assets[balance.asset_id]
        return pb.AccountBalance(
            asset=asset.symbol,
            available=text_of(balance.available, asset.scale),
            held=text_of(balance.held, asset.scale),
        )

    def _position_update(self, change: engine_account.PositionChanged) -> pb.PositionUpdate:
        scales = self._names.instruments[change.position.instrument_id]
        return pb.PositionUpdate(
            kind=pb.PositionUpdateKind.ValueType(change.kind),
            position=self._position(change.position),
            quantity=scales.quantity_text(change.quantity),
            realised_result=scales.quote_text(change.realised_result),
            trade_id=str(change.trade_id) if change.trade_id else "",
        )

    def _position(self, position: engine_order.Position) -> pb.AccountPosition:
        scales = self._names.instruments[position.instrument_id]
        return pb.AccountPosition(
            instrument=scales.symbol,
            quantity=scales.quantity_text(position.quantity),
            cost=scales.quote_text(position.cost),
            realised_result=scales.quote_text(position.realised_result),
        )

    def _delivery(self, delivered: engine_account.UnsettledDelivered) -> pb.DeliveryUpdate:
        assets = self._names.assets
        return pb.DeliveryUpdate(
            instrument=self._names.instruments[delivered.instrument_id].symbol,
            value_date=delivered.value_date,
            base_amount=text_of(delivered.base_amount, assets[delivered.base_asset_id].scale),
            quote_amount=text_of(delivered.quote_amount, assets[delivered.quote_asset_id].scale),
        )

    def _exercise(self, exercise: engine_account.OptionExercised) -> pb.OptionExerciseUpdate:
        scales = self._names.instruments[exercise.instrument_id]
        return pb.OptionExerciseUpdate(
            instrument=scales.symbol, quantity=scales.quantity_text(exercise.quantity), assigned=exercise.assigned
        )


def _encoded(epoch: int, account_id: AccountId, account_seq: int, **message: Any) -> bytes:
    return StreamAccountResponse(
        epoch=epoch, account_id=str(account_id), account_seq=account_seq, **message
    ).SerializeToString()


def _mass_cancel(done: engine_account.MassCancelDone) -> pb.MassCancelUpdate:
    return pb.MassCancelUpdate(
        mass_cancel_id=str(done.mass_cancel_id),
        cause=pb.MassCancelCause.ValueType(done.cause),
        cancelled_count=done.count,
    )


def _settings(account: engine_account.AccountUpdated) -> pb.AccountSettings:
    return pb.AccountSettings(
        kind=account.kind,
        trading_state=account.trading_state,
        account_class=account.account_class,
        fee_tier=account.fee_tier,
        taker_fee_ppm=account.taker_fee_ppm,
        maker_fee_ppm=account.maker_fee_ppm,
        self_trade_group_id=str(account.self_trade_group_id),
    )


def _cancel_all_after(change: engine_account.CancelAllAfterChanged) -> pb.CancelAllAfterUpdate:
    return pb.CancelAllAfterUpdate(
        state=pb.CancelAllAfterState.ValueType(change.state),
        due_time=_timestamp(change.due_time_ns) if change.due_time_ns else None,
    )


def _session(session: engine_account.SessionChanged) -> pb.TradingSessionUpdate:
    return pb.TradingSessionUpdate(
        session_id=str(session.session_id),
        session_epoch=str(session.session_epoch),
        state=pb.TradingSessionState.ValueType(session.state),
        due_time=_timestamp(session.due_time_ns) if session.due_time_ns else None,
        loss=pb.TradingSessionLoss.ValueType(session.loss),
    )


def _liquidation(change: engine_account.LiquidationChanged) -> pb.LiquidationUpdate:
    return pb.LiquidationUpdate(
        state=pb.LiquidationState.ValueType(change.state),
        equity=text_of(change.equity, KK99_SCALE),
        maintenance_margin=text_of(change.maintenance_margin, KK99_SCALE),
    )


def _timestamp(ns: int) -> Timestamp:
    seconds, nanos = divmod(ns, _NS_PER_S)
    return Timestamp(seconds=seconds, nanos=nanos)
