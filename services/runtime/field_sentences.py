"""What to tell who broke a field rule: a sentence that says what to do, for each kind of rule that the contracts use.

1. A pattern means nothing to most readers, so each pattern of the contracts has its sentence here. A test walks through
   the contracts and fails for a pattern, or a kind of rule, that nobody has put into words.
2. Enums and oneofs are told by the names that the contract gives to their choices.
3. A CEL rule brings its own sentence; bounds of numbers and lengths read well in the words of protovalidate.
"""

from collections.abc import Callable, Mapping
from typing import cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message
from protovalidate import Violation

from buf.validate import validate_pb2

PATTERNS: Mapping[str, str] = {
    "^[A-Za-z0-9_-]{1,36}$": "Give an id of 1 to 36 letters, digits, - or _.",
    "^-?(0|[1-9][0-9]{0,17})([.][0-9]{1,18})?$": "Write a plain decimal such as 1050 or 0.25, in a string: at most 18"
    " digits on each side of the point, and no exponent, plus sign, comma, space or leading zero.",
    "^[A-Z0-9][A-Z0-9.-]{0,30}[A-Z0-9]$": "Write the symbol of an instrument in capitals, such as BTC-KK99;"
    " ListInstruments shows those that exist.",
    "^[A-Z0-9]{1,12}$": "Write the symbol of an asset in capitals, such as KK99 or BTC.",
    "^[1-9][0-9]{0,19}$": "Give the number of an order, digits only, as PlaceOrder and ListOrders tell it.",
    "^[a-z_]+:[a-z_]+$": "Write a scope such as orders:write.",
    "^[1-9][0-9]{0,15}$": "Give the number of an account, digits only, as Register and ListSubaccounts tell it.",
    "^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$": "Give a label of 1 to 64 letters, digits, spaces, ., - or _; it begins with"
    " a letter or a digit.",
}
"""What a field with this pattern takes."""

_Named = FieldDescriptor | OneofDescriptor | None

SENTENCES: Mapping[str, Callable[[Violation, _Named], str]] = {
    "required": lambda _, named: _missing(named),
    "string.pattern": lambda violation, _: PATTERNS[str(violation.rule_value)],
    "string.email": lambda _violation, _: "Write an e-mail address such as ada@example.com.",
    "string.email_empty": lambda _violation, _: "Write an e-mail address such as ada@example.com.",
    "string.min_len": lambda violation, _: _too_short(violation),
    "repeated.min_items": lambda violation, _: f"Give at least {violation.rule_value} of them.",
    "repeated.max_items": lambda violation, _: f"Give at most {violation.rule_value} of them.",
    "repeated.unique": lambda _violation, _: "Name each of them only once.",
    "enum.defined_only": lambda _, named: _choice(named),
    "enum.in": lambda _, named: _choice(named),
    "enum.not_in": lambda _, named: _choice(named),
}
"""What to do about a broken rule, by the kind of the rule; where the choices have names, by those."""


def sentence_of(violation: Violation, message: Message) -> str:
    """Say what to do about a rule that `message` breaks."""
    proto = violation.proto
    known = SENTENCES.get(proto.rule_id)
    if known is not None:
        return known(violation, _named(violation, cast(Descriptor, message.DESCRIPTOR)))
    said = (proto.message or proto.rule_id).rstrip(".")
    return f"It {said}." if said.startswith("must ") else f"{said}."


def _named(violation: Violation, message: Descriptor) -> _Named:
    """Return the field or oneof at the end of the path."""
    named: _Named = None
    inside: Descriptor | None = message
    for element in violation.proto.field.elements if violation.proto.field else ():
        assert inside is not None
        named = inside.fields_by_name.get(element.field_name) or inside.oneofs_by_name.get(element.field_name)
        inside = named.message_type if isinstance(named, FieldDescriptor) else None
    return named


def _missing(named: _Named) -> str:
    if isinstance(named, OneofDescriptor):
        return f"Give exactly one of {_either([field.name for field in named.fields])}."
    return "Give a value; the request means nothing without it."


def _too_short(violation: Violation) -> str:
    if violation.rule_value == 1:
        return "Give a value; it may not be empty."
    return f"Write at least {violation.rule_value} characters."


def _choice(named: _Named) -> str:
    assert isinstance(named, FieldDescriptor)
    enum: EnumDescriptor | None = named.enum_type
    assert enum is not None
    rules = named.GetOptions().Extensions[validate_pb2.field].enum
    taken = set(getattr(rules, "in")) or {value.number for value in enum.values}
    refused = {0, *rules.not_in}
    return f"Choose {_either([value.name for value in enum.values if value.number in taken - refused])}."


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
