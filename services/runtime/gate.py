"""The gate: the one interceptor that every call passes, before its handler and after.

Each call goes through the same steps in the same order:
1. a request id, a span, a count;
2. the deadline: hopeless work is refused, a unary call without one gets a default;
3. drain and load: a server that shuts down, or is full, takes nothing new, nor one stream too many of a client;
4. authorization: the peer's identity, and the user's token;
5. the body: decoded here, so that garbage is refused by name, then checked against the contract's field rules; every
   message of a stream likewise. Raw methods are a named list: they get steps 1 to 4 and read their bytes themselves;
6. the handler; what it raises becomes a status: a `Refusal` its own, anything else INTERNAL with the request id, its
   stack in the log and nowhere else.

Methods that nobody serves are refused by name. Health and reflection pass untouched. One event loop, no locks.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Never, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError
from opentelemetry import propagate, trace

from services.kernel.clock import Clock
from services.kernel.ids import Ids
from services.kernel.refusal import LimitExceeded, Refusal
from services.runtime import call as calls
from services.runtime.authorization import Authorizer, Rule, identity_of
from services.runtime.call import REQUEST_ID_KEY, Call
from services.runtime.incoming import Context, client_address_of, deadline_of, loop_time, request_id_of
from services.runtime.refusals import DeadlineTooShort, Draining, Internal, UnknownMethod, code_of, trailers_of
from services.runtime.stream_places import StreamPlaces
from services.runtime.telemetry import RpcMetrics, Telemetry
from services.runtime.validation import FieldRules, unreadable

HOPELESS = timedelta(milliseconds=2)
"""With less time than this left, work is refused rather than begun."""

RETRY_AFTER_MS = 100

if TYPE_CHECKING:  # generic in the stubs, a plain class when it runs
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
else:
    Handler = grpc.RpcMethodHandler
_Serve: TypeAlias = Callable[[Any, Context], Any]

_WRAPPERS: Mapping[tuple[bool, bool], Callable[[_Serve, None, Any], Handler]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""How to make a handler, by whether its requests and its responses are streams."""

_log = structlog.get_logger(__name__)


class Gate(grpc.aio.ServerInterceptor):
    """Stands before every handler of a server."""

    def __init__(
        self,
        authorizer: Authorizer,
        ids: Ids,
        telemetry: Telemetry,
        *,
        clock: Clock,
        max_calls: int,
        max_streams_per_client: int,
    ) -> None:
        self._clock = clock
        self._authorizer = authorizer
        self._ids = ids
        self._tracer = telemetry.tracer
        self._metrics = RpcMetrics(telemetry.registry)
        self._max_calls = max_calls
        self._streams = StreamPlaces(max_streams_per_client)
        self._fields = FieldRules()
        self._rules: dict[str, Rule] = {}
        self._exempt: tuple[str, ...] = ()
        self._guarded: dict[str, Handler] = {}
        self._running: dict[int, tuple[Call, asyncio.Task[Any]]] = {}
        self._draining = asyncio.Event()

    def admit(self, rules: Mapping[str, Rule]) -> None:
        """Let the methods of a contract in, each by its rule."""
        assert self._authorizer.takes_tokens or not any(rule.token for rule in rules.values()), "use_tokens comes first"
        self._rules.update(rules)

    def exempt(self, service: str) -> None:
        """Let a service of gRPC's own pass untouched: health, reflection."""
        self._exempt += (f"/{service}/",)

    async def drain(self, stream_grace: timedelta, grace: timedelta) -> None:
        """Refuse new calls, and wait up to `grace` for those being served.

        Open streams may end by themselves within `stream_grace`; then they end with DRAINING.
        """
        self._draining.set()
        served = {task: call for call, task in self._running.values()}
        streams = [task for task, call in served.items() if call.streaming]
        await _ended(streams, stream_grace)
        for task in streams:
            served[task].cut = True
            task.cancel()
        await _ended(served, grace)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of the method with every step around it."""
        method = handler_call_details.method
        if method in self._guarded:
            return self._guarded[method]
        if method.startswith(self._exempt):
            return await continuation(handler_call_details)
        handler = await continuation(handler_call_details) if method in self._rules else None
        if handler is None:
            return grpc.stream_stream_rpc_method_handler(_unknown(method))
        self._guarded[method] = self._guard(method, handler)
        return self._guarded[method]

    def _guard(self, method: str, handler: Handler) -> Handler:
        """Wrap a handler in one of the same arity that takes bytes, because the gate decodes them."""
        guarded = (self._streamed if handler.response_streaming else self._single)(method, handler)
        wrap = _WRAPPERS[handler.request_streaming, handler.response_streaming]
        return wrap(guarded, None, handler.response_serializer)

    def _single(self, method: str, handler: Handler) -> _Serve:
        serve = _behaviour(handler)
        decoded = self._decoder(handler)

        async def single(raw: Any, context: Context) -> Any:
            async with self._passage(method, context, streaming=handler.request_streaming):
                return await serve(decoded(raw), context)

        return single

    def _streamed(self, method: str, handler: Handler) -> _Serve:
        serve = _behaviour(handler)
        decoded = self._decoder(handler)

        async def streamed(raw: Any, context: Context) -> None:
            async with self._passage(method, context, streaming=True):
                answers = serve(decoded(raw), context)
                if not inspect.isasyncgen(answers):
                    await answers
                    return
                async with aclosing(answers):
                    async for answer in answers:
                        await context.write(answer)

        return streamed

    def _decoder(self, handler: Handler) -> Callable[[Any], Any]:
        """Return what turns the bytes of a request, or a stream of them, into checked messages."""
        decode, fields = handler.request_deserializer, self._fields
        if decode is None:
            return lambda raw: raw

        def message(raw: bytes) -> Any:
            try:
                decoded = decode(raw)
            except DecodeError as error:
                raise unreadable() from error
            fields.check(decoded)
            return decoded

        async def messages(raw: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for each in raw:
                yield message(each)

        return messages if handler.request_streaming else message

    @asynccontextmanager
    async def _passage(self, method: str, context: Context, *, streaming: bool) -> AsyncIterator[None]:
        """Take one call through the steps, and turn what its handler raises into a status."""
        metadata = dict(context.invocation_metadata() or ())
        call = self._begin(method, metadata, context, streaming=streaming)
        with self._traced(call, metadata), self._counted(call):
            try:
                await self._let_in(call, metadata)
                with self._streams.one(call.client) if streaming else nullcontext():
                    if streaming:  # it may be silent for long: tell at once that it was let in
                        await context.send_initial_metadata(((REQUEST_ID_KEY, call.request_id),))
                    async with asyncio.timeout_at(call.deadline):
                        yield
                context.set_trailing_metadata(tuple(call.trailers.items()))
            except grpc.aio.AbortError:
                raise  # the status is on its way
            except (Exception, asyncio.CancelledError) as error:
                await self._refuse(call, context, _explained(call, error))

    def _begin(self, method: str, metadata: Mapping[str, Any], context: Context, *, streaming: bool) -> Call:
        peer = identity_of(context.auth_context())
        call = Call(
            method=method,
            request_id=request_id_of(metadata) or str(self._ids.new()),
            deadline=deadline_of(context, streaming=streaming),
            streaming=streaming,
            draining=self._draining,
            peer=peer,
            client_address=client_address_of(peer, metadata, context),
            received_time_ns=self._clock.now_ns(),
        )
        call.trailers[REQUEST_ID_KEY] = call.request_id
        calls.begin(call)
        return call

    async def _let_in(self, call: Call, metadata: Mapping[str, Any]) -> None:
        if call.deadline is not None and call.deadline - loop_time() < HOPELESS.total_seconds():
            raise DeadlineTooShort("The deadline leaves no time for the work; send the same request with a longer one.")
        if self._draining.is_set():
            raise Draining("The server is shutting down; retry on another connection.", retry_after_ms=RETRY_AFTER_MS)
        if len(self._running) > self._max_calls:
            raise LimitExceeded("The server has as many calls open as it may.", retry_after_ms=RETRY_AFTER_MS)
        authorization = str(metadata.get("authorization", ""))
        rule = self._rules[call.method]
        call.admit = partial(self._authorizer.admit, call.method, rule, call.peer, authorization)
        call.caller = await call.admit()

    def _traced(self, call: Call, metadata: Mapping[str, Any]) -> AbstractContextManager[trace.Span]:
        return self._tracer.start_as_current_span(
            call.method.removeprefix("/"),
            propagate.extract(metadata),
            trace.SpanKind.SERVER,
            {"rpc.system": "grpc", "request_id": call.request_id},
            record_exception=False,
        )

    @contextmanager
    def _counted(self, call: Call) -> Iterator[None]:
        began = time.perf_counter()
        task = asyncio.current_task()
        assert task is not None
        self._running[id(call)] = (call, task)
        self._metrics.in_flight.inc()
        try:
            yield
        finally:
            del self._running[id(call)]
            self._metrics.in_flight.dec()
            self._metrics.total.labels(call.method, call.code).inc()
            self._metrics.seconds.labels(call.method).observe(time.perf_counter() - began)

    async def _refuse(self, call: Call, context: Context, refusal: Refusal) -> Never:
        code = code_of(refusal)
        call.code = code.name
        _log.debug("refused", reason=refusal.reason, message=refusal.message)
        await context.abort(code, refusal.message, (*call.trailers.items(), *trailers_of(refusal)))


async def _ended(tasks: Collection[asyncio.Task[Any]], limit: timedelta) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=limit.total_seconds())


def _behaviour(handler: Handler) -> _Serve:
    every: tuple[Any, ...] = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    serve: _Serve = next(behaviour for behaviour in every if behaviour is not None)
    return serve


def _explained(call: Call, error: BaseException) -> Refusal:
    """Return the refusal that tells the caller of `error`; a cancel by the caller goes on as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # a handler's TaskGroup wraps what one of its tasks raised
    if isinstance(error, Refusal):
        return error
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if not call.cut or task is None:
            late = call.deadline is not None and loop_time() >= call.deadline
            call.code = (grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED).name
            raise error
        task.uncancel()
        return Draining("The server is shutting down; open the stream again elsewhere.", retry_after_ms=RETRY_AFTER_MS)
    if isinstance(error, TimeoutError) and call.deadline is not None and loop_time() >= call.deadline:
        return DeadlineTooShort("The deadline passed during the work; retry with the same id.")
    _log.error("rpc_failed", exc_info=error)
    return Internal(
        "The server failed; quote the request id when you report it.", metadata={"request_id": call.request_id}
    )


def _unknown(method: str) -> _Serve:
    async def refuse(_requests: object, context: Context) -> None:
        refusal = UnknownMethod(f"{method} is not served here; compare the client's contracts with the server's.")
        await context.abort(code_of(refusal), refusal.message, trailers_of(refusal))

    return refuse
