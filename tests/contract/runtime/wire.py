"""What a client sees of a refusal."""

from collections.abc import Awaitable
from dataclasses import dataclass

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2


@dataclass(frozen=True)
class Seen:
    """A refusal as it came over the wire."""

    code: grpc.StatusCode
    message: str
    reason: str
    metadata: dict[str, str]
    fields: tuple[str, ...]
    retry_ms: int | None
    trailers: dict[str, object]


async def refused(call: Awaitable[object]) -> Seen:
    """Await a call that must be refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return seen(caught.value)


def seen(error: grpc.aio.AioRpcError) -> Seen:
    """Read an error with the public messages only."""
    trailers = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in status.details:
        assert any(detail.Unpack(message) for message in (info, bad, retry))
    return Seen(
        code=error.code(),
        message=error.details() or "",
        reason=info.reason,
        metadata=dict(info.metadata),
        fields=tuple(violation.field for violation in bad.field_violations),
        retry_ms=retry.retry_delay.ToMilliseconds() if retry.HasField("retry_delay") else None,
        trailers=trailers,
    )
