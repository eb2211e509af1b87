"""The format of recorded sessions."""

from pathlib import Path

import pytest

from stack.demo.protocol import Dialect
from stack.demo.recording import Recording, read_recording, write_recording
from stack.demo.session import Frame

FRAMES = (
    Frame(1633998512.0633569, "x@depth@100ms", '{"stream":"x@depth@100ms","data":{"e":"depthUpdate"}}'),
    Frame(1633998512.5, "x@aggTrade", '{"stream":"x@aggTrade","data":{"note":"a <- b: c"}}'),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    recording = Recording(Dialect.SPOT, {"X": ('{"lastUpdateId":1}', '{"lastUpdateId":9}'), "Y": ("{}",)}, FRAMES)
    write_recording(tmp_path, recording)
    assert read_recording(tmp_path, Dialect.SPOT) == recording
    assert recording.symbols == ("X", "Y")


def test_connects_and_sent_lines_are_no_frames(tmp_path: Path) -> None:
    (tmp_path / "spot.http.txt").write_text("\n")
    (tmp_path / "spot.ws.txt").write_text(
        "wss://host/stream?streams=x <-> 1.5\n"
        'wss://host/stream <- 1.6: {"method":"SUBSCRIBE"}\n'
        f"1.7: {FRAMES[0].text}\n\n"
    )
    frames = list(read_recording(tmp_path, Dialect.SPOT).frames())
    assert frames == [Frame(1.7, FRAMES[0].stream, FRAMES[0].text)]


def test_an_answer_in_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "futures.http.txt").write_text("https://host/depth {}\n")
    (tmp_path / "futures.ws.txt").write_text("")
    with pytest.raises(ValueError, match="not a recorded answer"):
        read_recording(tmp_path, Dialect.FUTURES)


def test_an_unknown_symbol_has_no_snapshot() -> None:
    assert Recording(Dialect.SPOT, {}, FRAMES).snapshots("X") == ()
