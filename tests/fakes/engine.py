"""The engine in memory, naive: price and time priority, holds, fees, expiry, idempotency. It refuses as NOT_SUPPORTED
what waits for a price, hides, moves or is for an auction, and knows no protection price and no self-trade.

It speaks the engine's own messages and passes the suite of tests/contract/orders, as the real engine does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from exchange.engine.v1 import command_pb2, engine_events_pb2, engine_service_pb2, instrument_pb2, order_pb2
from exchange.error.v1 import reason_pb2
from exchange.type.v1 import instrument_pb2 as type_instrument_pb2
from exchange.type.v1 import order_pb2 as t
from tests.fakes.engine_requests import OPEN, Cause, RequestsFake, Result, replayed
from tests.fakes.engine_rules import RESTING, Refused, check_fields, fee_of, grid_faults, notional_of, settle

WINDOW_NS = 600_000_000_000

Command = command_pb2.Command


@dataclass
class Account:
    opened: command_pb2.OpenAccount
    total: dict[int, int] = field(default_factory=dict)
    orders: dict[int, order_pb2.Order] = field(default_factory=dict)
    answers: dict[str, tuple[int, Result]] = field(default_factory=dict)
    silent_at_ns: int | None = None


class EngineFake(RequestsFake):
    """A state machine: `apply` takes a command at `now_ns`; `blocks` is the event log."""

    def __init__(self, now_ns: int = 1_700_000_000_000_000_000) -> None:
        self.now_ns = now_ns
        self.blocks: list[engine_events_pb2.EventBlock] = []
        self._accounts: dict[int, Account] = {}
        self._instruments: dict[int, instrument_pb2.Instrument] = {}
        self._last_order_id = 0
        self._last_trade_id = 0
        self._queue: dict[int, int] = {}
        self._last_place = 0

    @property
    def engine_seq(self) -> int:
        return len(self.blocks)

    def apply(self, command: Command) -> Result:
        block = engine_events_pb2.EventBlock(engine_seq=self.engine_seq + 1, engine_time_ns=self.now_ns)
        self.blocks.append(block)
        self._expire(block)
        self._fire_guards(block)
        kind = command.WhichOneof("command")
        assert kind is not None
        result: Result = getattr(self, f"_{kind}")(getattr(command, kind), block)
        result.engine_seq = result.engine_seq or block.engine_seq
        return result

    def snapshot(self) -> engine_service_pb2.SnapshotPart:
        return engine_service_pb2.SnapshotPart(
            engine_seq=self.engine_seq,
            books=[engine_service_pb2.BookState(instrument=instrument) for instrument in self._instruments.values()],
            orders=[order for book in self._instruments for order in self._resting(book)],
            last=True,
        )

    def forget_ids(self) -> None:
        """Let the window of remembered ids pass."""
        for account in self._accounts.values():
            account.answers.clear()

    def _open_account(self, opened: command_pb2.OpenAccount, block: engine_events_pb2.EventBlock) -> Result:
        self._accounts.setdefault(opened.account_id, Account(opened))
        return Result()

    def _create_instrument(self, created: command_pb2.CreateInstrument, block: engine_events_pb2.EventBlock) -> Result:
        self._instruments[created.instrument.instrument_id] = created.instrument
        block.events.add().instrument_updated.instrument.CopyFrom(created.instrument)
        return Result()

    def _transfer_in(self, transfer: command_pb2.TransferIn, block: engine_events_pb2.EventBlock) -> Result:
        total = self._accounts[transfer.account_id].total
        total[transfer.asset_id] = total.get(transfer.asset_id, 0) + transfer.amount
        return Result()

    def _place_order(self, place: command_pb2.PlaceOrder, block: engine_events_pb2.EventBlock) -> Result:
        account = self._accounts.get(place.account_id)
        if place.validate_only:
            return self._judge(account, place)
        if account is None:
            return Result(reason=reason_pb2.REASON_UNKNOWN_ACCOUNT)
        if place.client_order_id in account.answers:
            return replayed(*account.answers[place.client_order_id], place.fingerprint)
        try:
            check_fields(place)
            self._check_time(place.valid_until_ns)
        except Refused as refused:
            return Result(reason=refused.reason)
        result = self._enter(account, place, block)
        result.engine_seq = block.engine_seq
        account.answers[place.client_order_id] = (place.fingerprint, result)
        return result

    def _judge(self, account: Account | None, place: command_pb2.PlaceOrder) -> Result:
        reasons = list(self._faults_of(account, place))
        cost = None if account is None else self._cost_of(account, place)
        return Result(reason=reasons[0] if reasons else reason_pb2.REASON_UNSPECIFIED, all_reasons=reasons, cost=cost)

    def _faults_of(
        self, account: Account | None, place: command_pb2.PlaceOrder
    ) -> Iterator[reason_pb2.Reason.ValueType]:
        try:
            check_fields(place)
        except Refused as refused:
            yield refused.reason
            return
        if account is None:
            yield reason_pb2.REASON_UNKNOWN_ACCOUNT
        elif account.answers.get(place.client_order_id, (place.fingerprint,))[0] != place.fingerprint:
            yield reason_pb2.REASON_CLIENT_ORDER_ID_REUSED
        try:
            self._check_time(place.valid_until_ns)
        except Refused as refused:
            yield refused.reason
        yield from self._faults(account, self._order_of(place))

    def _check_time(self, valid_until_ns: int) -> None:
        if self.now_ns > valid_until_ns:
            raise Refused(reason_pb2.REASON_REQUEST_EXPIRED)
        if valid_until_ns > self.now_ns + WINDOW_NS:
            raise Refused(reason_pb2.REASON_VALID_UNTIL_TOO_FAR)

    def _enter(self, account: Account, place: command_pb2.PlaceOrder, block: engine_events_pb2.EventBlock) -> Result:
        order = self._new_order(place)
        account.orders[order.order_id] = order
        self._queue_last(order)
        try:
            self._check(account, order)
        except Refused as refused:
            order.status, order.reject_reason = t.ORDER_STATUS_REJECTED, refused.reason
            order.cancelled_quantity, order.leaves_quantity = order.quantity, 0
            self._tell(block, Cause.ORDER_UPDATE_CAUSE_REJECTED, order)
            return Result(reason=refused.reason, order=order)
        self._tell(block, Cause.ORDER_UPDATE_CAUSE_ACCEPTED, order)
        enough = sum(maker.leaves_quantity for maker in self._crossing(order)) >= order.min_quantity
        fills = self._match(order, block) if enough else []
        if order.status in OPEN and order.time_in_force not in RESTING:
            market = order.type == t.ORDER_TYPE_MARKET
            rest = t.ORDER_END_REASON_MARKET_REMAINDER if market else t.ORDER_END_REASON_IOC_REMAINDER
            rest = rest if enough else t.ORDER_END_REASON_MIN_QUANTITY_NOT_MET
            self._close(order, t.ORDER_STATUS_EXPIRED, rest)
            self._tell(block, Cause.ORDER_UPDATE_CAUSE_EXPIRED, order)
        return Result(order=order, fills=fills)

    def _queue_last(self, order: order_pb2.Order) -> None:
        self._last_place += 1
        self._queue[order.order_id] = self._last_place

    def _new_order(self, place: command_pb2.PlaceOrder) -> order_pb2.Order:
        self._last_order_id += 1
        order = self._order_of(place)
        order.order_id = self._last_order_id
        return order

    def _order_of(self, place: command_pb2.PlaceOrder) -> order_pb2.Order:
        return order_pb2.Order(
            account_id=place.account_id,
            client_order_id=place.client_order_id,
            instrument_id=place.instrument_id,
            side=place.side,
            type=place.type,
            time_in_force=place.time_in_force,
            post_only=place.post_only,
            self_trade_prevention=place.self_trade_prevention,
            price=place.price,
            quantity=place.quantity,
            leaves_quantity=place.quantity,
            quote_budget=place.quote_budget,
            status=t.ORDER_STATUS_NEW,
            accepted_time_ns=self.now_ns,
            min_quantity=place.min_quantity,
            expire_time_ns=place.expire_time_ns,
            tag=place.tag,
        )

    def _check(self, account: Account, order: order_pb2.Order) -> None:
        reason = next(self._faults(account, order), None)
        if reason is not None:
            raise Refused(reason)

    def _faults(self, account: Account | None, order: order_pb2.Order) -> Iterator[reason_pb2.Reason.ValueType]:
        """Give all that is wrong with an order, in the order of the engine's checks."""
        instrument = self._instruments.get(order.instrument_id)
        if instrument is None:
            yield reason_pb2.REASON_UNKNOWN_INSTRUMENT
            return
        if instrument.phase != type_instrument_pb2.TRADING_PHASE_CONTINUOUS:
            yield reason_pb2.REASON_PHASE_NOT_ALLOWED
        yield from grid_faults(instrument, order, self.now_ns)
        crossing = self._crossing(order)
        limit = order.type == t.ORDER_TYPE_LIMIT
        if limit and account is not None and self._lacking(account, instrument, order):
            yield reason_pb2.REASON_INSUFFICIENT_FUNDS
        if not limit and not crossing:
            yield reason_pb2.REASON_NO_LIQUIDITY
        if order.post_only and crossing:
            yield reason_pb2.REASON_POST_ONLY_WOULD_CROSS

    def _lacking(self, account: Account, instrument: instrument_pb2.Instrument, order: order_pb2.Order) -> bool:
        return self._hold(account, order) > self._available(account, instrument, order)

    def _available(self, account: Account, instrument: instrument_pb2.Instrument, order: order_pb2.Order) -> int:
        """Give what there is for an order beside those that are open."""
        asset = instrument.quote if order.side == t.SIDE_BUY else instrument.base
        return account.total.get(asset.asset_id, 0) - sum(
            self._hold(account, each)
            for each in account.orders.values()
            if each.status in OPEN
            and each.order_id != order.order_id
            and each.side == order.side
            and each.instrument_id == order.instrument_id
        )

    def _cost_of(self, account: Account, place: command_pb2.PlaceOrder) -> command_pb2.OrderCost | None:
        instrument = self._instruments.get(place.instrument_id)
        if instrument is None or place.type != t.ORDER_TYPE_LIMIT:
            return None
        order, notional = self._order_of(place), notional_of(instrument, place.price, place.quantity)
        return command_pb2.OrderCost(
            asset_id=(instrument.quote if place.side == t.SIDE_BUY else instrument.base).asset_id,
            worst_price=place.price,
            notional=notional,
            worst_fee=fee_of(notional, account.opened.taker_fee_ppm),
            required=self._hold(account, order),
            available=self._available(account, instrument, order),
        )

    def _hold(self, account: Account, order: order_pb2.Order) -> int:
        instrument = self._instruments[order.instrument_id]
        if order.side == t.SIDE_SELL:
            return order.leaves_quantity * 10 ** (instrument.base.scale - instrument.quantity_scale)
        open_notional = notional_of(instrument, order.price, order.leaves_quantity)
        fees = fee_of(order.cum_notional + open_notional, account.opened.taker_fee_ppm) + 1 - order.cum_fee
        return open_notional + fees

    def _match(self, taker: order_pb2.Order, block: engine_events_pb2.EventBlock) -> list[order_pb2.Fill]:
        fills: list[order_pb2.Fill] = []
        for maker in self._crossing(taker):
            if not taker.leaves_quantity:
                break
            self._last_trade_id += 1
            quantity = min(maker.leaves_quantity, taker.leaves_quantity)
            self._fill(maker, maker.price, quantity, t.LIQUIDITY_MAKER, block)
            fills.append(self._fill(taker, maker.price, quantity, t.LIQUIDITY_TAKER, block))
            block.events.add().trade.trade_id = self._last_trade_id
        return fills

    def _fill(
        self,
        order: order_pb2.Order,
        price: int,
        quantity: int,
        liquidity: t.Liquidity.ValueType,
        block: engine_events_pb2.EventBlock,
    ) -> order_pb2.Fill:
        account, instrument = self._accounts[order.account_id], self._instruments[order.instrument_id]
        maker = liquidity == t.LIQUIDITY_MAKER
        ppm = account.opened.maker_fee_ppm if maker else account.opened.taker_fee_ppm
        notional = notional_of(instrument, price, quantity)
        fee = fee_of(order.cum_notional + notional, ppm) - fee_of(order.cum_notional, ppm)
        fill = order_pb2.Fill(
            trade_id=self._last_trade_id,
            price=price,
            quantity=quantity,
            notional=notional,
            fee=fee,
            liquidity=liquidity,
        )
        order.cum_quantity += quantity
        order.leaves_quantity -= quantity
        order.cum_notional += notional
        order.cum_fee += fee
        order.status = t.ORDER_STATUS_PARTIALLY_FILLED if order.leaves_quantity else t.ORDER_STATUS_FILLED
        settle(account.total, instrument, order.side, fill)
        self._tell(block, Cause.ORDER_UPDATE_CAUSE_FILLED, order, fill)
        return fill

    def _crossing(self, order: order_pb2.Order) -> list[order_pb2.Order]:
        against = [each for each in self._resting(order.instrument_id) if each.side != order.side]
        if order.type == t.ORDER_TYPE_MARKET:
            return against
        sign = 1 if order.side == t.SIDE_BUY else -1
        return [each for each in against if sign * (order.price - each.price) >= 0]

    def _resting(self, instrument_id: int) -> list[order_pb2.Order]:
        resting = (
            order
            for account in self._accounts.values()
            for order in account.orders.values()
            if order.instrument_id == instrument_id and order.status in OPEN and order.version
        )
        return sorted(resting, key=lambda o: (o.price if o.side == t.SIDE_SELL else -o.price, self._queue[o.order_id]))

    def _close(
        self, order: order_pb2.Order, status: t.OrderStatus.ValueType, reason: t.OrderEndReason.ValueType
    ) -> None:
        order.status, order.end_reason = status, reason
        order.cancelled_quantity += order.leaves_quantity
        order.leaves_quantity = 0

    def _tell(
        self,
        block: engine_events_pb2.EventBlock,
        cause: Cause.ValueType,
        order: order_pb2.Order,
        fill: order_pb2.Fill | None = None,
    ) -> None:
        order.version += 1
        order.updated_time_ns = self.now_ns
        block.events.add().order_updated.CopyFrom(engine_events_pb2.OrderUpdated(cause=cause, order=order, fill=fill))
