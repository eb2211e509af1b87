"""A log line tells the service, the trace and the call it belongs to."""

import asyncio

from opentelemetry import trace

from services.runtime import call
from services.runtime.call import Call
from services.runtime.logs import origin_of

SPAN = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=True))


def served() -> Call:
    return Call(
        method="/a.B/C",
        request_id="r-1",
        deadline=None,
        streaming=False,
        draining=asyncio.Event(),
        peer="edge",
        client_address="",
    )


async def test_outside_a_call_there_is_only_the_service() -> None:
    assert origin_of("orders")(None, "info", {"event": "x"}) == {"event": "x", "service": "orders"}


async def test_inside_a_call_there_is_all_of_it() -> None:
    call.begin(served())
    with trace.use_span(SPAN):
        line = origin_of("orders")(None, "info", {})
    assert line == {
        "service": "orders",
        "trace_id": "00000000000000000000000000000abc",
        "span_id": "0000000000000def",
        "request_id": "r-1",
        "rpc": "/a.B/C",
    }
