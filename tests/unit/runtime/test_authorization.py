"""Rules from the contract, and the list of callers."""

from pathlib import Path
from uuid import UUID

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from exchange.engine.v1 import engine_service_pb2
from exchange.orders.v1 import orders_service_pb2
from exchange.type.v1 import authorization_pb2
from services.kernel.ids import AccountId, SessionId, UserId
from services.runtime.authorization import Authorizer, Callers, Rule, identity_of, require_scope, rules_of
from services.runtime.call import Caller
from services.runtime.refusals import ScopeMissing

SUBMIT = "/exchange.engine.v1.EngineService/Submit"
INTERNAL = Rule(internal=True)
PUBLIC = Rule(public=True)


def test_rules_are_read_from_the_contract() -> None:
    orders = rules_of(orders_service_pb2.DESCRIPTOR.services_by_name["OrdersService"])
    engine = rules_of(engine_service_pb2.DESCRIPTOR.services_by_name["EngineService"])
    assert orders["/exchange.orders.v1.OrdersService/PlaceOrder"] == Rule("orders:write")
    assert engine[SUBMIT] == INTERNAL
    streams = orders["/exchange.orders.v1.OrdersService/StreamAccount"]
    assert streams == Rule("orders:read", other_scope="drop_copy:read")


def caller_with(*scopes: str) -> Caller:
    return Caller(UserId(UUID(int=1)), AccountId(7), frozenset(scopes), SessionId(UUID(int=2)))


@pytest.mark.parametrize("scopes", [("a:read",), ("b:read",), ("a:read", "b:read", "c:read")])
async def test_either_of_two_scopes_lets_a_token_in(scopes: tuple[str, ...]) -> None:
    assert await admitted(Rule("a:read", other_scope="b:read"), scopes) == caller_with(*scopes)


@pytest.mark.parametrize(
    ("rule", "scopes"),
    [
        (Rule("a:read", other_scope="b:read"), ("c:read",)),
        (Rule("a:read", other_scope="b:read"), ()),
        (Rule("a:read"), ("b:read",)),
        (Rule("a:read"), ("",)),
    ],
)
async def test_no_other_scope_does(rule: Rule, scopes: tuple[str, ...]) -> None:
    with pytest.raises(ScopeMissing) as refused:
        await admitted(rule, scopes)
    assert refused.value.metadata == {"scope": "a:read"}


async def admitted(rule: Rule, scopes: tuple[str, ...]) -> Caller | None:
    async def verify(_token: str) -> Caller:
        return caller_with(*scopes)

    authorizer = Authorizer(Callers({}))
    authorizer.use_tokens(verify, None)
    return await authorizer.admit("/Service/Method", rule, "edge", "Bearer token")


def test_a_handler_asks_which_of_two_scopes_it_was() -> None:
    require_scope(caller_with("b:read"), "b:read")
    with pytest.raises(ScopeMissing):
        require_scope(caller_with("b:read"), "a:read")


def test_another_scope_stands_beside_one() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="odd.proto", package="odd", syntax="proto3")
    file.message_type.add(name="Nothing")
    method = file.service.add(name="Service").method.add(name="Call")
    method.input_type = method.output_type = ".odd.Nothing"
    stated = authorization_pb2.Authorization(any_token=True, other_scope="b:read")
    method.options.Extensions[authorization_pb2.authorization].CopyFrom(stated)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    with pytest.raises(ValueError, match=r"odd\.Service\.Call states another scope"):
        rules_of(pool.FindServiceByName("odd.Service"))


def test_a_method_that_states_nothing_is_a_mistake() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="careless.proto", package="careless", syntax="proto3")
    file.message_type.add(name="Nothing")
    method = file.service.add(name="Service").method.add(name="Call")
    method.input_type = method.output_type = ".careless.Nothing"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    with pytest.raises(ValueError, match=r"careless\.Service\.Call must state one of"):
        rules_of(pool.FindServiceByName("careless.Service"))


@pytest.fixture
def callers(tmp_path: Path) -> Callers:
    path = tmp_path / "callers.yaml"
    path.write_text(
        f"callers:\n"
        f"  orders: {{methods: [{SUBMIT}], commands: [place_order, cancel_order]}}\n"
        f"  wallets: {{methods: [/exchange.engine.v1.EngineService/*]}}\n"
    )
    return Callers.load(path)


def test_a_process_may_call_what_is_listed(callers: Callers) -> None:
    assert callers.allows("orders", SUBMIT, INTERNAL)
    assert callers.allows("wallets", SUBMIT, INTERNAL)
    assert not callers.allows("orders", "/exchange.engine.v1.EngineService/Query", INTERNAL)
    assert not callers.allows("wallets", "/exchange.engine.v1.AdminService/OpenAccount", INTERNAL)
    assert not callers.allows("stranger", SUBMIT, PUBLIC)


def test_the_edge_may_call_all_that_is_not_internal(callers: Callers) -> None:
    assert callers.allows("edge", SUBMIT, PUBLIC)
    assert not callers.allows("edge", SUBMIT, INTERNAL)


def test_commands_are_listed_too(callers: Callers) -> None:
    assert callers.commands_of("orders") == {"place_order", "cancel_order"}
    assert callers.commands_of("wallets") == callers.commands_of("stranger") == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "callers: []",
        "callers: {orders: []}",
        "callers: {orders: {methods: x}}",
        "callers: {edge: {methods: []}}",
    ],
)
def test_a_list_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "callers.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"callers|caller|edge"):
        Callers.load(path)


def test_an_identity_is_a_spiffe_name_of_this_mesh() -> None:
    assert identity_of({"peer_spiffe_id": [b"spiffe://exchange/orders"]}) == "orders"
    assert identity_of({"peer_spiffe_id": [b"spiffe://elsewhere/orders"]}) is None
    assert identity_of({"x509_subject_alternative_name": [b"spiffe://exchange/orders"]}) is None
    assert identity_of({}) is None
