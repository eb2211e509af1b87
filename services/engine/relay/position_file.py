"""How far the relay is, in a file that is replaced whole."""

import json
import os
from pathlib import Path

from exchange.event.v1.event_pb2 import Position


class PositionFile:
    """The last position whose events Kafka has acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Position:
        """Read the position; the beginning of the log if there is no file. Raises ValueError for a damaged one."""
        try:
            stored = json.loads(self._path.read_text())
        except FileNotFoundError:
            return Position()
        return Position(shard=stored["shard"], epoch=stored["epoch"], engine_seq=stored["engine_seq"])

    def save(self, position: Position) -> None:
        """Replace the file. It need not reach the disk: an older position only repeats events."""
        fields = {"shard": position.shard, "epoch": position.epoch, "engine_seq": position.engine_seq}
        draft = self._path.with_suffix(".tmp")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(fields))
        os.replace(draft, self._path)
