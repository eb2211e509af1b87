"""Settings come whole, or with every fault named."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from services.runtime.settings import InvalidSettings, load


@dataclass(frozen=True, kw_only=True)
class Base:
    listen_port: int
    grace: timedelta = timedelta(seconds=10)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Settings(Base):
    name: str
    folder: Path
    reflection: bool = False
    metrics_port: int | None = None
    colour: Colour = Colour.RED


GOOD = {"EXCHANGE_LISTEN_PORT": "8461", "EXCHANGE_NAME": "orders", "EXCHANGE_FOLDER": "a/b", "OTHER": "x"}


def test_fields_take_their_types_and_defaults() -> None:
    assert load(Settings, GOOD) == Settings(listen_port=8461, name="orders", folder=Path("a/b"))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
    ],
)
def test_durations_name_their_unit(text: str, span: timedelta) -> None:
    assert load(Settings, GOOD | {"EXCHANGE_GRACE": text}).grace == span


def test_optional_and_boolean_fields() -> None:
    own = load(Settings, GOOD | {"EXCHANGE_METRICS_PORT": "8481", "EXCHANGE_REFLECTION": "true"})
    assert (own.metrics_port, own.reflection) == (8481, True)


def test_enums_are_named_by_value() -> None:
    assert load(Settings, GOOD | {"EXCHANGE_COLOUR": "blue"}).colour is Colour.BLUE
    with pytest.raises(InvalidSettings, match="EXCHANGE_COLOUR is 'BLUE', none of red, blue"):
        load(Settings, GOOD | {"EXCHANGE_COLOUR": "BLUE"})


def test_every_fault_is_named_in_one_sentence() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load(
            Settings,
            {"EXCHANGE_LISTEN_PORT": "84x", "EXCHANGE_GRACE": "10", "EXCHANGE_REFLECTION": "1", "EXCHANGE_NAME": ""},
        )
    assert str(caught.value) == (
        "EXCHANGE_LISTEN_PORT is '84x', not a whole number; "
        "EXCHANGE_GRACE is '10', not a duration such as 250ms, 30s, 15m or 2h; "
        "EXCHANGE_NAME is empty; "
        "EXCHANGE_FOLDER is missing; "
        "EXCHANGE_REFLECTION is '1', neither true nor false"
    )
