import os
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stack import child, lock
from stack.failure import ChildDiedError, StackError
from stack.launcher import Stack, in_order
from stack.part import Command
from stack.site import Site


class Shell:
    """A part whose process is a shell command; `order` collects what happens, a file `sign` tells that it is ready."""

    def __init__(
        self,
        name: str,
        order: list[str],
        needs: tuple[str, ...] = (),
        script: str = "sleep 60",
        sign: Path | None = None,
    ) -> None:
        self.name = name
        self.needs = needs
        self._order = order
        self._script = script
        self._sign = sign
        self.port: int | None = None

    def ports(self) -> Mapping[str, int]:
        return {"test": self.port} if self.port else {}

    def prepare(self) -> None:
        self._order.append(f"prepare {self.name}")

    def command(self) -> Command | None:
        return Command(("sh", "-c", self._script), grace_s=5)

    def ready(self) -> bool:
        return self._sign is None or self._sign.exists()

    def settle(self) -> None:
        self._order.append(f"settle {self.name}")

    def describe(self) -> str:
        return self.name


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, 9000)


def test_a_part_starts_once_and_after_what_it_needs(site: Site) -> None:
    order: list[str] = []
    parts = [Shell("top", order, ("left", "right")), Shell("left", order), Shell("right", order, ("left",))]

    with Stack(site, parts, ["top"]) as stack:
        stack.start("top", "left")

    assert order == [f"{step} {name}" for name in ("left", "right", "top") for step in ("prepare", "settle")]


def test_parts_stop_before_what_they_need_also_after_a_restart(site: Site) -> None:
    told: list[str] = []
    parts = [Shell("top", [], ("base",)), Shell("base", [])]

    with Stack(site, parts, ["top"], told.append) as stack:
        stack.kill("base")
        stack.restart("base")

    assert [line.split()[-2] for line in told if line.endswith("stopped")] == ["top", "base"]


def test_only_what_is_asked_for_is_started(site: Site) -> None:
    order: list[str] = []

    with Stack(site, [Shell("one", order), Shell("two", order)], ["two"]):
        pass

    assert order == ["prepare two", "settle two"]


def test_a_child_that_dies_at_its_start_is_named_with_its_log(site: Site) -> None:
    parts = [Shell("broken", [], script="echo no such table; exit 3", sign=site.data / "never")]

    with pytest.raises(ChildDiedError, match=r"broken ended with exit code 3; its log is .*broken\.log") as died:
        Stack(site, parts, ["broken"]).__enter__()

    assert died.value.log_tail == "no such table"


def test_a_part_whose_start_failed_can_be_started_again(site: Site) -> None:
    sign = site.data / "repaired"
    moody = Shell("moody", [], script=f"test -e {sign} || exit 3; exec sleep 60", sign=sign)
    with Stack(site, [moody], []) as stack:
        with pytest.raises(ChildDiedError):
            stack.start("moody")
        sign.touch()

        stack.start("moody")

        stack.check()


def test_a_child_that_dies_later_is_found(site: Site) -> None:
    with Stack(site, [Shell("one", []), Shell("two", [])], ["one", "two"]) as stack:
        stack.check()
        os.kill(stack.pid("two"), signal.SIGKILL)
        os.waitid(os.P_PID, stack.pid("two"), os.WEXITED | os.WNOWAIT)
        with pytest.raises(ChildDiedError, match="two was killed by signal 9"):
            stack.check()


def test_a_log_does_not_grow_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MAX_LOG_BYTES", 1_000)
    with Stack(site, [Shell("talker", [], script="head -c 2000 /dev/zero; exec sleep 60")], ["talker"]) as stack:
        written = Path(site.log("talker"))
        with Path(f"/proc/{stack.pid('talker')}/comm").open() as name:
            while name.read().strip() != "sleep":
                name.seek(0)
        stack.check()

        assert written.stat().st_size == 0
        assert written.with_suffix(".log.1").stat().st_size == 2_000


def test_a_busy_port_is_said_in_one_sentence(site: Site, listener: socket.socket) -> None:
    part = Shell("edge", [])
    part.port = listener.getsockname()[1]

    with pytest.raises(StackError, match=f"Port {part.port} \\(edge, test\\) is in use by another program; stop"):
        Stack(site, [part], ["edge"]).__enter__()


def test_a_folder_has_one_launcher_at_a_time(site: Site) -> None:
    busy = pytest.raises(StackError, match=r"is running \(launcher process [0-9]+\); stop it first")
    with lock.held(site.data), busy:
        Stack(site, [], []).__enter__()

    with Stack(site, [], []):
        pass


def test_needs_come_first_and_once() -> None:
    known = {part.name: part for part in (Shell("c", [], ("a", "b")), Shell("b", [], ("a",)), Shell("a", []))}

    assert [part.name for part in in_order(known, ["c", "a"])] == ["a", "b", "c"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server
