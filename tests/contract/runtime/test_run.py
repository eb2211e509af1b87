"""Processes start, stop and fail with the exit code and the sentence that say what happened."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mesh import Mesh

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 30


@contextmanager
def process(folder: Path, **changed: str) -> Iterator[subprocess.Popen[str]]:
    settings = {f"EXCHANGE_{name.upper()}": str(value) for name, value in Mesh(folder).process("probe").items()}
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'gen/python'}:{ROOT}"} | settings | changed
    command = [sys.executable, "-m", "tests.contract.runtime.probe_process"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=pipe, stderr=pipe, text=True) as started:  # noqa: S603
        try:
            yield started
        finally:
            started.kill()


def until(started: subprocess.Popen[str], event: str) -> dict[str, object]:
    assert started.stdout is not None
    for line in started.stdout:
        said: dict[str, object] = json.loads(line)
        if said["event"] == event:
            return said
    raise AssertionError(f"the process never said {event}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_stops(tmp_path: Path, number: signal.Signals) -> None:
    with process(tmp_path) as started:
        said = until(started, "started")
        assert (said["service"], said["level"]) == ("probe", "info")
        with socket.create_connection(("127.0.0.1", int(str(said["port"]))), timeout=LIMIT_S):
            pass
        started.send_signal(number)
        until(started, "stopped")
        assert started.wait(LIMIT_S) == os.EX_OK


def test_metrics_are_served(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with process(tmp_path, EXCHANGE_METRICS_PORT=str(port)) as started:
        until(started, "started")
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = connection.makefile().read()
        assert "exchange_rpc_in_flight 0.0" in text


@pytest.mark.parametrize(
    ("changed", "code", "sentence"),
    [
        (
            {"EXCHANGE_LISTEN_PORT": "x"},
            os.EX_CONFIG,
            "probe cannot start: EXCHANGE_LISTEN_PORT is 'x', not a whole number",
        ),
        (
            {"EXCHANGE_FAULT": "start"},
            os.EX_UNAVAILABLE,
            "probe cannot start: PostgreSQL cannot be used: nobody listens",
        ),
        (
            {"EXCHANGE_TLS_CA": "/absent"},
            os.EX_UNAVAILABLE,
            "probe cannot start: [Errno 2] No such file or directory: '/absent'",
        ),
        ({"EXCHANGE_FAULT": "task"}, os.EX_SOFTWARE, "probe died: history was lost"),
        ({"EXCHANGE_FAULT": "end"}, os.EX_SOFTWARE, "probe died: background task follower ended"),
    ],
)
def test_a_failure_is_one_sentence_and_a_code(
    tmp_path: Path, changed: dict[str, str], code: int, sentence: str
) -> None:
    with process(tmp_path, **changed) as started:
        _, said = started.communicate(timeout=LIMIT_S)
        assert (said, started.returncode) == (sentence + "\n", code)


def test_a_busy_port_is_a_failed_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process(tmp_path, EXCHANGE_LISTEN_PORT=str(port)) as started:
            _, said = started.communicate(timeout=LIMIT_S)
    assert started.returncode == os.EX_UNAVAILABLE
    assert said.splitlines()[-1].startswith("probe cannot start: ")
    assert str(port) in said
