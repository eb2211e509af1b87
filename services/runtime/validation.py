"""The contract's field rules, checked before a handler sees a message."""

from google.protobuf.message import Message
from protovalidate import Validator, ViolationPb

from services.kernel.refusal import FieldViolation, InvalidField
from services.runtime.field_sentences import sentence_of

MAX_VIOLATIONS = 20


class FieldRules:
    """Checks messages against the rules in their descriptors; what it learns of a message type it keeps."""

    def __init__(self) -> None:
        self._validator = Validator()

    def check(self, message: Message) -> None:
        """Raise `InvalidField` with every broken rule, up to a limit."""
        violations = self._validator.collect_violations(message)
        if violations:
            told = violations[:MAX_VIOLATIONS]
            raise InvalidField([FieldViolation(_path(each.proto), sentence_of(each, message)) for each in told])


def unreadable() -> InvalidField:
    """Return the refusal of a body that is not the message."""
    sentence = "The body is not the message that this method takes: build it from the contracts of this server."
    return InvalidField([FieldViolation("", sentence)])


def _path(violation: ViolationPb) -> str:
    """Write the path as the caller would: `order.legs[2].price`."""
    if violation.field is None:
        return ""
    return ".".join(
        element.field_name + (f"[{element.subscript.value}]" if element.subscript else "")
        for element in violation.field.elements
    )
