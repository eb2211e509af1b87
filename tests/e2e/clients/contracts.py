"""The contracts by name, as every client finds them: from the committed descriptors."""

from functools import cache
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from tests.e2e.clients import Json, package_of

CONTRACTS = Path("gen/contracts.binpb")


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(CONTRACTS.read_bytes()).file:
        pool.Add(file)
    return pool


def method_of(method: str) -> MethodDescriptor:
    package, service, name = package_of(method)
    return _pool().FindServiceByName(f"{package}.{service}").methods_by_name[name]


def encode(method: MethodDescriptor, request: Json) -> Message:
    return json_format.ParseDict(request, message_factory.GetMessageClass(method.input_type)())


def decode(answer: Message) -> Json:
    return json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def answer_class(method: MethodDescriptor) -> Any:
    return message_factory.GetMessageClass(method.output_type)


def http_rule_of(method: MethodDescriptor) -> http_pb2.HttpRule:
    # The pool is our own, so the option is read again with the extension that the wheel registers.
    options = descriptor_pb2.MethodOptions.FromString(method.GetOptions().SerializeToString())
    return options.Extensions[annotations_pb2.http]
