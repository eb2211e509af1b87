"""The gRPC face of orders: each method decodes, runs its use case, encodes.

An account is only ever the caller's own: it comes from the token, no message names one. A drop copy tells of all
accounts of the token's firm, and its scope opens nothing else.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from math import ceil
from typing import Any, TypeAlias

import grpc

from exchange.orders.v1 import account_stream_pb2, order_pb2, trade_pb2
from exchange.orders.v1 import orders_service_pb2 as pb
from exchange.orders.v1.orders_service_pb2_grpc import OrdersServiceServicer
from services.kernel.clock import Clock
from services.kernel.firm import firm_of
from services.kernel.ids import AccountId, EngineSeq, RequestId
from services.kernel.refusal import Refusal
from services.orders.convert import messages, requests
from services.orders.convert.masks import mask_of, split_mask_of
from services.orders.errors import OrderNotFound
from services.orders.model.order import OrderRef
from services.orders.model.rates import Cost, Token, Usage
from services.orders.model.request import Answer, Draft
from services.orders.model.words import OrderType
from services.orders.ports import Engine, History, Instruments, Rates
from services.orders.usecases.amend_order import amend_order
from services.orders.usecases.cancel_all_after import cancel_all_after
from services.orders.usecases.cancel_order import cancel_order
from services.orders.usecases.get_order import get_order
from services.orders.usecases.list_orders import list_orders
from services.orders.usecases.list_trades import list_trades
from services.orders.usecases.mass_cancel import mass_cancel
from services.orders.usecases.place_order import place_order
from services.orders.usecases.stream_account import StreamAccount
from services.orders.usecases.trading_sessions import HeldSession, TradingSessions
from services.orders.usecases.twap_orders import TwapOrders
from services.orders.usecases.validate_order import Judgement, validate_order
from services.runtime import call
from services.runtime.authorization import require_scope
from services.runtime.refusals import ScopeMissing
from services.runtime.standing import Standing

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

ENGINE_SEQ_KEY = "x-engine-seq"

ORDERS_READ, DROP_COPY = "orders:read", "drop_copy:read"

ONE_ORDER, ONE_CANCEL, ONE_MESSAGE = Cost(orders=1, messages=1), Cost(cancels=1), Cost(messages=1)


class OrdersServer(OrdersServiceServicer):
    """OrdersService for the account of each call's token."""

    def __init__(
        self,
        instruments: Instruments,
        engine: Engine,
        history: History,
        *,
        accounts: StreamAccount,
        twaps: TwapOrders,
        rates: Rates,
        sessions: TradingSessions,
        clock: Clock,
    ) -> None:
        self._instruments = instruments
        self._engine = engine
        self._history = history
        self._twaps = twaps
        self._rates = rates
        self._sessions = sessions
        self._clock = clock
        self._accounts = accounts

    async def PlaceOrder(self, request: pb.PlaceOrderRequest, context: Context) -> pb.PlaceOrderResponse:
        """Enter an order, or only judge it."""
        await self._take(ONE_MESSAGE if request.validate_only else ONE_ORDER)
        draft = requests.draft_of(request, call.caller().account_id)
        if request.validate_only:
            return messages.judgement_response(await self._judge(draft))
        with _announcing():
            if draft.type is OrderType.TWAP:
                answer = await self._twaps.place(draft)
            else:
                answer = await place_order(draft, self._instruments, self._engine, self._clock)
        _announce(str(answer.engine_seq))
        return messages.place_response(answer)

    async def PreviewOrder(self, request: pb.PreviewOrderRequest, context: Context) -> pb.PreviewOrderResponse:
        """Tell what an order would cost, and what speaks against it."""
        await self._take(ONE_MESSAGE)
        draft = requests.draft_of(request.order, call.caller().account_id)
        return messages.preview_response(await self._judge(draft))

    async def CancelOrder(self, request: pb.CancelOrderRequest, context: Context) -> pb.CancelOrderResponse:
        """Take an order out of the book, or end a TWAP."""
        await self._take(ONE_CANCEL)
        order = requests.order_ref_of(request)
        request_id = RequestId(request.request_id) if request.request_id else None
        with _announcing():
            answer = await self._cancel(call.caller().account_id, order, request_id)
        _announce(str(answer.engine_seq))
        return messages.cancel_response(answer)

    async def AmendOrder(self, request: pb.AmendOrderRequest, context: Context) -> pb.AmendOrderResponse:
        """Change an open order."""
        await self._take(ONE_ORDER)
        draft = requests.amend_draft_of(request, call.caller().account_id)
        with _announcing():
            answer = await amend_order(
                draft, instruments=self._instruments, engine=self._engine, history=self._history, clock=self._clock
            )
        _announce(str(answer.engine_seq))
        return messages.amend_response(answer)

    async def MassCancel(self, request: pb.MassCancelRequest, context: Context) -> pb.MassCancelResponse:
        """Cancel all open orders that match."""
        await self._take(ONE_CANCEL)
        draft = requests.mass_cancel_draft_of(request, call.caller().account_id)
        with _announcing():
            done = await mass_cancel(draft, self._instruments, self._engine, self._clock)
        _announce(str(done.engine_seq))
        done = await self._twaps.mass_cancel(draft, done)
        return messages.mass_cancel_response(done)

    async def CancelAllAfter(self, request: pb.CancelAllAfterRequest, context: Context) -> pb.CancelAllAfterResponse:
        """Arm or disarm the account's guard."""
        await self._take(ONE_CANCEL)
        with _announcing():
            engine_seq = await cancel_all_after(call.caller().account_id, request.timeout_s, self._engine)
        _announce(str(engine_seq))
        return pb.CancelAllAfterResponse(engine_seq=str(engine_seq))

    async def OpenSession(self, request: pb.OpenSessionRequest, context: Context) -> pb.OpenSessionResponse:
        """Open a trading session, or take it over."""
        await self._take(ONE_MESSAGE)
        with _announcing():
            held = await self._sessions.open(requests.session_draft_of(request, call.caller().account_id))
        _announce(str(held.session.epoch))
        return messages.session_response(held.session)

    async def Heartbeat(self, request: pb.HeartbeatRequest, context: Context) -> pb.HeartbeatResponse:
        """Note that the owner of a session is there."""
        await self._take(ONE_MESSAGE)
        self._sessions.hear(self._session_named(request.session_id))
        return pb.HeartbeatResponse()

    async def CloseSession(self, request: pb.CloseSessionRequest, context: Context) -> pb.CloseSessionResponse:
        """End a session: nothing is cancelled."""
        await self._take(ONE_MESSAGE)
        engine_seq = await self._sessions.close(self._session_named(request.session_id))
        _announce(str(engine_seq))
        return pb.CloseSessionResponse(engine_seq=str(engine_seq))

    async def GetOrder(self, request: pb.GetOrderRequest, context: Context) -> pb.GetOrderResponse:
        """Tell one order."""
        await self._take(ONE_MESSAGE)
        of_order, of_fills = split_mask_of(request.read_mask, order_pb2.Order, "fills", order_pb2.Fill)
        order = requests.order_ref_of(request)
        told = await get_order(call.caller().account_id, order, self._engine, self._history)
        return pb.GetOrderResponse(
            order=of_order.kept(messages.order_message(told)) if of_order else None,
            fills=map(of_fills.kept, messages.fill_messages(told)) if of_fills else (),
        )

    async def ListOrders(self, request: pb.ListOrdersRequest, context: Context) -> pb.ListOrdersResponse:
        """List orders, newest first."""
        await self._take(ONE_MESSAGE)
        mask = mask_of(request.read_mask, order_pb2.Order)
        wanted = requests.order_filter_of(request, call.caller().account_id)
        page = await list_orders(wanted, requests.asked_of(request), self._engine, self._history)
        orders = [mask.kept(messages.order_message(told)) for told in page.items]
        return pb.ListOrdersResponse(orders=orders, next_page_token=page.next_page_token)

    async def ListTrades(self, request: pb.ListTradesRequest, context: Context) -> pb.ListTradesResponse:
        """List trades, newest first."""
        await self._take(ONE_MESSAGE)
        mask = mask_of(request.read_mask, trade_pb2.Trade)
        wanted = requests.trade_filter_of(request, call.caller().account_id)
        page = await list_trades(wanted, requests.asked_of(request), self._engine, self._history)
        trades = [mask.kept(messages.trade_message(trade)) for trade in page.items]
        return pb.ListTradesResponse(trades=trades, next_page_token=page.next_page_token)

    async def StreamAccount(  # type: ignore[override] # answers are ready bytes
        self, request: account_stream_pb2.StreamAccountRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """Follow the account, or all of the firm."""
        account_id, whole_firm = call.caller().account_id, request.HasField("firm")
        _require_scope_to_follow(whole_firm=whole_firm)
        await self._take(ONE_MESSAGE)
        places = requests.places_of(request, account_id)
        standing = Standing(self._clock)
        async with aclosing(self._accounts.follow(account_id, places, whole_firm=whole_firm)) as messages:
            async for message in messages:
                await standing.require()
                yield message

    def ready_bytes(self) -> Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]:
        """Return the handlers of the streams: their requests are messages, their answers bytes."""
        decode = account_stream_pb2.StreamAccountRequest.FromString
        return {"StreamAccount": grpc.unary_stream_rpc_method_handler(self.StreamAccount, decode, None)}

    async def _judge(self, draft: Draft) -> Judgement:
        if draft.type is OrderType.TWAP:
            return await self._twaps.judge(draft)
        return await validate_order(draft, self._instruments, self._engine, self._clock)

    async def _cancel(self, account_id: AccountId, order: OrderRef, request_id: RequestId | None) -> Answer:
        """Cancel an order; what the engine does not know may be a TWAP."""
        try:
            return await cancel_order(
                account_id,
                order,
                request_id,
                instruments=self._instruments,
                engine=self._engine,
                clock=self._clock,
            )
        except OrderNotFound as refusal:
            engine_seq = EngineSeq(int(refusal.metadata.get("engine_seq", "0")))
            return await self._twaps.cancel(account_id, order, request_id, engine_seq)

    async def _take(self, cost: Cost) -> None:
        caller = call.caller()
        usage = await self._rates.take(caller.account_id, caller.session_id, cost)
        _announce_usage(usage)
        usage.require()

    def _session_named(self, text: str) -> HeldSession:
        return self._sessions.find(call.caller().account_id, requests.session_of(text))


def _require_scope_to_follow(*, whole_firm: bool) -> None:
    """Refuse a token that lacks the scope, and a sub-account's for the firm, whatever its scopes."""
    caller = call.caller()
    require_scope(caller, DROP_COPY if whole_firm else ORDERS_READ)
    if whole_firm and caller.account_id != firm_of(caller.account_id):
        raise ScopeMissing(
            "A sub-account's token follows no firm; log in for the firm's own account.", metadata={"scope": DROP_COPY}
        )


@contextmanager
def _announcing() -> Iterator[None]:
    """Tell where a refusal stands in the engine's order, if it came that far."""
    try:
        yield
    except Refusal as refusal:
        if "engine_seq" in refusal.metadata:
            _announce(refusal.metadata["engine_seq"])
        raise


def _announce_usage(usage: Usage) -> None:
    """Say how the bucket that binds stands, and then all: used and allowed, of the account or the key, what is less."""
    binding = usage.binding
    call.respond_with("x-ratelimit-limit", str(binding.bucket.rate.burst))
    call.respond_with("x-ratelimit-remaining", str(binding.remaining))
    call.respond_with("x-ratelimit-reset", str(ceil(binding.full_in_us / 1_000_000)))
    levels = [usage.tightest(token) for token in Token]
    used = (f"{each.bucket.token.value}={each.used}/{each.bucket.rate.burst}" for each in levels)
    call.respond_with("x-ratelimit-usage", ", ".join(used))


def _announce(engine_seq: str) -> None:
    call.respond_with(ENGINE_SEQ_KEY, engine_seq)
