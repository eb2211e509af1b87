"""Where one local stack lives: its folder, its ports, its secrets."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from stack.failure import StackError

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"

DEFAULT_BASE_PORT = 8440
METRICS_OFFSET = 20

PORT_OFFSETS = {
    "edge": 3,
    "edge_admin": 4,
    "postgres": 5,
    "redis": 6,
    "openbao": 7,
    "openbao_cluster": 8,
    "kafka": 9,
    "kafka_controller": 10,
    "registry": 11,
    "feed": 12,
    "registry_management": 13,
    "auth": 20,
    "orders": 21,
    "wallets": 22,
    "market_data": 23,
    "engine": 24,
    "relay": 25,
    "order_entry": 26,
}
"""Each listener's port, counted from the base port; a service's metrics are METRICS_OFFSET above its own."""

PORTS_IN_USE = max(PORT_OFFSETS.values()) + METRICS_OFFSET + 1
"""How many ports, counted from the base port, one stack may use."""


@dataclass(frozen=True)
class Site:
    """One stack's folder and base port; every path and port of the stack is derived from these two."""

    data: Path
    base_port: int

    def port(self, listener: str) -> int:
        """Give the port of a listener named in PORT_OFFSETS."""
        return self.base_port + PORT_OFFSETS[listener]

    def metrics_port(self, service: str) -> int:
        """Give the port on which a service shows its metrics."""
        return self.port(service) + METRICS_OFFSET

    def address(self, listener: str) -> str:
        """Give host:port of a listener."""
        return f"127.0.0.1:{self.port(listener)}"

    def folder(self, name: str) -> Path:
        """Give the folder of one part, made if absent, readable by its owner only."""
        folder = self.data / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        """Give the log file of one part."""
        return self.folder("logs") / f"{name}.log"

    def secret(self, name: str) -> str:
        """Give the stack's random secret of that name, made at the first call and kept for good."""
        path = self.folder("secrets") / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; the file appears whole or not at all."""
    draft = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def required(path: Path, what: str) -> Path:
    """Give the path of a program or file the stack needs; refuses with one sentence if it is missing."""
    if not path.exists():
        raise StackError(f"{what} is missing ({path}); run stack/setup.sh, which `make up` does first.")
    return path
