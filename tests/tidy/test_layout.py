"""Every service room has the same shape; what a room has beyond it is listed here, with its purpose."""

import re
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOT, sources

SHAPE = {
    "__init__.py",
    "__main__.py",
    "app.py",
    "consumer.py",
    "convert",
    "convert.py",
    "errors.py",
    "migrations",
    "model",
    "model.py",
    "peers.py",
    "ports.py",
    "schema.sql",
    "server.py",
    "settings.py",
    "store.py",
    "usecases",
}
NEEDED = {"__init__.py", "__main__.py", "app.py", "settings.py"}
BEYOND = {
    "auth": {
        "access_token.py",  # the form of a token, before it is signed
        "hasher.py",  # argon2 in worker processes
        "passwords.py",  # rules of passwords
        "publisher.py",  # outbox to topic
        "sessions.py",  # sessions in Redis
        "signer.py",  # signatures by the vault
        "statements.py",  # the SQL of the store
        "throttle.py",  # failed logins, counted in Redis
    },
    "engine": {
        "_core.pyi",  # the face of the C++ core
        "relay",  # a process of its own: event log to topics
    },
    "orders": {
        "_codec.pyi",  # the face of the C++ codec
        "_history.pyi",  # the face of what reads events into rows, in C++
        "account_endings.py",  # what ended the trading of accounts, from their private events
        "account_follower.py",  # the engine's private events, live
        "account_history.py",  # the same in PostgreSQL
        "entry",  # the stream that the codec is for
        "fingerprint.py",  # hash over a request's meaning
        "history_lists.py",  # the pages of lists, read from PostgreSQL
        "history_rows.py",  # its rows, read into the model
        "history_writer.py",  # the same and orders and fills, written
        "instrument_rows.py",  # instruments in PostgreSQL, from whoever hears of one first
        "partitions.py",  # the months of the history's tables
        "rates.py",  # how often accounts ask, counted in Redis
        "relayed.py",  # the engine's refusals, in words
        "take_script.py",  # the script in Redis that counts, and how it is asked
        "turns.py",  # when a command had its turn, told and measured
        "twap_runner.py",  # lets TWAPs go on, at one gateway at a time
        "twap_store.py",  # TWAPs in PostgreSQL
    },
}
ROOMS = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "__main__.py").exists())
SHARED = {"kernel", "runtime"}


def contents(room: Path) -> set[str]:
    return {path.name for path in room.iterdir() if path.name != "__pycache__" and path.suffix != ".so"}


def test_the_house_has_rooms_and_nothing_else() -> None:
    assert contents(ROOT / "services") == {"__init__.py"} | SHARED | set(ROOMS)
    assert ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_shape_of_all_rooms(room: str) -> None:
    found = contents(ROOT / "services" / room)
    assert found >= NEEDED
    assert found - SHAPE == BEYOND.get(room, set())


@pytest.mark.parametrize("room", ROOMS)
def test_a_main_file_is_a_door(room: str) -> None:
    lines = (ROOT / "services" / room / "__main__.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 7


def test_names_say_what_a_thing_is() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|common|base|misc|manager)(_|\.|$)", re.IGNORECASE)
    named = [source.path for source in sources("services", "stack", "tests") if vague.search(Path(source.path).name)]
    assert named == []
    managers = [source.path for source in sources("services", "stack") if re.search(r"class \w+Manager\b", source.text)]
    assert managers == []


def test_the_kernel_needs_the_standard_library_only() -> None:
    roots = {name.split(".")[0] for source in sources("services/kernel") for name in source.imports}
    assert roots - set(sys.stdlib_module_names) == {"services"}
    inside = {name for source in sources("services/kernel") for name in source.imports if name.startswith("services")}
    assert all(name.startswith("services.kernel") for name in inside)
