"""Refusals on the wire: `google.rpc.Status` with ErrorInfo, BadRequest, QuotaFailure and RetryInfo, and back.

The contract's enum `Reason` is the only place that says which gRPC code goes with a reason.
"""

from collections.abc import Mapping
from types import MappingProxyType

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2

from exchange.error.v1 import reason_pb2
from services.kernel.refusal import (
    FieldViolation,
    InvalidField,
    LimitExceeded,
    RateLimited,
    Refusal,
    RelayedRefusal,
    Unavailable,
)

DOMAIN = "exchange"
PREFIX = "REASON_"
STATUS_DETAILS_KEY = "grpc-status-details-bin"


class Unauthenticated(Refusal):
    """No token, or one that is malformed, forged, or for another audience."""

    reason = "UNAUTHENTICATED"


class TokenExpired(Refusal):
    """The token is past its expiry."""

    reason = "TOKEN_EXPIRED"


class SessionRevoked(Refusal):
    """The token's session was logged out or revoked."""

    reason = "SESSION_REVOKED"


class ScopeMissing(Refusal):
    """The token lacks the scope of the method."""

    reason = "SCOPE_MISSING"


class CallerNotAllowed(Refusal):
    """The calling process may not use the method."""

    reason = "CALLER_NOT_ALLOWED"


class UnknownMethod(Refusal):
    """The server has no such method."""

    reason = "UNKNOWN_METHOD"


class Draining(Unavailable):
    """The server is shutting down."""

    reason = "DRAINING"


class DeadlineTooShort(Refusal):
    """The deadline leaves no time for the work."""

    reason = "DEADLINE_TOO_SHORT"


class Internal(Refusal):
    """The server failed in a way that has no name."""

    reason = "INTERNAL"


class PeerFailed(Exception):  # noqa: N818 - named as what it says
    """Another process failed in a way that is no refusal; the answer to our own caller is INTERNAL."""


def _codes() -> Mapping[str, int]:
    return MappingProxyType(
        {
            value.name.removeprefix(PREFIX): value.GetOptions().Extensions[reason_pb2.refusal].code
            for value in reason_pb2.Reason.DESCRIPTOR.values
            if value.number
        }
    )


CODES = _codes()
"""Number of the gRPC code of each reason, by its name without the prefix."""

_SHARED: Mapping[str, type[Refusal]] = {
    kind.reason: kind for kind in (Unavailable, Draining, LimitExceeded, DeadlineTooShort)
}
"""Refusals that mean the same whoever gives them, so that callers may catch them by type."""

_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


def name_of(reason: int) -> str:
    """Return the name of a reason as refusals and ErrorInfo carry it; a number this build does not know is INTERNAL."""
    known = reason_pb2.Reason.DESCRIPTOR.values_by_number.get(reason)
    return known.name.removeprefix(PREFIX) if known and known.number else Internal.reason


def status_of(refusal: Refusal) -> status_pb2.Status:
    """Write a refusal as the status that travels."""
    status = status_pb2.Status(code=CODES[refusal.reason], message=refusal.message)
    info = error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=refusal.metadata)
    status.details.add().Pack(info)
    if isinstance(refusal, InvalidField):
        status.details.add().Pack(_bad_request(refusal))
    if isinstance(refusal, RateLimited):
        status.details.add().Pack(_quota_failure(refusal))
    if refusal.retry_after_ms is not None:
        delay = Duration()
        delay.FromMilliseconds(refusal.retry_after_ms)
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status


def code_of(refusal: Refusal) -> grpc.StatusCode:
    """Return the gRPC code of a refusal."""
    return _STATUS_CODES[CODES[refusal.reason]]


def trailers_of(refusal: Refusal) -> tuple[tuple[str, bytes], ...]:
    """Return the trailing metadata that carries a refusal's details."""
    return ((STATUS_DETAILS_KEY, status_of(refusal).SerializeToString()),)


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """Read the refusal that a peer sent; what gRPC itself says of a lost peer is `Unavailable`.

    Raises `PeerFailed` for an error that is neither.
    """
    details = dict(error.trailing_metadata() or ()).get(STATUS_DETAILS_KEY)
    if isinstance(details, bytes):
        return _from_status(_parsed(details))
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return Unavailable("A part of the exchange does not answer; retry with the same ids.")
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineTooShort("The deadline passed before the answer came; retry with the same ids.")
    raise PeerFailed(f"{error.code().name}: {error.details()}") from error


def _bad_request(refusal: InvalidField) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=violation.field, description=violation.description)
            for violation in refusal.violations
        ]
    )


def _quota_failure(refusal: RateLimited) -> error_details_pb2.QuotaFailure:
    return error_details_pb2.QuotaFailure(
        violations=[
            error_details_pb2.QuotaFailure.Violation(subject=each.subject, description=each.description)
            for each in refusal.used_up
        ]
    )


def _parsed(details: bytes) -> status_pb2.Status:
    try:
        return status_pb2.Status.FromString(details)
    except DecodeError as error:
        raise PeerFailed("the peer sent a status that nobody can read") from error


def _from_status(status: status_pb2.Status) -> Refusal:
    info, bad_request, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    for detail in status.details:
        for message in (info, bad_request, retry):
            detail.Unpack(message)
    if info.domain != DOMAIN or info.reason not in CODES:
        raise PeerFailed(f"{code_pb2.Code.Name(status.code)}: {status.message}")
    if bad_request.field_violations:
        return InvalidField([FieldViolation(each.field, each.description) for each in bad_request.field_violations])
    retry_after_ms = retry.retry_delay.ToMilliseconds() if retry.HasField("retry_delay") else None
    shared = _SHARED.get(info.reason)
    if shared is not None:
        return shared(status.message, metadata=info.metadata, retry_after_ms=retry_after_ms)
    return RelayedRefusal(info.reason, status.message, metadata=info.metadata, retry_after_ms=retry_after_ms)
