"""What the edge lets through, read from the contracts: a new RPC needs no edit here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto

from exchange.type.v1 import authorization_pb2

OWN_PROCESSES = {"exchange.orders.v1.OrderEntryService": "order_entry"}
"""Services that a process of their own serves, by its name."""


@dataclass(frozen=True)
class RestBinding:
    """One REST form of a method."""

    verb: str
    """GET, POST..."""
    template: str
    """Path in google.api.http's syntax, e.g. /v1/orders/{order_id}."""


@dataclass(frozen=True)
class Method:
    """One method that clients outside may call."""

    service: str
    """Full name, e.g. exchange.orders.v1.OrdersService."""
    name: str
    public: bool
    """True if no token is needed."""
    streaming: bool
    rest: tuple[RestBinding, ...]

    @property
    def path(self) -> str:
        """Give the path of the gRPC method."""
        return f"/{self.service}/{self.name}"

    @property
    def process(self) -> str:
        """Give the name of the process that serves it: the noun in exchange.NOUN.v1, unless it has its own."""
        return OWN_PROCESSES.get(self.service, self.service.split(".")[1])


def edge_methods(descriptor_set: bytes) -> list[Method]:
    """Give every method that is not internal; raises ValueError for one that states no authorization."""
    files = FileDescriptorSet.FromString(descriptor_set).file
    return [method for file in files if file.package.startswith("exchange.") for method in _methods_of(file)]


def _methods_of(file: FileDescriptorProto) -> Iterator[Method]:
    for service in file.service:
        for method in service.method:
            if not method.options.HasExtension(authorization_pb2.authorization):
                raise ValueError(f"{file.package}.{service.name}.{method.name} states no authorization")
            stated = method.options.Extensions[authorization_pb2.authorization]
            if not stated.internal:
                yield _method(f"{file.package}.{service.name}", method, public=stated.public)


def _method(service: str, method: MethodDescriptorProto, *, public: bool) -> Method:
    rule = method.options.Extensions[annotations_pb2.http]
    return Method(
        service=service,
        name=method.name,
        public=public,
        streaming=method.client_streaming or method.server_streaming,
        rest=tuple(_bindings([rule, *rule.additional_bindings])),
    )


def _bindings(rules: Iterable[HttpRule]) -> Iterator[RestBinding]:
    for rule in rules:
        verb = rule.WhichOneof("pattern")
        if verb == "custom":
            yield RestBinding(rule.custom.kind, rule.custom.path)
        elif verb:
            yield RestBinding(verb.upper(), getattr(rule, verb))
