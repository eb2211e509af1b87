"""The edge alone, in front of small servers that speak the contracts behind mutual TLS."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from grpc_health.v1 import health, health_pb2_grpc
from joserfc import jwt
from joserfc.jwk import OKPKey

from exchange.auth.v1 import auth_service_pb2 as auth
from exchange.auth.v1 import auth_service_pb2_grpc as auth_grpc
from exchange.market_data.v1 import market_data_service_pb2 as market_data
from exchange.market_data.v1 import market_data_service_pb2_grpc as market_data_grpc
from stack.authority import Certificates, Identity, authority_of
from stack.envoy import IDENTITY, Envoy
from stack.launcher import Stack
from stack.ports import free_base_port
from stack.site import Site

# RFC 9864 renames the algorithm; Envoy knows it by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")

TIMEOUT_S = 10
FIVE_MEGABYTES = 5 * 1024 * 1024
HOW_TO_BRING_ONE = ": log in or refresh, and send the access token as `authorization: Bearer ...`."
TOO_LARGE = "The request is larger than 65,536 bytes: send less at once."
LOST = "A part of the exchange does not answer: retry with the same ids."
SIGNING_KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig", "alg": "EdDSA"})


class AuthServer(auth_grpc.AuthServiceServicer):
    """Publishes the test's key, and answers so that a test sees what arrived."""

    def GetJwks(self, request: auth.GetJwksRequest, context: grpc.ServicerContext) -> auth.GetJwksResponse:  # noqa: N802
        return auth.GetJwksResponse(keys=[auth.JsonWebKey(**SIGNING_KEY.as_dict(private=False))])

    def GetCurrentUser(  # noqa: N802
        self, request: auth.GetCurrentUserRequest, context: grpc.ServicerContext
    ) -> auth.GetCurrentUserResponse:
        return auth.GetCurrentUserResponse()


class MarketDataServer(market_data_grpc.MarketDataServiceServicer):
    """Streams one empty book for each instrument asked for, and then waits for the client to go."""

    def StreamBook(  # noqa: N802
        self, request: market_data.StreamBookRequest, context: grpc.ServicerContext
    ) -> Iterator[market_data.StreamBookResponse]:
        yield market_data.StreamBookResponse()


@dataclass(frozen=True)
class Edge:
    site: Site
    authority: str

    @property
    def url(self) -> str:
        return f"https://localhost:{self.site.port('edge')}"

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self.url + path, headers=headers, verify=self.authority, timeout=TIMEOUT_S)

    def channel(self) -> grpc.Channel:
        credentials = grpc.ssl_channel_credentials(Path(self.authority).read_bytes())
        return grpc.secure_channel(f"localhost:{self.site.port('edge')}", credentials)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    site = Site(tmp_path_factory.mktemp("edge"), free_base_port())
    certificates = Certificates(site, [IDENTITY, "auth", "market_data"])
    envoy = Envoy(site, needs=["certificates"])
    with Stack(site, [certificates, envoy], ["certificates"]) as stack:
        authority = authority_of(site)
        servers = [
            serve(site, "auth", authority.process("auth")),
            serve(site, "market_data", authority.process("market_data")),
        ]
        stack.start("envoy")
        yield Edge(site, str(authority.certificate))
        for server in servers:
            server.stop(grace=None).wait()


def serve(site: Site, process: str, identity: Identity) -> grpc.Server:
    server = grpc.server(ThreadPoolExecutor(8))
    auth_grpc.add_AuthServiceServicer_to_server(AuthServer(), server)
    market_data_grpc.add_MarketDataServiceServicer_to_server(MarketDataServer(), server)
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    pair = (identity.key.read_bytes(), identity.certificate.read_bytes())
    credentials = grpc.ssl_server_credentials([pair], identity.authority.read_bytes(), require_client_auth=True)
    server.add_secure_port(site.address(process), credentials)
    server.start()
    return server


def token(**claims: Any) -> str:
    now = int(time.time())
    standard = {"iss": "exchange", "aud": "exchange", "sub": "user", "iat": now, "exp": now + 60}
    header = {"alg": "EdDSA", "kid": "test"}
    return str(jwt.encode(header, standard | claims, SIGNING_KEY, algorithms=["EdDSA"]))


def test_the_landing_page_is_html(edge: Edge) -> None:
    page = edge.get("/")

    assert page.status_code == requests.codes.ok
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("script", ["book.js", "card.js", "decimal.js"])
def test_the_scripts_of_the_landing_page_are_there(edge: Edge, script: str) -> None:
    answer = edge.get(f"/{script}")

    assert answer.status_code == requests.codes.ok
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


def test_public_methods_need_no_token(edge: Edge) -> None:
    keys = edge.get("/.well-known/jwks.json").json()["keys"]

    assert keys == [SIGNING_KEY.as_dict(private=False)]
    with edge.channel() as channel:
        assert len(auth_grpc.AuthServiceStub(channel).GetJwks(auth.GetJwksRequest(), timeout=TIMEOUT_S).keys) == 1


def test_a_valid_token_is_let_through(edge: Edge) -> None:
    assert edge.get("/v1/auth/me", authorization=f"Bearer {token()}").ok


def test_rest_without_a_token_is_refused_in_json(edge: Edge) -> None:
    answer = edge.get("/v1/auth/me")

    assert answer.status_code == requests.codes.unauthorized
    assert answer.json()["message"] == f"Jwt is missing{HOW_TO_BRING_ONE}"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("claims", "status", "message"),
    [
        ({"exp": 1}, requests.codes.unauthorized, f"Jwt is expired{HOW_TO_BRING_ONE}"),
        ({"iss": "elsewhere"}, requests.codes.unauthorized, f"Jwt issuer is not configured{HOW_TO_BRING_ONE}"),
        ({"aud": "elsewhere"}, requests.codes.forbidden, "Audiences in Jwt are not allowed"),
    ],
)
def test_a_token_that_is_not_ours_or_not_in_time_is_refused(
    edge: Edge, claims: dict[str, Any], status: int, message: str
) -> None:
    answer = edge.get("/v1/auth/me", authorization=f"Bearer {token(**claims)}")

    assert answer.status_code == answer.json()["code"] == status
    assert answer.json()["message"] == message


def test_grpc_without_a_token_is_refused_in_trailers(edge: Edge) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        auth_grpc.AuthServiceStub(channel).GetCurrentUser(auth.GetCurrentUserRequest(), timeout=TIMEOUT_S)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert refused.value.details() == f"Jwt is missing{HOW_TO_BRING_ONE}"


def test_a_large_rest_body_is_refused(edge: Edge, tmp_path: Path) -> None:
    """The answer comes before the body has left: curl reads while it sends."""
    body = tmp_path / "body"
    body.write_bytes(b'{"email": "' + b"a" * FIVE_MEGABYTES + b'"}')
    options = ["--silent", "--http1.1", "--cacert", edge.authority, "--header", "content-type: application/json"]

    answer = subprocess.run(  # noqa: S603 - curl with our own arguments
        [shutil.which("curl") or "curl", *options, "--data-binary", f"@{body}", edge.url + "/v1/auth/register"],
        capture_output=True,
        check=True,
        timeout=TIMEOUT_S,
    )

    refusal = json.loads(answer.stdout)
    assert refusal["code"] == requests.codes.request_entity_too_large
    assert refusal["message"] == TOO_LARGE


def test_a_large_grpc_message_is_refused(edge: Edge) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        auth_grpc.AuthServiceStub(channel).Register(auth.RegisterRequest(email="a" * FIVE_MEGABYTES), timeout=TIMEOUT_S)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.value.details() == TOO_LARGE


def test_a_stream_passes(edge: Edge) -> None:
    with edge.channel() as channel:
        stream = market_data_grpc.MarketDataServiceStub(channel).StreamBook(
            market_data.StreamBookRequest(), timeout=TIMEOUT_S
        )
        assert len(list(stream)) == 1


def test_internal_methods_are_not_there(edge: Edge) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/exchange.engine.v1.EngineService/GetState")(
            b"", timeout=TIMEOUT_S, metadata=[("authorization", f"Bearer {token()}")]
        )

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_token_in_the_query_is_no_token(edge: Edge) -> None:
    assert edge.get(f"/v1/orders?access_token={token()}").status_code == requests.codes.unauthorized


def test_a_lost_service_is_unavailable_at_once(edge: Edge) -> None:
    answer = edge.get("/v1/orders", authorization=f"Bearer {token()}")

    assert answer.status_code == answer.json()["code"] == requests.codes.service_unavailable
    assert answer.json()["message"] == LOST


def test_a_lost_service_is_unavailable_over_grpc_too(edge: Edge) -> None:
    with edge.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/exchange.orders.v1.OrdersService/ListOrders")(
            b"", timeout=TIMEOUT_S, metadata=[("authorization", f"Bearer {token()}")]
        )

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert refused.value.details() == LOST


def test_a_token_that_nobody_can_judge_yet_is_not_refused_for_good(tmp_path: Path) -> None:
    """An edge that has just started, and no auth to tell it the keys."""
    site = Site(tmp_path, free_base_port())
    envoy = Envoy(site, needs=["certificates"])
    with Stack(site, [Certificates(site, [IDENTITY]), envoy], ["certificates"]) as stack:
        stack.start("envoy")
        edge = Edge(site, str(authority_of(site).certificate))
        answer = edge.get("/v1/orders", authorization=f"Bearer {token()}")
        with edge.channel() as channel, pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary("/exchange.orders.v1.OrdersService/ListOrders")(
                b"", timeout=TIMEOUT_S, metadata=[("authorization", f"Bearer {token()}")]
            )

    assert answer.status_code == answer.json()["code"] == requests.codes.service_unavailable
    assert answer.json()["message"] == refused.value.details() == LOST
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_body_that_is_not_the_message_is_refused_in_json(edge: Edge) -> None:
    answer = requests.post(
        edge.url + "/v1/auth/register",
        data='{"email": 7',
        headers={"content-type": "application/json"},
        verify=edge.authority,
        timeout=TIMEOUT_S,
    )

    assert answer.status_code == answer.json()["code"] == requests.codes.bad_request
    assert answer.json()["message"].startswith("The request cannot be read: Unexpected end of string")


def test_an_unknown_path_is_not_found_in_json(edge: Edge) -> None:
    answer = edge.get("/nowhere")

    assert answer.status_code == requests.codes.not_found
    assert answer.json()["message"].startswith("No such path")


@pytest.mark.parametrize("path", ["/v1/orders", "/exchange.orders.v1.OrdersService/PlaceOrder"])
def test_pages_of_this_machine_may_call(edge: Edge, path: str) -> None:
    preflight = {
        "origin": "http://localhost:5173",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-grpc-web",
    }

    answer = requests.options(edge.url + path, headers=preflight, verify=edge.authority, timeout=TIMEOUT_S)

    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "authorization" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("path", ["/v1/instruments", "/v1/orders"])
def test_pages_may_read_answers_and_refusals_of_rest(edge: Edge, path: str) -> None:
    origin = {"origin": "http://localhost:5173"}

    answer = requests.get(edge.url + path, headers=origin, verify=edge.authority, timeout=TIMEOUT_S)

    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    exposed = answer.headers["access-control-expose-headers"]
    assert {"grpc-status-details-bin", "x-engine-seq", "x-request-id"} <= set(exposed.replace(" ", "").split(","))


def test_pages_of_other_machines_may_not(edge: Edge) -> None:
    answer = requests.options(
        edge.url + "/v1/orders",
        headers={"origin": "https://elsewhere.example", "access-control-request-method": "POST"},
        verify=edge.authority,
        timeout=TIMEOUT_S,
    )

    assert "access-control-allow-origin" not in answer.headers
