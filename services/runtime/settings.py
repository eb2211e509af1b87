"""Settings: one frozen dataclass per process, read once at start from `EXCHANGE_<FIELD>` variables.

A field without a default is required. Types: str, int, bool (true or false), Path, timedelta ("250ms", "30s", "15m",
"2h"), StrEnum (by value), and `X | None` of each. Whatever is missing or wrong is named, all of it, in one sentence.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

PREFIX = "EXCHANGE_"

S = TypeVar("S")

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours"}


class InvalidSettings(Exception):  # noqa: N818 - named as what it says
    """The environment does not describe the process; the message names every variable at fault."""


def load(cls: type[S], environ: Mapping[str, str]) -> S:
    """Build the dataclass `cls` from `environ`; raises `InvalidSettings`."""
    types_of = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    faults: list[str] = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = PREFIX + field.name.upper()
        if name in environ:
            try:
                values[field.name] = _parse(types_of[field.name], environ[name])
            except ValueError as error:
                faults.append(f"{name} {error}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            faults.append(f"{name} is missing")
    if faults:
        raise InvalidSettings("; ".join(faults))
    return cls(**values)


def _parse(kind: Any, text: str) -> Any:
    if isinstance(kind, types.UnionType):
        kind = next(member for member in kind.__args__ if member is not types.NoneType)
    if issubclass(kind, StrEnum):
        return _one_of(kind, text)
    return _PARSERS[kind](text)


def _one_of(kind: type[StrEnum], text: str) -> StrEnum:
    if text not in list(kind):
        raise ValueError(f"is {text!r}, none of {', '.join(kind)}")
    return kind(text)


def _str(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _int(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]+", text, re.ASCII):
        raise ValueError(f"is {text!r}, not a whole number")
    return int(text)


def _bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"is {text!r}, neither true nor false")
    return text == "true"


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]+)(ms|s|m|h)", text, re.ASCII)
    if match is None:
        raise ValueError(f"is {text!r}, not a duration such as 250ms, 30s, 15m or 2h")
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


_PARSERS: Mapping[type, Callable[[str], Any]] = {
    str: _str,
    int: _int,
    bool: _bool,
    Path: lambda text: Path(_str(text)),
    timedelta: _duration,
}
