"""`python -m stack`, as a person runs it."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from stack.ports import free_base_port
from stack.redis import url
from stack.site import Site

TIMEOUT_S = 60
ARGPARSE_REFUSES = 2


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data", free_base_port())


def test_ctrl_c_stops_everything_and_a_second_start_has_the_state(site: Site) -> None:
    with running(site) as launcher:
        with redis.Redis.from_url(url(site)) as client:
            client.set("kept", "yes")
        launcher.send_signal(signal.SIGINT)
        _, told = launcher.communicate(timeout=TIMEOUT_S)
    assert launcher.returncode == 0
    assert "redis        stopped" in told
    assert told.endswith("Stopped.\n")

    with running(site) as launcher, redis.Redis.from_url(url(site)) as client:
        assert client.get("kept") == b"yes"
        launcher.terminate()
        assert launcher.wait(TIMEOUT_S) == 0


def test_a_dead_child_is_told_with_its_log_and_the_rest_is_stopped(site: Site) -> None:
    with running(site) as launcher:
        os.kill(redis_pid(site), signal.SIGKILL)
        _, told = launcher.communicate(timeout=TIMEOUT_S)

    assert launcher.returncode == 1
    assert "Ready to accept connections" in told
    assert told.splitlines()[-1] == f"ERROR: redis was killed by signal 9; its log is {site.log('redis')}."


def test_nothing_outlives_a_killed_launcher(site: Site) -> None:
    with running(site, "redis", "postgres") as launcher:
        postmaster = int((site.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        children = [os.pidfd_open(redis_pid(site)), os.pidfd_open(postmaster)]
        launcher.kill()
        launcher.wait(TIMEOUT_S)

        assert all(is_over(child) for child in children)


def test_a_busy_port_is_one_sentence(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port("redis"))):
        refused = stack(site, "up", "--port", str(site.base_port), "--only", "redis")

    assert refused.returncode == 1
    assert re.fullmatch(r"ERROR: Port [0-9]+ \(redis, clients\) is in use by another program; .*\n", refused.stderr)


@pytest.mark.parametrize("port", ["80x", "-1", "70000", "65530", "80", "8443.0", ""])
def test_a_port_that_cannot_be_is_one_sentence(site: Site, port: str) -> None:
    refused = stack(site, "up", f"--port={port}")

    assert refused.returncode == ARGPARSE_REFUSES
    assert f"{port!r} cannot be the first of the stack's" in refused.stderr.splitlines()[-1]


def test_a_folder_that_cannot_be_is_one_sentence(site: Site) -> None:
    site.data.write_text("a file")
    refused = stack(site, "up", "--only", "redis")

    assert refused.returncode == 1
    assert refused.stderr == (
        f"ERROR: The data folder {site.data} cannot be used (File exists); choose another with EXCHANGE_DATA.\n"
    )


def test_a_part_that_is_not_there_is_one_sentence(site: Site) -> None:
    refused = stack(site, "up", "--only", "redis", "elephant")

    assert refused.returncode == 1
    assert refused.stderr.startswith("ERROR: There is no part elephant; the parts are certificates, postgres, redis,")


def test_reset_keeps_a_folder_that_is_no_stacks(site: Site) -> None:
    (site.data / "thesis").mkdir(parents=True)
    refused = stack(site, "reset")

    assert refused.returncode == 1
    assert refused.stderr == f"ERROR: {site.data} holds no data of a stack; nothing was deleted.\n"
    assert (site.data / "thesis").is_dir()


def test_a_start_leaves_a_folder_of_other_things_alone(site: Site) -> None:
    (site.data / "thesis").mkdir(parents=True)
    refused = stack(site, "up", "--port", str(site.base_port), "--only", "redis")

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"ERROR: {site.data} holds other things than a stack's data;")
    assert [path.name for path in site.data.iterdir()] == ["thesis"]


def test_reset_deletes_the_data_but_not_of_a_running_stack(site: Site) -> None:
    with running(site) as launcher:
        refused = stack(site, "reset")
        launcher.terminate()
        launcher.wait(TIMEOUT_S)
    assert refused.returncode == 1
    assert f"is running (launcher process {launcher.pid}); stop it first." in refused.stderr
    assert site.data.exists()

    assert stack(site, "reset").returncode == 0
    assert not site.data.exists()


def command(site: Site, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "stack", "--data", str(site.data), *arguments]


def stack(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        command(site, *arguments), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@contextmanager
def running(site: Site, *parts: str) -> Iterator[subprocess.Popen[str]]:
    """Run the launcher with some parts, Redis alone if none; the block begins when it says that all are ready."""
    arguments = ("up", "--port", str(site.base_port), "--only", *(parts or ["redis"]))
    with subprocess.Popen(command(site, *arguments), stderr=subprocess.PIPE, text=True) as launcher:  # noqa: S603 - ours
        try:
            assert launcher.stderr is not None
            for line in launcher.stderr:
                if line.startswith("Everything is ready"):
                    break
            yield launcher
        finally:
            launcher.kill()


def redis_pid(site: Site) -> int:
    with redis.Redis.from_url(url(site)) as client:
        return int(client.info("server")["process_id"])


def is_over(pidfd: int) -> bool:
    """Wait for a process that is not our child."""
    ready, _, _ = select.select([pidfd], [], [], TIMEOUT_S)
    os.close(pidfd)
    return bool(ready)
