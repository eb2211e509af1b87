"""What a call brings with it: a request id, a deadline, an address. Only the edge is believed about the last."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from services.runtime.authorization import EDGE
from services.runtime.call import REQUEST_ID_KEY

UNARY_LIMIT = timedelta(seconds=10)
"""Deadline of a unary call that brings none, and the most that one may bring."""

MAX_REQUEST_ID_CHARS = 64

if TYPE_CHECKING:  # generic in the stubs, a plain class when it runs
    Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
else:
    Context = grpc.aio.ServicerContext


def loop_time() -> float:
    """Return the time of the event loop's clock, in seconds."""
    return asyncio.get_running_loop().time()


def deadline_of(context: Context, *, streaming: bool) -> float | None:
    """Return when the call must be answered, by the event loop's clock; None for a stream without a deadline."""
    left: float | None = context.time_remaining()
    if not streaming:
        limit = UNARY_LIMIT.total_seconds()
        left = limit if left is None else min(left, limit)  # none left, 0, is not the same as none brought
    return None if left is None else loop_time() + left


def request_id_of(metadata: Mapping[str, Any]) -> str:
    """Return the id that came with the call; empty if it is no plain word of reasonable length."""
    given = str(metadata.get(REQUEST_ID_KEY, ""))
    plain = given.isascii() and given.replace("-", "").replace("_", "").isalnum()
    return given if plain and len(given) <= MAX_REQUEST_ID_CHARS else ""


def client_address_of(peer: str | None, metadata: Mapping[str, Any], context: Context) -> str:
    """Return the client's address as the edge saw it, or the other end of the connection."""
    if peer == EDGE and "x-envoy-external-address" in metadata:
        return str(metadata["x-envoy-external-address"])
    if peer == EDGE and "x-forwarded-for" in metadata:
        return str(metadata["x-forwarded-for"]).rpartition(",")[2].strip()
    return context.peer().partition(":")[2].rpartition(":")[0]
