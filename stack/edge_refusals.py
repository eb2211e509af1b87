"""What the edge itself refuses, in words: a sentence that says what to do for gRPC, and JSON with the same for REST."""

from collections.abc import Iterator, Mapping
from typing import Any

from stack.routes import MAX_REQUEST_BYTES

Config = dict[str, Any]

ENVOYS_WORDS = "%LOCAL_REPLY_BODY%"
UNAUTHENTICATED = 401
TOO_LARGE = 413
UNAVAILABLE = 503

SENTENCES: Mapping[int, str] = {
    400: f"The request cannot be read: {ENVOYS_WORDS}",
    UNAUTHENTICATED: f"{ENVOYS_WORDS}: log in or refresh, and send the access token as `authorization: Bearer ...`.",
    404: "No such path, or not by this method: compare it with the contracts.",
    TOO_LARGE: f"The request is larger than {MAX_REQUEST_BYTES:,} bytes: send less at once.",
    UNAVAILABLE: "A part of the exchange does not answer: retry with the same ids.",
    504: "The answer did not come in time, and what became of the request is unknown: retry with the same ids.",
}
"""What to do about a refusal with this HTTP status."""

GRPC_CODES: Mapping[int, str] = {TOO_LARGE: "8"}
"""Codes that gRPC itself gives, where Envoy would give another: RESOURCE_EXHAUSTED."""

_CONTENT_TYPE: Config = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
_TRANSLATED: Config = {"name": "x-envoy-original-path", "present_match": True}
"""Once REST is translated it looks like gRPC, but for the path it came by."""

_GRPC: Config = {
    "and_filter": {
        "filters": [
            {"header_filter": {"header": _CONTENT_TYPE}},
            {"header_filter": {"header": _TRANSLATED | {"invert_match": True}}},
        ]
    }
}
_REST: Config = {
    "or_filter": {
        "filters": [
            {
                "header_filter": {
                    "header": _CONTENT_TYPE | {"invert_match": True, "treat_missing_header_as_empty": True}
                }
            },
            {"header_filter": {"header": _TRANSLATED}},
        ]
    }
}

_WITHOUT_KEYS: Config = {
    "extension_filter": {
        "name": "cel",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            "expression": "response.code_details.contains('Jwks_remote_fetch_is_failed')",
        },
    }
}
"""True of a token that nobody can judge: the edge has just started, and could not reach auth for its keys yet."""


def mappers() -> list[Config]:
    """Give Envoy's mappers, of which the first that fits writes the answer; gRPC keeps its trailers in all."""
    of_grpc = [_grpc_mapper(status, sentence) for status, sentence in SENTENCES.items()]
    of_rest = [_rest_mapper("EQ", status, sentence) for status, sentence in SENTENCES.items()]
    return [*_unjudged_mappers(), *of_grpc, *of_rest, _rest_mapper("GE", 400, ENVOYS_WORDS)]


def _unjudged_mappers() -> Iterator[Config]:
    """Say that the edge is not ready, where Envoy would say that the token is no good."""
    sentence = SENTENCES[UNAVAILABLE]
    for mapper in (_grpc_mapper(UNAUTHENTICATED, sentence), _rest_mapper("EQ", UNAUTHENTICATED, sentence)):
        yield {**mapper, "filter": _both(mapper["filter"], _WITHOUT_KEYS), "status_code": UNAVAILABLE}


def _grpc_mapper(status: int, sentence: str) -> Config:
    mapper: Config = {
        "filter": _both(_status("EQ", status), _GRPC),
        "body_format_override": {"text_format_source": {"inline_string": sentence}},
    }
    if status in GRPC_CODES:
        header = {"key": "grpc-status", "value": GRPC_CODES[status]}
        mapper["headers_to_add"] = [{"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]
    return mapper


def _rest_mapper(comparison: str, status: int, sentence: str) -> Config:
    fields = {
        "code": "%RESPONSE_CODE%",
        "message": sentence,
        "reason": "%RESPONSE_CODE_DETAILS%",
        "request_id": "%REQ(X-REQUEST-ID)%",
    }
    return {"filter": _both(_status(comparison, status), _REST), "body_format_override": {"json_format": fields}}


def _both(one: Config, other: Config) -> Config:
    return {"and_filter": {"filters": [one, other]}}


def _status(comparison: str, status: int) -> Config:
    value = {"default_value": status, "runtime_key": "none"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": value}}}
