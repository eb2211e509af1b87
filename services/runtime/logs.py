"""Structured logs: one JSON object a line on standard output, with the trace and the request they belong to."""

import logging
import logging.config
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

from services.runtime import call

_Event = MutableMapping[str, Any]


def configure(service: str, level: str) -> None:
    """Send every log line of the process, those of libraries too, through one JSON writer."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        origin_of(service),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def origin_of(service: str) -> structlog.typing.Processor:
    """Return what adds the service, the trace and the call to a line."""

    def add(_logger: object, _method: str, event: _Event) -> _Event:
        event["service"] = service
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            event["trace_id"] = trace.format_trace_id(span.trace_id)
            event["span_id"] = trace.format_span_id(span.span_id)
        served = call.current()
        if served is not None:
            event["request_id"], event["rpc"] = served.request_id, served.method
        return event

    return add
