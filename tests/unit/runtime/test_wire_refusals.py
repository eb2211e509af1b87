"""Refusals become statuses and come back as they were."""

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from exchange.error.v1 import reason_pb2
from services.kernel.refusal import (
    FieldViolation,
    InvalidField,
    LimitExceeded,
    RateLimited,
    Refusal,
    RelayedRefusal,
    Unavailable,
    UsedUp,
)
from services.runtime.refusals import (
    CODES,
    DeadlineTooShort,
    Draining,
    PeerFailed,
    code_of,
    name_of,
    refusal_of,
    status_of,
    trailers_of,
)


def error(code: grpc.StatusCode, refusal: Refusal | None = None, details: bytes = b"") -> grpc.aio.AioRpcError:
    trailers = trailers_of(refusal) if refusal else (("grpc-status-details-bin", details),) if details else ()
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailers), "what happened")


def test_every_reason_of_the_contract_has_a_code_that_says_so() -> None:
    assert set(CODES) == {each.name.removeprefix("REASON_") for each in reason_pb2.Reason.DESCRIPTOR.values[1:]}
    assert 0 not in CODES.values()


@pytest.mark.parametrize(
    "refusal",
    [
        RelayedRefusal("ORDER_NOT_OPEN", "It has ended.", metadata={"status": "FILLED"}),
        LimitExceeded("Wait.", retry_after_ms=1_234),
        InvalidField([FieldViolation("a.b", "is odd"), FieldViolation("c", "is missing")]),
        RateLimited([UsedUp("account 7", "10 orders a second")], retry_after_ms=40),
    ],
)
def test_a_refusal_comes_back_as_it_was(refusal: Refusal) -> None:
    back = refusal_of(error(code_of(refusal), refusal))
    assert (back.reason, back.message, back.metadata, back.retry_after_ms) == (
        refusal.reason,
        refusal.message,
        refusal.metadata,
        refusal.retry_after_ms,
    )
    assert getattr(back, "violations", ()) == getattr(refusal, "violations", ())


@pytest.mark.parametrize("kind", [Unavailable, Draining, LimitExceeded, DeadlineTooShort])
def test_what_means_the_same_everywhere_comes_back_as_its_type(kind: type[Refusal]) -> None:
    refusal = kind("Later.")
    assert type(refusal_of(error(code_of(refusal), refusal))) is kind


def test_the_status_carries_code_and_message() -> None:
    status = status_of(Unavailable("Retry."))
    assert (status.code, status.message, len(status.details)) == (14, "Retry.", 1)


def test_what_grpc_says_by_itself_becomes_a_refusal_where_one_fits() -> None:
    assert isinstance(refusal_of(error(grpc.StatusCode.UNAVAILABLE)), Unavailable)
    assert isinstance(refusal_of(error(grpc.StatusCode.DEADLINE_EXCEEDED)), DeadlineTooShort)


@pytest.mark.parametrize("details", [b"", b"\xff", status_pb2.Status(code=2, message="odd").SerializeToString()])
def test_a_failure_without_a_name_stays_a_failure(details: bytes) -> None:
    with pytest.raises(PeerFailed):
        refusal_of(error(grpc.StatusCode.UNKNOWN, details=details))


def test_reasons_by_number() -> None:
    assert name_of(reason_pb2.REASON_ORDER_NOT_FOUND) == "ORDER_NOT_FOUND"
    assert name_of(99_999) == name_of(0) == "INTERNAL"


def test_what_is_used_up_is_named_as_a_quota() -> None:
    status = status_of(RateLimited([UsedUp("account 7", "10 orders a second")], retry_after_ms=40))
    failure = error_details_pb2.QuotaFailure()
    assert [detail.Unpack(failure) for detail in status.details] == [False, True, False]
    [violation] = failure.violations
    assert (violation.subject, violation.description) == ("account 7", "10 orders a second")
