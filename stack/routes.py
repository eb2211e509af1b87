"""The edge's routes, token rules and clusters, as Envoy's configuration wants them; pure functions of the methods."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stack.authority import TRUST_DOMAIN, Identity
from stack.methods import Method, RestBinding

UNARY_TIMEOUT = "15s"
MAX_REQUEST_BYTES = 64 * 1024
TOKEN_PROVIDER = "auth"  # noqa: S105 - the name of a provider in the configuration
ENVOY = "type.googleapis.com/envoy"

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

Config = dict[str, Any]


def token_rules(methods: Iterable[Method]) -> list[Config]:
    """Let public methods pass without a token, in both their forms; everything else under our paths needs one."""
    public = [method for method in methods if method.public]
    open_paths: list[Config] = [{"match": {"path": method.path}} for method in public]
    open_rest: list[Config] = [{"match": _rest_match(binding)} for method in public for binding in method.rest]
    requires = {"provider_name": TOKEN_PROVIDER}
    closed: list[Config] = [{"match": {"prefix": prefix}, "requires": requires} for prefix in ("/exchange.", "/v1/")]
    return [*open_paths, *open_rest, *closed]


def _rest_match(binding: RestBinding) -> Config:
    """Match one REST form; the verb decides too, since one path may be read by all and written by few."""
    verb = {"name": ":method", "string_match": {"exact": binding.verb}}
    return {"safe_regex": {"regex": template_regex(binding.template)}, "headers": [verb]}


def template_regex(template: str) -> str:
    """Give the regular expression of a google.api.http template: {field} is one segment, {field=a/*} its pattern."""
    pieces = re.split(r"(\{[^}]*\}|\*\*|\*)", template)
    return "".join(_wildcard_regex(piece) if piece[:1] in ("{", "*") else re.escape(piece) for piece in pieces)


def _wildcard_regex(piece: str) -> str:
    if piece == "**":
        return ".+"
    pattern = piece.strip("{}").partition("=")[2]
    return template_regex(pattern) if pattern else "[^/]+"


def routes(methods: Sequence[Method], pages: Path) -> list[Config]:
    """Route each method by its gRPC path, to which REST is translated before; then the pages; then nothing."""
    streams = [_stream_route(method) for method in methods if method.streaming]
    served = {method.service: method.process for method in methods}
    unary = [_unary_route(service, process) for service, process in served.items()]
    rest = [_rest_route(method, binding) for method in methods for binding in method.rest]
    static = [_page_route(page) for page in sorted(pages.iterdir()) if page.suffix in CONTENT_TYPES]
    nothing = {"match": {"prefix": "/"}, "direct_response": {"status": 404, "body": {"inline_string": "No such path."}}}
    return [*streams, *unary, *rest, _preflight_route(methods[0].process), *static, nothing]


def _stream_route(method: Method) -> Config:
    """Let a stream live as long as both ends want, and do not collect its messages."""
    unbuffered = {"@type": f"{ENVOY}.extensions.filters.http.buffer.v3.BufferPerRoute", "disabled": True}
    return {
        "match": {"path": method.path},
        "route": {
            "cluster": method.process,
            "timeout": "0s",
            "idle_timeout": "0s",
            "max_stream_duration": {"max_stream_duration": "0s"},
        },
        "typed_per_filter_config": {"buffer": unbuffered},
    }


def _unary_route(service: str, process: str) -> Config:
    """Bound a call by the client's deadline or ours, and retry only what never reached the service."""
    return {
        "match": {"prefix": f"/{service}/"},
        "route": {
            "cluster": process,
            "timeout": UNARY_TIMEOUT,
            "max_stream_duration": {"grpc_timeout_header_max": UNARY_TIMEOUT},
            "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 2},
        },
    }


def _rest_route(method: Method, binding: RestBinding) -> Config:
    """Give a REST form a route for the CORS filter, which marks answers only where a cluster stands.

    Once the request is translated, its gRPC route takes its place.
    """
    return {"match": _rest_match(binding), "route": {"cluster": method.process, "timeout": UNARY_TIMEOUT}}


def _preflight_route(process: str) -> Config:
    """Give REST paths a route for the CORS filter, which answers preflights itself but only where a cluster stands.

    Nothing gets through to the cluster: a preflight that the filter does not answer brings no token.
    """
    verb = {"name": ":method", "string_match": {"exact": "OPTIONS"}}
    return {"match": {"prefix": "/v1/", "headers": [verb]}, "route": {"cluster": process, "timeout": UNARY_TIMEOUT}}


def _page_route(page: Path) -> Config:
    path = "/" if page.name == "index.html" else f"/{page.name}"
    header = {"header": {"key": "content-type", "value": CONTENT_TYPES[page.suffix]}}
    return {
        "match": {"path": path},
        "direct_response": {"status": 200, "body": {"filename": str(page)}},
        "response_headers_to_add": [header | {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def service_cluster(process: str, port: int, identity: Identity) -> Config:
    """Give one service: mutual TLS with its SPIFFE name checked, health asked, a limit on everything that can queue."""
    peer = {"san_type": "URI", "matcher": {"exact": TRUST_DOMAIN + process}}
    context = {
        "sni": "localhost",
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(identity.certificate)},
                    "private_key": {"filename": str(identity.key)},
                }
            ],
            "validation_context": {
                "trusted_ca": {"filename": str(identity.authority)},
                "match_typed_subject_alt_names": [peer],
            },
        },
    }
    return {
        **_cluster(process, port, context),
        **_http2(keepalive="30s"),
        "health_checks": [
            {
                "timeout": "1s",
                "interval": "1s",
                "no_traffic_interval": "1s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "grpc_health_check": {},
            }
        ],
        # With most replicas unhealthy Envoy asks them all the same: their own refusal says more than the edge's.
        "common_lb_config": {"healthy_panic_threshold": {"value": 50}},
        "outlier_detection": _OUTLIER_DETECTION,
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": 64, "max_pending_requests": 1024, "max_requests": 8192, "max_retries": 16}
            ]
        },
    }


_OUTLIER_DETECTION: Config = {
    # A service that answers UNAVAILABLE because one of its own needs is lost is not itself broken: only connections
    # that fail count, and a passed health check ends the ejection.
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 5,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_consecutive_5xx": 0,
    "enforcing_consecutive_gateway_failure": 0,
    "enforcing_success_rate": 0,
    "interval": "1s",
    "base_ejection_time": "2s",
    "max_ejection_percent": 100,
}


def self_cluster(port: int, authority: Path) -> Config:
    """Give the edge as its own upstream, for the keys that verify tokens."""
    trust = {"trusted_ca": {"filename": str(authority)}}
    return _cluster("edge", port, {"sni": "localhost", "common_tls_context": {"validation_context": trust}})


def telemetry_cluster(host: str, port: int) -> Config:
    """Give the collector that traces go to."""
    return {**_cluster("telemetry", port, None, host), **_http2(keepalive="30s"), "type": "STRICT_DNS"}


def tracing() -> Config:
    """Trace every request to the cluster `telemetry`."""
    return {
        "random_sampling": {"value": 100},
        "provider": {
            "name": "opentelemetry",
            "typed_config": {
                "@type": f"{ENVOY}.config.trace.v3.OpenTelemetryConfig",
                "grpc_service": {"envoy_grpc": {"cluster_name": "telemetry"}, "timeout": "1s"},
                "service_name": "edge",
            },
        },
    }


def _cluster(name: str, port: int, tls: Config | None, host: str = "127.0.0.1") -> Config:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
    cluster: Config = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if tls is not None:
        context = {"@type": f"{ENVOY}.extensions.transport_sockets.tls.v3.UpstreamTlsContext", **tls}
        cluster["transport_socket"] = {"name": "tls", "typed_config": context}
    return cluster


def _http2(keepalive: str) -> Config:
    kind = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    options = {
        "@type": f"type.googleapis.com/{kind}",
        "explicit_http_config": {
            "http2_protocol_options": {
                "initial_stream_window_size": 1048576,
                "initial_connection_window_size": 16777216,
                "connection_keepalive": {"interval": keepalive, "timeout": "5s"},
            }
        },
    }
    return {"typed_extension_protocol_options": {kind: options}}
