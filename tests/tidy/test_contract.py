"""The contract and the code say the same."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message

import services
from buf.validate import validate_pb2
from exchange.auth.v1 import auth_service_pb2
from exchange.error.v1 import reason_pb2
from services.kernel.refusal import Refusal, RelayedRefusal
from services.runtime.authorization import rules_of
from services.runtime.field_sentences import PATTERNS, SENTENCES
from services.runtime.refusals import CODES
from tests.tidy.source import ROOT

OWN = "exchange/"
PLAIN_KINDS = {"max_len", "gt", "gte", "lte", "in"}
"""Kinds of rules that protovalidate itself puts into good words."""


def contract_files() -> Iterator[FileDescriptor]:
    """Give every file of the contract that the generated image names."""
    image = FileDescriptorSet.FromString((ROOT / "gen" / "contracts.binpb").read_bytes())
    for file in image.file:
        if file.name.startswith(OWN):
            module = importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            yield module.DESCRIPTOR


def refusals() -> Iterator[type[Refusal]]:
    """Give every refusal that a service states."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith((".errors", ".refusals", ".refusal", ".page")) or ".errors." in module.name:
            importlib.import_module(module.name)
    pending = list(Refusal.__subclasses__())
    while pending:
        refusal = pending.pop()
        pending += refusal.__subclasses__()
        if refusal is not RelayedRefusal and refusal.__module__.startswith("services."):
            yield refusal


def test_every_method_states_who_may_call_it() -> None:
    methods = [
        method for file in contract_files() for each in file.services_by_name.values() for method in rules_of(each)
    ]
    assert len(methods) == len(set(methods)) > 0


def test_every_scope_is_a_noun_and_a_verb() -> None:
    scopes = {
        scope
        for file in contract_files()
        for each in file.services_by_name.values()
        for rule in rules_of(each).values()
        for scope in (rule.scope, rule.other_scope)
        if scope
    }
    assert [scope for scope in scopes if not re.fullmatch(r"[a-z_]+:[a-z]+", scope)] == []


def test_one_who_may_do_little_may_still_log_out() -> None:
    rules = rules_of(auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"])
    assert [method for method, rule in rules.items() if rule.any_token] == ["/exchange.auth.v1.AuthService/Logout"]


def test_every_refusal_is_a_reason_of_the_contract() -> None:
    stated = {refusal.reason for refusal in refusals()}
    assert stated - set(CODES) - {""} == set()


def test_no_room_states_a_reason_twice() -> None:
    rooms = [(refusal.__module__.split(".")[1], refusal.reason) for refusal in refusals() if "reason" in vars(refusal)]
    assert sorted(rooms) == sorted(set(rooms))


def test_every_reason_has_a_class_or_comes_from_the_core() -> None:
    numbers = {each.name.removeprefix("REASON_"): each.number for each in reason_pb2.Reason.DESCRIPTOR.values}
    missing = set(CODES) - {refusal.reason for refusal in refusals()}
    assert {reason for reason in missing if not 200 <= numbers[reason] < 400} == set()


def field_rules() -> Iterator[tuple[str, object]]:
    """Give every rule that a field of the contract states, by its kind such as "string.pattern", with its value."""
    for file in contract_files():
        for message in file.message_types_by_name.values():
            for field in message.fields:
                yield from _rules_in(field.GetOptions().Extensions[validate_pb2.field])


def _rules_in(rules: Message, kind: str = "") -> Iterator[tuple[str, object]]:
    for field, value in rules.ListFields():
        if field.name == "items":
            yield from _rules_in(value)
        elif field.name == "ignore":  # no rule: it says when the others rest
            continue
        elif isinstance(value, Message):
            yield from _rules_in(value, f"{field.name}.")
        else:
            yield kind + field.name, value


def test_every_field_rule_is_put_into_words() -> None:
    rules = list(field_rules())
    assert {kind for kind, _ in rules if kind.split(".")[-1] not in PLAIN_KINDS} - set(SENTENCES) == set()
    assert {value for kind, value in rules if kind == "string.pattern"} == set(PATTERNS)
