"""exchange-journal, run as an operator runs it: on a copy of an engine's folder."""

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exchange.engine.v1.command_pb2 import Command, CreateInstrument, OpenAccount, TransferIn
from exchange.engine.v1.engine_service_pb2 import SubmitRequest
from services.engine import _core
from tests.unit.engine.journal_tool import journal_tool
from tests.unit.engine.samples import BTC_KK99, BUYER, FUNDS, SELLER, order

START_NS = time.time_ns()
EVERY_KIND = 0b1111_1110
SEGMENT = "journal/journal-00000000000000000001.log"
SNAPSHOT = "snapshots/snapshot-00000000000000000025.bin"


def submit(engine: _core.Engine, *commands: Command) -> None:
    engine.apply(SubmitRequest(commands=commands).SerializeToString(), START_NS, EVERY_KIND)


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Path, int]:
    """Make a copy of a folder with 45 commands, and snapshots after 25 and 45; give its state hash too."""
    engine = _core.Engine(folder=str(tmp_path / "engine"), journal_segment_bytes=1 << 16)
    submit(engine, Command(create_instrument=CreateInstrument(instrument=BTC_KK99)))
    for seq, (account, (asset, amount)) in enumerate(FUNDS.items(), 1):
        submit(engine, Command(open_account=OpenAccount(account_id=account)))
        fund = TransferIn(transfer_seq=seq, account_id=account, asset_id=asset, amount=amount)
        submit(engine, Command(transfer_in=fund))
    for name in "ab":
        submit(engine, *(order(f"{name}{n}", SELLER if n % 2 else BUYER, 5_000_000 + n * 7 % 20) for n in range(20)))
        engine.take_snapshot()
    state_hash = engine.state(with_hash=True).state_hash
    engine.close()
    shutil.copytree(tmp_path / "engine", tmp_path / "copy")
    return tmp_path / "copy", state_hash


def content(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def flip(path: Path, offset: int) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[offset] ^= 1
    path.write_bytes(damaged)


def answers(*words: str) -> list[dict[str, Any]]:
    ran = journal_tool(*words)
    assert (ran.returncode, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_a_whole_journal_is_verified_and_left_as_it_was(copy: tuple[Path, int]) -> None:
    folder, state_hash = copy
    before = content(folder)
    (verified,) = answers("verify", str(folder))
    (hashed,) = answers("hash", str(folder))
    assert (verified["first_seq"], verified["last_seq"], verified["snapshots"]) == (1, 45, [25, 45])
    assert (verified["torn_bytes"], verified["unsealed_bytes"]) == (0, 0)
    assert verified["state_hash"] == hashed["state_hash"] == f"{state_hash:016x}"
    assert verified["chain"] == hashed["chain"]
    assert len(hashed["chain"]) == 64
    assert content(folder) == before


def test_commands_are_shown_as_the_contract_names_them(copy: tuple[Path, int]) -> None:
    folder, _ = copy
    shown = answers("show", str(folder))
    assert [line["engine_seq"] for line in shown] == list(range(1, 46))
    assert {line["kind"] for line in shown} == {"create_instrument", "open_account", "transfer_in", "place_order"}
    assert shown[0]["fields"]["instrument"]["symbol"] == "BTC-KK99"
    placed = shown[5]
    assert placed["time_ns"] == START_NS
    assert (placed["fields"]["client_order_id"], placed["fields"]["side"]) == ("a0", "SIDE_BUY")
    assert answers("show", str(folder), "--from", "6", "--until", "7") == shown[5:7]


def test_a_replay_ends_where_it_is_told(copy: tuple[Path, int]) -> None:
    folder, state_hash = copy
    (last,) = answers("replay", str(folder))
    (again,) = answers("replay", str(folder), "--from-start")
    assert (last["engine_seq"], last["replayed_from"], again["replayed_from"]) == (45, 45, 0)
    assert last["state_hash"] == again["state_hash"] == f"{state_hash:016x}"
    (funded,) = answers("replay", str(folder), "--until", "5")
    assert (funded["engine_seq"], funded["accounts"], funded["instruments"], funded["ids"]) == (5, 4, 1, 0)
    (middle,) = answers("replay", str(folder), "--until", "30")
    assert (middle["replayed_from"], middle["ids"]) == (25, 25)


@pytest.mark.parametrize("verb", ["verify", "show", "hash"])
def test_damage_is_refused_with_file_offset_and_sequence(copy: tuple[Path, int], verb: str) -> None:
    folder, _ = copy
    flip(folder / SEGMENT, 64 + 30)
    ran = journal_tool(verb, str(folder))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"exchange-journal: {folder / SEGMENT} at offset 64, engine_seq 1: a record is damaged\n"


def test_a_damaged_snapshot_is_named(copy: tuple[Path, int]) -> None:
    folder, _ = copy
    flip(folder / SNAPSHOT, 60)
    ran = journal_tool("verify", str(folder))
    assert ran.returncode == 1
    assert f"{folder / SNAPSHOT} at offset 0, engine_seq 25: the snapshot is damaged" in ran.stderr


def test_a_torn_tail_is_told_of_and_not_refused(copy: tuple[Path, int]) -> None:
    folder, _ = copy
    segment = bytearray((folder / SEGMENT).read_bytes())
    end = len(bytes(segment).rstrip(b"\0"))
    segment[end - 20 : end] = bytes(20)  # of the last seal
    (folder / SEGMENT).write_bytes(segment)
    (verified,) = answers("verify", str(folder))
    assert verified["last_seq"] == 45
    assert verified["torn_bytes"] > 0


def test_a_journal_that_ends_early_does_not_reach_the_command_asked_for(copy: tuple[Path, int]) -> None:
    folder, _ = copy
    ran = journal_tool("replay", str(folder), "--until", "46")
    assert ran.returncode == 1
    assert "engine_seq 46: the journal ends before command 46" in ran.stderr


@pytest.mark.parametrize(
    "words",
    [(), ("verify",), ("mend", "folder"), ("show", "folder", "--until", "x"), ("hash", "folder", "--from", "1")],
)
def test_wrong_arguments_are_answered_with_the_usage(words: tuple[str, ...]) -> None:
    ran = journal_tool(*words)
    assert ran.returncode == 2
    assert ran.stderr.startswith("usage: exchange-journal verify|show|replay|hash FOLDER")


def test_a_folder_that_is_none_cannot_be_read(tmp_path: Path) -> None:
    ran = journal_tool("verify", str(tmp_path / "nowhere"))
    assert ran.returncode == 3
    assert f"cannot list folder {tmp_path / 'nowhere'}/journal: No such file or directory" in ran.stderr
