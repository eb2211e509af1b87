"""Which fields of an answer the caller wants: `read_mask`, over the fields of an order or a trade."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from services.kernel.refusal import FieldViolation, InvalidField

MAX_PATHS = 64
MAX_VIOLATIONS = 20
FIELD = "read_mask"

M = TypeVar("M", bound=Message)


class Mask:
    """Fields of one kind of message; all of them if none is named."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._mask = FieldMask(paths=paths)

    def kept(self, message: M) -> M:
        """Return the message with only these fields."""
        if not self._mask.paths:
            return message
        kept = type(message)()
        self._mask.MergeMessage(message, kept)
        return kept


def mask_of(asked: FieldMask, kind: type[Message]) -> Mask:
    """Read a mask over fields of `kind`; raises `InvalidField` with every path that `kind` has not."""
    _check(asked.paths, {"": kind.DESCRIPTOR})
    return Mask(asked.paths)


def split_mask_of(
    asked: FieldMask, kind: type[Message], beside: str, items: type[Message]
) -> tuple[Mask | None, Mask | None]:
    """Read a mask over fields of `kind` and of a list beside it; raises `InvalidField`.

    Returns that of the message, and that of each item of the list; None where nothing of it is wanted.
    """
    _check(asked.paths, {"": kind.DESCRIPTOR, beside: items.DESCRIPTOR})
    if not asked.paths:
        return Mask(()), Mask(())
    own = [path for path in asked.paths if path.split(".")[0] != beside]
    listed = [path.partition(".")[2] for path in asked.paths if path.split(".")[0] == beside]
    of_items = Mask(() if "" in listed else listed) if listed else None
    return Mask(own) if own else None, of_items


def _check(paths: Sequence[str], kinds: Mapping[str, Any]) -> None:
    if len(paths) > MAX_PATHS:
        raise InvalidField([FieldViolation(FIELD, f"Name at most {MAX_PATHS} fields.")])
    unknown = [path for path in paths if not _is_known(path, kinds)]
    if unknown:
        raise InvalidField([FieldViolation(FIELD, _sentence(path, kinds[""])) for path in unknown[:MAX_VIOLATIONS]])


def _is_known(path: str, kinds: Mapping[str, Any]) -> bool:
    first, _, rest = path.partition(".")
    if first and first in kinds:
        return path == first or FieldMask(paths=[rest]).IsValidForDescriptor(kinds[first])
    return bool(FieldMask(paths=[path]).IsValidForDescriptor(kinds[""]))


def _sentence(path: str, kind: Any) -> str:
    some = " or ".join(field.name for field in kind.fields[:2])
    return f"There is no field {path[:64]!r} of {kind.name}; name fields that it has, such as {some}."
