"""What nobody should send: the right code, a reason, a sentence; nothing changes, and nobody else notices."""

import asyncio
import base64
import json
from contextlib import aclosing
from pathlib import Path

import grpc
import hvac
import pytest

from stack import openbao
from tests.e2e.clients import Json, Refused
from tests.e2e.clients.grpc_client import GrpcClient, refused_of
from tests.e2e.clients.rest_client import RestClient
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Trader

INSTRUMENT = "BTC-KK99"
FIVE_MEGABYTES = 5 * 1024 * 1024
OUR_OWN = ("auth", "orders", "wallets", "market_data", "engine")

REFUSED_ORDERS: dict[str, tuple[Json, str, str]] = {
    "unknown instrument": ({"instrument": "GOLD-KK99"}, "NOT_FOUND", "UNKNOWN_INSTRUMENT"),
    "price off the tick": ({"price": "10.001"}, "INVALID_ARGUMENT", "PRICE_NOT_ON_TICK"),
    "quantity off the lot": ({"quantity": "1.00001"}, "INVALID_ARGUMENT", "QUANTITY_NOT_ON_LOT"),
    "oversized quantity": ({"quantity": "999999999999999999"}, "INVALID_ARGUMENT", "QUANTITY_OUT_OF_RANGE"),
    "negative quantity": ({"quantity": "-1"}, "INVALID_ARGUMENT", "QUANTITY_OUT_OF_RANGE"),
    "zero quantity": ({"quantity": "0"}, "INVALID_ARGUMENT", "QUANTITY_OUT_OF_RANGE"),
    "negative price": ({"price": "-10"}, "INVALID_ARGUMENT", "PRICE_OUT_OF_RANGE"),
    "too small": ({"quantity": "0.0001"}, "INVALID_ARGUMENT", "NOTIONAL_OUT_OF_RANGE"),
    "too dear": ({"quantity": "99"}, "FAILED_PRECONDITION", "INSUFFICIENT_FUNDS"),
    "exponent": ({"quantity": "1e5"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    "comma": ({"price": "10,5"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    "leading zero": ({"price": "010"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    "no id": ({"client_order_id": ""}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    "unknown side": ({"side": 99}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    "no type": ({"type": "ORDER_TYPE_UNSPECIFIED"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    "market with a price": ({"type": "ORDER_TYPE_MARKET"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
}


async def test_orders_that_cannot_be_are_refused_and_change_nothing(new_client: NewClient) -> None:
    trader = await Trader(new_client()).join(KK99="100")
    before = await trader.balances()
    met = {}
    for case, (fields, _, _) in REFUSED_ORDERS.items():
        request = {**trader.order_request(INSTRUMENT, "BUY", "1", "10"), **fields}
        with pytest.raises(Refused) as refused:
            await trader.client.call("orders.OrdersService/PlaceOrder", request)
        met[case] = (refused.value.code, refused.value.reason)
        assert len(refused.value.message.split()) > 3, f"{case}: a sentence tells what to do"
        assert "Traceback" not in refused.value.message
    assert met == {case: (code, reason) for case, (_, code, reason) in REFUSED_ORDERS.items()}
    assert await trader.balances() == before
    assert {order["status"] for order in await trader.orders()} == {"ORDER_STATUS_REJECTED"}


async def test_without_a_token_nobody_trades(new_client: NewClient) -> None:
    with pytest.raises(Refused) as refused:
        await Trader(new_client()).place(INSTRUMENT, "BUY", "1", "10")
    assert refused.value.code == "UNAUTHENTICATED"


async def test_a_forged_token_opens_nothing(new_client: NewClient) -> None:
    trader = await Trader(new_client()).join()
    assert trader.client.token is not None
    head, claims, signature = trader.client.token.split(".")
    trader.client.token = f"{head}.{claims}.{signature[::-1]}"
    with pytest.raises(Refused) as refused:
        await trader.orders()
    assert refused.value.code == "UNAUTHENTICATED"


async def test_an_expired_token_opens_nothing(exchange: Exchange, new_client: NewClient) -> None:
    trader = await Trader(new_client()).join()
    assert trader.client.token is not None
    trader.client.token = _signed_anew(exchange, trader.client.token, exp=1_600_000_000)
    with pytest.raises(Refused) as refused:
        await trader.orders()
    assert refused.value.code == "UNAUTHENTICATED"
    assert "expired" in refused.value.message


def _signed_anew(exchange: Exchange, token: str, **claims: int) -> str:
    """Return the token with other claims, signed by the venue's own key."""
    head, body, _ = token.split(".")
    changed = json.loads(base64.urlsafe_b64decode(body + "==")) | claims
    text = f"{head}.{base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip('=')}"
    vault = hvac.Client(url=openbao.url(exchange.stack.site))
    role = openbao.approle(exchange.stack.site, "auth")
    vault.auth.approle.login(role.role_id, role.secret_id)
    signed = vault.secrets.transit.sign_data(openbao.SIGNING_KEY, hash_input=base64.b64encode(text.encode()).decode())
    signature = base64.b64decode(signed["data"]["signature"].split(":")[2])
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_a_narrow_token_does_what_it_says(new_client: NewClient) -> None:
    trader = await Trader(new_client()).join()
    await trader.login("orders:read")
    assert await trader.orders() == []
    with pytest.raises(Refused) as refused:
        await trader.place(INSTRUMENT, "BUY", "1", "10")
    assert (refused.value.code, refused.value.reason) == ("PERMISSION_DENIED", "SCOPE_MISSING")
    assert refused.value.metadata == {"scope": "orders:write"}


async def test_bytes_that_are_no_message_are_refused(exchange: Exchange, new_grpc_client: NewClient) -> None:
    trader = await Trader(new_grpc_client()).join()
    for body in (b"\xff" * 64, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\xc3\x28"):
        refused = await _send_raw(trader, body)
        assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD"), body
    rest = RestClient(exchange.edge, exchange.ca)
    rest.token = trader.client.token
    for text in (b"not json", b"[1, 2]", b'{"quantity": ', b'{"quantity": {"a": 1}}'):
        status, answer = await rest.send("POST", "/v1/orders", text)
        assert status == 400, (text, answer)


async def test_five_megabytes_are_refused_and_leave_no_trace(
    exchange: Exchange, new_grpc_client: NewClient, tmp_path: Path
) -> None:
    trader = await Trader(new_grpc_client()).join()
    body = tmp_path / "body.json"
    body.write_bytes(b'{"instrument": "' + b"x" * FIVE_MEGABYTES + b'"}')
    following = new_grpc_client().stream("market_data.MarketDataService/StreamBook", {"instrument": INSTRUMENT})
    async with aclosing(following):
        await anext(following)
        await _send_large(exchange, trader, body)
        before = _memory(exchange)
        for _ in range(20):
            await _send_large(exchange, trader, body)
        grown = {name: size - before[name] for name, size in _memory(exchange).items()}
        assert max(grown.values()) < 2 * FIVE_MEGABYTES, grown
        # The stream of somebody else goes on: its next sign of life comes.
        assert "epoch" in await asyncio.wait_for(anext(following), timeout=10)


async def _send_large(exchange: Exchange, trader: Trader, body: Path) -> None:
    refused = await _send_raw(trader, b"\x0a" + b"x" * FIVE_MEGABYTES)
    assert refused.code == "RESOURCE_EXHAUSTED", refused
    # The edge answers before it has read everything, and hangs up; curl then shows the answer.
    curl = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--http1.1", "--cacert", str(exchange.ca), "--data-binary", f"@{body}"),
        *("--header", "content-type: application/json", "--header", f"authorization: Bearer {trader.client.token}"),
        f"https://{exchange.edge}/v1/orders",
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await curl.communicate()
    assert json.loads(answer)["code"] == 413, answer


async def _send_raw(trader: Trader, body: bytes) -> Refused:
    client = trader.client
    assert isinstance(client, GrpcClient)
    call = client.channel.unary_unary("/exchange.orders.v1.OrdersService/PlaceOrder")
    try:
        await call(body, metadata=(("authorization", f"Bearer {client.token}"),), timeout=20)
    except grpc.aio.AioRpcError as error:
        return refused_of(error)
    raise AssertionError("garbage was answered")


def _memory(exchange: Exchange) -> dict[str, int]:
    """Return the resident bytes of our processes and of the edge."""
    sizes = {}
    for name in (*OUR_OWN, "envoy"):
        status = Path(f"/proc/{exchange.stack.pid(name)}/status").read_text()
        sizes[name] = int(status.split("VmRSS:")[1].split()[0]) * 1024
    return sizes
