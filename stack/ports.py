"""Asks whether something listens on a port of this machine."""

import socket
from collections.abc import Mapping

from stack.failure import StackError

CONNECT_TIMEOUT_S = 1.0


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
