"""Asks whether something listens on a port of this machine."""

import os
import socket
from collections.abc import Mapping

from stack.failure import StackError
from stack.site import PORTS_IN_USE

CONNECT_TIMEOUT_S = 1.0
FIRST_PASSING_PORT = 10_000
PASSING_BLOCKS = 220  # of 100 ports each, all below Linux's ephemeral ports, which begin at 32,768


def refuse_busy_ports(name: str, ports: Mapping[str, int]) -> None:
    """Raise StackError if something already listens on one of the ports that a part needs."""
    for purpose, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise StackError(
                    f"Port {port} ({name}, {purpose}) is in use by another program; "
                    "stop that program, or choose other ports with EXCHANGE_PORT."
                ) from None


def is_listening(port: int) -> bool:
    """Tell whether a connection to the port is accepted."""
    try:
        socket.create_connection(("127.0.0.1", port), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def free_base_port() -> int:
    """Give a base port for a passing stack, one of a test or of the setup: several of them run side by side."""
    for attempt in range(PASSING_BLOCKS):
        base = FIRST_PASSING_PORT + (os.getpid() + attempt) % PASSING_BLOCKS * 100
        try:
            refuse_busy_ports("any", {str(port): port for port in range(base, base + PORTS_IN_USE)})
        except StackError:
            continue
        return base
    raise StackError("No block of free ports is left for a passing stack.")
