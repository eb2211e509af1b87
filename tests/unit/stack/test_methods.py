import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto

from exchange.type.v1 import authorization_pb2
from stack.methods import RestBinding, edge_methods


def test_a_public_method_with_two_rest_forms() -> None:
    method = rpc("GetOrder", public=True)
    rule = method.options.Extensions[annotations_pb2.http]
    rule.get = "/v1/orders/{order_id}"
    rule.additional_bindings.add().post = "/v1/orders:get"

    (found,) = edge_methods(contract(method))

    assert found.path == "/exchange.orders.v1.OrdersService/GetOrder"
    assert found.process == "orders"
    assert found.public
    assert not found.streaming
    assert found.rest == (RestBinding("GET", "/v1/orders/{order_id}"), RestBinding("POST", "/v1/orders:get"))


def test_a_method_with_a_scope_needs_a_token() -> None:
    (found,) = edge_methods(contract(rpc("PlaceOrder", scope="orders:write")))

    assert not found.public


@pytest.mark.parametrize("side", ["client_streaming", "server_streaming"])
def test_a_stream_of_either_side_is_a_stream(side: str) -> None:
    method = rpc("OrderEntry", scope="orders:write")
    setattr(method, side, True)

    (found,) = edge_methods(contract(method))

    assert found.streaming


def test_internal_methods_are_left_out() -> None:
    assert edge_methods(contract(rpc("Submit", internal=True))) == []


def test_a_method_without_authorization_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"OrdersService\.PlaceOrder states no authorization"):
        edge_methods(contract(MethodDescriptorProto(name="PlaceOrder")))


def test_packages_of_others_are_no_concern() -> None:
    file = FileDescriptorProto(package="grpc.health.v1")
    file.service.add(name="Health", method=[MethodDescriptorProto(name="Check")])

    assert edge_methods(FileDescriptorSet(file=[file]).SerializeToString()) == []


def rpc(name: str, *, scope: str = "", public: bool = False, internal: bool = False) -> MethodDescriptorProto:
    method = MethodDescriptorProto(name=name)
    stated = method.options.Extensions[authorization_pb2.authorization]
    stated.CopyFrom(authorization_pb2.Authorization(scope=scope, public=public, internal=internal))
    return method


def contract(*methods: MethodDescriptorProto) -> bytes:
    file = FileDescriptorProto(package="exchange.orders.v1")
    file.service.add(name="OrdersService", method=methods)
    return FileDescriptorSet(file=[file]).SerializeToString()
