"""The gRPC server of a process: mutual TLS, the gate before every handler, health, reflection, limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.runtime.authorization import rules_of
from services.runtime.gate import Gate, Handler
from services.runtime.health import Health
from services.runtime.tls import Identity

HEALTH_SERVICE = "grpc.health.v1.Health"
MIN_PING_INTERVAL_MS = 5_000
KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
CLOSING_GRACE = timedelta(milliseconds=100)
"""How long refusals may take to leave, and watchers of the health to notice, before connections close."""

Servicer = TypeVar("Servicer")


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a server listens, as whom, and how large a message it takes; a port of 0 lets the system choose."""

    host: str
    port: int
    identity: Identity
    max_message_bytes: int
    reflection: bool


class Server:
    """A server: first `add` every service, then `start`, then `drain`."""

    def __init__(self, listener: Listener, gate: Gate, health: Health) -> None:
        self._listener = listener
        self._gate = gate
        self._health = health
        self._services: list[str] = []
        self._server = grpc.aio.server(interceptors=[gate], options=_options(listener))
        self.port = 0

    def add(
        self,
        register: Callable[[Servicer, grpc.aio.Server], None],
        servicer: Servicer,
        *,
        raw: Mapping[str, Handler] | None = None,
    ) -> None:
        """Serve a contract: the generated `add_..._to_server` and what implements it.

        `raw` names the methods that read their own bytes, with their handlers; those have no field validation.
        """
        contract = _Contract()
        register(servicer, cast("grpc.aio.Server", contract))
        self._gate.admit(rules_of(descriptor_pool.Default().FindServiceByName(contract.name)))
        self._server.add_registered_method_handlers(contract.name, {**contract.handlers, **(raw or {})})
        self._services.append(contract.name)

    async def start(self) -> None:
        """Listen; raises RuntimeError if the port cannot be had."""
        health_pb2_grpc.add_HealthServicer_to_server(self._health.servicer, self._server)
        self._gate.exempt(HEALTH_SERVICE)
        if self._listener.reflection:
            reflection.enable_server_reflection(
                (*self._services, HEALTH_SERVICE, reflection.SERVICE_NAME), self._server
            )
            self._gate.exempt(reflection.SERVICE_NAME)
        self.port = self._server.add_secure_port(
            f"{self._listener.host}:{self._listener.port}", self._listener.identity.server_credentials()
        )
        await self._server.start()

    async def drain(self, grace: timedelta, stream_grace: timedelta) -> None:
        """Refuse what is new, wait for what is being served, and close; whatever outlasts the grace is cancelled.

        The connections stay open until then: gRPC would cut a call that meets a closing server, the gate tells it why.
        """
        await self._health.drain()
        await self._gate.drain(min(stream_grace, grace), grace)
        await self._server.stop(CLOSING_GRACE.total_seconds())


class _Contract:
    """Stands in for a server while the generated code registers: it tells what belongs to the contract."""

    def __init__(self) -> None:
        self.name = ""
        self.handlers: dict[str, Handler] = {}

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Take no notice: the same handlers come registered, by name."""

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Handler]) -> None:
        """Keep the service's name and handlers."""
        self.name, self.handlers = service_name, dict(method_handlers)


def _options(listener: Listener) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", listener.max_message_bytes),
        ("grpc.max_send_message_length", listener.max_message_bytes),
        ("grpc.so_reuseport", 0),  # a second process on the port is an error, not a helper
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", MIN_PING_INTERVAL_MS),
    ]
