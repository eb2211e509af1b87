import re
from pathlib import Path

import pytest

from stack.methods import Method, RestBinding
from stack.routes import routes, template_regex, token_rules

SERVICE = "exchange.orders.v1.OrdersService"
PUBLIC = Method(SERVICE, "GetOrder", public=True, streaming=False, rest=(RestBinding("GET", "/v1/orders/{order_id}"),))
SCOPED = Method(SERVICE, "PlaceOrder", public=False, streaming=False, rest=(RestBinding("POST", "/v1/orders"),))
STREAM = Method(SERVICE, "StreamOrders", public=False, streaming=True, rest=())


@pytest.mark.parametrize(
    ("template", "path", "matches"),
    [
        ("/v1/orders", "/v1/orders", True),
        ("/v1/orders", "/v1/orders/7", False),
        ("/v1/orders/{order_id}", "/v1/orders/7", True),
        ("/v1/orders/{order_id}", "/v1/orders/", False),
        ("/v1/orders/{order_id}", "/v1/orders/7/fills", False),
        ("/v1/orders:cancel", "/v1/orders:cancel", True),
        ("/v1/{name=accounts/*}/book", "/v1/accounts/7/book", True),
        ("/v1/{name=accounts/*}/book", "/v1/orders/7/book", False),
        ("/v1/files/{path=**}", "/v1/files/a/b", True),
        ("/.well-known/jwks.json", "/xwell-known/jwksxjson", False),
    ],
)
def test_a_path_template_matches_as_the_transcoder_does(template: str, path: str, matches: bool) -> None:
    assert bool(re.fullmatch(template_regex(template), path)) is matches


def test_public_methods_are_let_through_before_all_else_is_asked_for_a_token() -> None:
    rules = token_rules([PUBLIC, SCOPED])

    assert [rule["match"] for rule in rules if "requires" not in rule] == [
        {"path": "/exchange.orders.v1.OrdersService/GetOrder"},
        {
            "safe_regex": {"regex": r"/v1/orders/[^/]+"},
            "headers": [{"name": ":method", "string_match": {"exact": "GET"}}],
        },
    ]
    assert [rule["match"] for rule in rules[-2:]] == [{"prefix": "/exchange."}, {"prefix": "/v1/"}]
    assert all(rule["requires"] == {"provider_name": "auth"} for rule in rules[-2:])


def test_a_stream_has_no_timeout_and_no_body_limit(tmp_path: Path) -> None:
    stream, unary, *_ = routes([SCOPED, STREAM], tmp_path)

    assert stream["match"] == {"path": STREAM.path}
    assert stream["route"]["timeout"] == stream["route"]["idle_timeout"] == "0s"
    assert stream["typed_per_filter_config"]["buffer"]["disabled"]
    assert unary["match"] == {"prefix": f"/{SERVICE}/"}
    assert unary["route"]["timeout"] == "15s"


def test_pages_are_served_by_name_and_the_rest_is_not_found(tmp_path: Path) -> None:
    for name in ("index.html", "book.js", "notes.txt"):
        (tmp_path / name).touch()

    *_, book, index, nothing = routes([SCOPED], tmp_path)

    assert (book["match"], index["match"]) == ({"path": "/book.js"}, {"path": "/"})
    assert nothing["direct_response"]["status"] == 404
