"""Calls through the edge, patient with servers that restart.

Every request that is sent here may be repeated: it carries an id of its own, or has no effect beyond its answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from exchange.error.v1.reason_pb2 import Reason, refusal
from services.kernel.entropy import Entropy
from stack.demo.backoff import Backoff

CALL_TIMEOUT_S = 5.0
PATIENCE_S = 600.0
"""How long a call is repeated; an exchange that is away for longer is taken for gone."""
EDGE_NAME = "localhost"
"""The name in the edge's certificate."""

_OUTCOME_UNKNOWN = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
)
"""CANCELLED is what a server that ends tells of the calls in its hands; a cancel of our own is a CancelledError."""
_NOT_YET = frozenset({"UNKNOWN_ACCOUNT"})
"""A new user's account opens a moment after the registration is answered."""
_RECONNECT_OPTIONS = [("grpc.ssl_target_name_override", EDGE_NAME), ("grpc.max_reconnect_backoff_ms", 2_000)]

_log = logging.getLogger(__name__)

Metadata = tuple[tuple[str, str], ...]
Request_contra = TypeVar("Request_contra", contravariant=True)
Response_co = TypeVar("Response_co", covariant=True)


class Method(Protocol[Request_contra, Response_co]):
    """A unary method of a generated stub."""

    def __call__(
        self, request: Request_contra, /, *, timeout: float | None = None, metadata: Any = None
    ) -> Awaitable[Response_co]:
        """Call the method."""


class RefusedError(Exception):
    """The exchange refused a request for good; `reason` is its name in the contract, without the prefix."""

    def __init__(self, code: grpc.StatusCode, reason: str, details: dict[str, str], message: str) -> None:
        super().__init__(f"{reason or code.name}: {message}")
        self.code = code
        self.reason = reason
        self.details = details


class NoAnswerError(Exception):
    """The exchange was asked for PATIENCE_S, and has not decided; what became of the request is unknown."""


def open_channel(address: str, ca_file: Path) -> grpc.aio.Channel:
    """Open a TLS channel to the edge at host:port, trusting the given authority alone."""
    credentials = grpc.ssl_channel_credentials(ca_file.read_bytes())
    return grpc.aio.secure_channel(address, credentials, options=_RECONNECT_OPTIONS)


def pauses(entropy: Entropy) -> Backoff:
    """Give the delays between attempts to reach the exchange."""
    return Backoff(entropy, first_s=0.2, ceiling_s=3.0)


async def call(
    method: Method[Request_contra, Response_co],
    request: Request_contra,
    entropy: Entropy,
    metadata: Callable[[], Awaitable[Metadata]],
    patience_s: float = PATIENCE_S,
) -> Response_co:
    """Call until there is an answer, through restarts of whatever stands behind.

    Raises RefusedError, and NoAnswerError when `patience_s` have passed.
    """
    clock, backoff = asyncio.get_running_loop().time, pauses(entropy)
    give_up_at_s = clock() + patience_s
    while True:
        try:
            return await method(request, timeout=CALL_TIMEOUT_S, metadata=await metadata())
        except grpc.aio.AioRpcError as error:
            refused = _refusal(error)
            if not _passes(refused):
                raise refused from error
            if clock() >= give_up_at_s:
                raise NoAnswerError(str(refused)) from error
        _log.info("%s; trying again", refused)
        await asyncio.sleep(backoff.next_delay_s())


async def without_token() -> Metadata:
    """Give the metadata of a public call."""
    return ()


def _passes(refused: RefusedError) -> bool:
    """Tell whether the same request may succeed later; the contract marks such reasons."""
    if refused.code in _OUTCOME_UNKNOWN or refused.reason in _NOT_YET:
        return True
    reason = Reason.DESCRIPTOR.values_by_name.get(f"REASON_{refused.reason}")
    if reason is None:
        # The edge's own limits carry no reason of the exchange.
        return refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return reason.GetOptions().Extensions[refusal].retryable


def _refusal(error: grpc.aio.AioRpcError) -> RefusedError:
    info = ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        if detail.Is(ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
    return RefusedError(error.code(), info.reason, dict(info.metadata), error.details() or "")
