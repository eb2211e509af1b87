"""The steps of `stack/setup.sh`, with commands that stand for installations."""

import fcntl
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a folder with the script alone, to whose steps the tests give their own commands."""
    (tmp_path / "stack").mkdir()
    (tmp_path / ".tools").mkdir()
    shutil.copy("stack/setup.sh", tmp_path / "stack")
    (tmp_path / "input").write_text("one")
    return tmp_path


def step(clone: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run the step that makes the folder `made` from the file `input`."""
    script = ["bash", "stack/setup.sh", "do", "step", "A thing", "made", "input", "--", "bash", "-euc", command]
    return subprocess.run(script, cwd=clone, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours


def test_a_step_runs_again_only_when_its_input_changes(clone: Path) -> None:
    command = "mkdir -p made; echo run >>made/runs"
    for text, runs in (("one", 1), ("one", 1), ("two", 2), ("two", 2)):
        (clone / "input").write_text(text)
        assert step(clone, command).returncode == 0
        assert (clone / "made" / "runs").read_text() == "run\n" * runs


def test_what_an_ended_run_has_half_made_is_made_anew(clone: Path) -> None:
    assert step(clone, "mkdir made; touch made/half; kill -KILL $PPID").returncode != 0
    assert step(clone, "mkdir made; touch made/whole").returncode == 0
    assert {path.name for path in (clone / "made").iterdir()} == {"whole", ".made-from"}


def test_an_ended_run_on_another_input_is_not_taken_for_the_one_before(clone: Path) -> None:
    assert step(clone, "mkdir made; cp input made").returncode == 0
    (clone / "input").write_text("two")
    assert step(clone, "cp input made; exit 1").returncode == 1
    (clone / "input").write_text("one")
    assert step(clone, "mkdir made; cp input made").returncode == 0
    assert (clone / "made" / "input").read_text() == "one"


def test_a_failure_shows_the_end_of_the_log(clone: Path) -> None:
    told = step(clone, "echo no space left >&2; exit 1").stderr
    assert told.splitlines() == [
        "setup: A thing ... failed",
        "no space left",
        "ERROR: A thing could not be installed; the whole output is in .tools/setup.log.",
    ]


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("Temporary failure resolving 'host'", "a package registry cannot be reached from here"),
        ("[Errno -3] Temporary failure in name resolution", "a package registry cannot be reached from here"),
        ("npm error code EAI_AGAIN", "a package registry cannot be reached from here"),
        ("Connection refused", "a package registry cannot be reached from here"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "the certificate of a package registry is not trusted here"),
        ("PKIX path building failed", "the certificate of a package registry is not trusted here"),
    ],
)
def test_a_failure_of_the_network_is_one_sentence(clone: Path, output: str, cause: str) -> None:
    told = step(clone, f'echo "{output}"; exit 1').stderr
    assert told.splitlines() == [
        "setup: A thing ... failed",
        f"ERROR: A thing could not be installed, since {cause}; the whole output is in .tools/setup.log.",
    ]


def test_a_second_setup_waits_for_the_first_and_ends_at_ctrl_c(clone: Path) -> None:
    with (clone / ".tools" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = ["env", "--default-signal=INT", "bash", "stack/setup.sh"]  # a suite in the background ignores it
        with subprocess.Popen(command, cwd=clone, stderr=subprocess.PIPE, text=True, start_new_session=True) as second:  # noqa: S603 - ours
            assert second.stderr
            assert second.stderr.readline().startswith("setup: another setup of this folder is running;")
            os.killpg(second.pid, signal.SIGINT)
            assert second.stderr.read().strip() == "setup: interrupted; the next run goes on from here."
    assert second.returncode == -signal.SIGINT
