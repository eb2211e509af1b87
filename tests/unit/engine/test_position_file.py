"""The relay's position comes back as it was written; whatever else the file is, one sentence says what to do."""

from pathlib import Path

import pytest

from exchange.event.v1.event_pb2 import Position
from services.engine.relay.position_file import PositionFile, PositionFileFault

POSITION = Position(shard=3, epoch=2, engine_seq=2**63)


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = PositionFile(tmp_path / "relay" / "position")
    assert file.load() == Position()
    file.save(Position(engine_seq=1))
    file.save(POSITION)
    assert file.load() == POSITION
    assert [each.name for each in (tmp_path / "relay").iterdir()] == ["position"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"7",
        b"[]",
        b"{}",
        b'{"shard": 0, "epoch": 1}',
        b'{"shard": 0, "epoch": 1, "engine_seq": "7"}',
        b'{"shard": 0, "epoch": 1, "engine_seq": -7}',
        b'{"shard": 0, "epoch": 1, "engine_seq": 7.5}',
        b'{"shard": 0, "epoch": 1, "engine_seq": 18446744073709551616}',
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "position"
    path.write_bytes(content)
    with pytest.raises(PositionFileFault, match="position holds no position: bring back the file, or delete it"):
        PositionFile(path).load()
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_read_is_no_beginning(tmp_path: Path) -> None:
    with pytest.raises(PositionFileFault, match=r"cannot be read \(Is a directory\): give the relay access"):
        PositionFile(tmp_path).load()


def test_a_file_that_cannot_be_written_says_so_and_keeps_the_old_position(tmp_path: Path) -> None:
    file = PositionFile(tmp_path / "position")
    file.save(POSITION)
    (tmp_path / "position.tmp").mkdir()
    with pytest.raises(PositionFileFault, match=r"cannot be written to .*position \(Is a directory\): make room"):
        file.save(Position(engine_seq=9))
    assert file.load() == POSITION
