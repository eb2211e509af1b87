"""What may be called where: time, randomness and the environment have one place each; tests wait, and do not sleep."""

import re

from tests.tidy.source import Source, sources

AMBIENT = re.compile(
    r"^(time\.(time|time_ns|monotonic|monotonic_ns|sleep)|asyncio\.sleep|datetime\.(now|utcnow|today)|date\.today"
    r"|uuid\.?uuid[1-8]|uuid[1-8]|random\.\w+|secrets\.\w+|os\.urandom|os\.getenv|os\.environ.*)$"
)
AMBIENT_ALLOWED = {
    "services/kernel/clock.py",  # the port of time
    "services/kernel/entropy.py",  # the port of randomness
}
ENVIRONMENT_ALLOWED = {"services/runtime/run.py", "services/runtime/migrate.py"}
LONE_TASKS = re.compile(r"^(asyncio|loop)\.(create_task|ensure_future)$|^asyncio\.get_event_loop$")
LONE_TASKS_ALLOWED = {
    "services/runtime/health.py",  # a race of two waits, both ended where it is
    "services/runtime/read_ahead.py",  # a context manager that ends what it began
}

PAUSES_ALLOWED = {"tests/e2e/trader.py"}  # a client that waits for the edge to let it in again


def found(source: Source, banned: re.Pattern[str]) -> list[str]:
    return [f"{source.path}:{line} {name}" for line, name in source.calls if banned.match(name)]


def test_services_ask_ports_for_time_randomness_and_ids() -> None:
    places = [
        each for source in sources("services") if source.path not in AMBIENT_ALLOWED for each in found(source, AMBIENT)
    ]
    assert places == []


def test_settings_are_read_at_the_start_only() -> None:
    readers = {source.path for source in sources("services") if re.search(r"\bos\.(environ|getenv)\b", source.text)}
    assert readers == ENVIRONMENT_ALLOWED


def test_no_task_runs_alone() -> None:
    lone = [
        each
        for source in sources("services")
        if source.path not in LONE_TASKS_ALLOWED
        for each in found(source, LONE_TASKS)
    ]
    assert lone == []


def test_hvac_is_behind_its_room() -> None:
    users = {source.path for source in sources("services") if any(name.startswith("hvac") for name in source.imports)}
    assert users == {"services/runtime/vault.py"}


def test_tests_do_not_sleep_skip_or_mock() -> None:
    banned = re.compile(r"^(time\.sleep|pytest\.(skip|xfail|importorskip)|pytest\.mark\.(skip|skipif|xfail))$")
    places = [each for source in sources("tests") for each in found(source, banned)]
    for source in sources("tests"):
        places += [f"{source.path} imports mock" for name in source.imports if name.startswith("unittest")]
        sleeps = re.findall(r"asyncio\.sleep\((?!0\))[^)]*\)", source.text) if source.path not in PAUSES_ALLOWED else []
        places += [f"{source.path} {sleep}" for sleep in sleeps]
    assert places == []


def test_nothing_is_left_for_later() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    marked = [
        s.path for s in sources("services", "stack", "tests") if unfinished.search(s.text) and "tidy" not in s.path
    ]
    assert marked == []
