"""Calls to other processes: mutual TLS, the deadline and trace of the call being served, refusals as types."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

import grpc
from opentelemetry import propagate

from services.kernel.refusal import Unavailable
from services.runtime import call
from services.runtime.refusals import DeadlineTooShort, refusal_of
from services.runtime.tls import Identity

SHAVE = timedelta(milliseconds=5)
"""What each hop keeps of the deadline, to answer in time itself."""

DEFAULT_TIMEOUT = timedelta(seconds=5)
MAX_ATTEMPTS = 3
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Peers are trusted: one command that ends thousands of orders makes one large block of events."""
KEEPALIVE_MS = 10_000
KEEPALIVE_TIMEOUT_MS = 5_000
MIN_RECONNECT_MS = 50
MAX_RECONNECT_MS = 1_000
CONNECT_TIMEOUT_MS = 3_000
"""How long a connection may take to be made: gRPC's shortest backoff bounds that too, and a loaded machine is slow."""

Request = TypeVar("Request")
Response = TypeVar("Response")


@asynccontextmanager
async def connect(target: str, identity: Identity, server_name: str = "localhost") -> AsyncIterator[grpc.aio.Channel]:
    """Open a channel to `target` (host:port); it connects when first used, and again whenever it must.

    `server_name` is the DNS name that the server's certificate carries.
    """
    options = [
        ("grpc.ssl_target_name_override", server_name),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.max_pings_without_data", 0),  # a silent stream must notice a dead peer, however long it is silent
        ("grpc.initial_reconnect_backoff_ms", MIN_RECONNECT_MS),
        ("grpc.min_reconnect_backoff_ms", CONNECT_TIMEOUT_MS),
        ("grpc.max_reconnect_backoff_ms", MAX_RECONNECT_MS),
        ("grpc.enable_retries", 0),
    ]
    channel = grpc.aio.secure_channel(target, identity.channel_credentials(), options)
    try:
        yield channel
    finally:
        await channel.close()


async def invoke(
    method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]",
    request: Request,
    *,
    limit: timedelta = DEFAULT_TIMEOUT,
    retry: bool = False,
) -> Response:
    """Call a unary method, within `limit` and the deadline of the call being served.

    With `retry`, an answer `Unavailable` is tried again, up to MAX_ATTEMPTS: only for requests that carry ids or change
    nothing. Raises the peer's refusal as a `Refusal`, and `PeerFailed` for a failure without a name.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return await method(request, timeout=_timeout_s(limit), metadata=outgoing_metadata())
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if not (retry and attempt < MAX_ATTEMPTS and isinstance(refusal, Unavailable)):
                raise refusal from error
    raise AssertionError("the last attempt returns or raises")


def outgoing_metadata() -> tuple[tuple[str, str], ...]:
    """Return what travels with every call: the trace (W3C) and the request id of the call being served."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    served = call.current()
    if served is not None:
        carrier[call.REQUEST_ID_KEY] = served.request_id
    return tuple(carrier.items())


def _timeout_s(limit: timedelta) -> float:
    left = call.remaining()
    if left is None:
        return limit.total_seconds()
    if left <= SHAVE.total_seconds():
        raise DeadlineTooShort("The deadline leaves no time to ask another part; retry with the same ids.")
    return min(limit.total_seconds(), left - SHAVE.total_seconds())
