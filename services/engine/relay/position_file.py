"""How far the relay is, in a file that is replaced whole."""

import json
import os
from pathlib import Path

from exchange.event.v1.event_pb2 import Position


class PositionFileFault(Exception):  # noqa: N818 - named as what it says
    """The file cannot be read, understood or written; the message says what to do."""


class PositionFile:
    """The last position whose events Kafka has acknowledged, at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Position:
        """Read the position; the beginning of the log if there is no file. Raises `PositionFileFault`."""
        try:
            stored = json.loads(self.path.read_text())
            return Position(shard=stored["shard"], epoch=stored["epoch"], engine_seq=stored["engine_seq"])
        except FileNotFoundError:
            return Position()
        except OSError as error:
            raise PositionFileFault(
                f"the position in {self.path} cannot be read ({error.strerror}): give the relay access to it"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise PositionFileFault(
                f"{self.path} holds no position: bring back the file, or delete it, and everything is published anew"
            ) from error

    def save(self, position: Position) -> None:
        """Replace the file, or raise `PositionFileFault`. It need not reach the disk: an older one repeats events."""
        fields = {"shard": position.shard, "epoch": position.epoch, "engine_seq": position.engine_seq}
        draft = self.path.with_suffix(".tmp")
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(fields))
            os.replace(draft, self.path)
        except OSError as error:
            raise PositionFileFault(
                f"the position cannot be written to {self.path} ({error.strerror}): make room, or give the relay access"
            ) from error
