"""Auth on real servers, with a client for it and an engine that can be absent."""

import socket
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from exchange.auth.v1 import auth_service_pb2 as pb
from exchange.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from exchange.auth.v1.user_pb2 import TokenPair, User
from services.auth.app import build
from services.auth.settings import Settings
from services.kernel.refusal import Refusal
from services.runtime import postgres
from services.runtime.refusals import refusal_of
from services.runtime.run import ProcessSettings, running
from tests.fakes.auth_engine import EngineFake
from tests.mesh import Mesh

EMAIL, PASSWORD = "ada@example.com", "battery horse staple"
CALLERS = {"auth": {"methods": ["/exchange.engine.v1.AdminService/OpenAccount"]}}
CHEAP_HASHES = {"hash_passes": 1, "hash_memory_kib": 64, "hash_lanes": 1}
NOBODY_LISTENS = "127.0.0.1:1"


@dataclass
class Site:
    """What auth stands on; the database is migrated, the vault is unsealed."""

    folder: Path
    postgres_dsn: str
    redis_url: str
    vault_url: str
    role_id: str
    secret_id: str
    engine: EngineFake = field(default_factory=EngineFake)
    kafka_servers: str = NOBODY_LISTENS
    registry_url: str = f"http://{NOBODY_LISTENS}"

    def __post_init__(self) -> None:
        self.mesh = Mesh(self.folder, CALLERS)
        self.engine_port = free_port()

    def settings(self, **changed: Any) -> Settings:
        """What auth is told; `changed` replaces any of it."""
        told: dict[str, Any] = {
            **self.mesh.process("auth"),
            "postgres_dsn": self.postgres_dsn,
            "redis_url": self.redis_url,
            "vault_url": self.vault_url,
            "vault_role_id": self.role_id,
            "vault_secret_id": self.secret_id,
            "engine_target": f"127.0.0.1:{self.engine_port}",
            "kafka_servers": self.kafka_servers,
            "registry_url": self.registry_url,
            **CHEAP_HASHES,
        }
        return Settings(**(told | changed))

    @asynccontextmanager
    async def engine_up(self) -> AsyncIterator[None]:
        """Let the engine answer."""
        own = ProcessSettings(**(self.mesh.process("engine") | {"listen_port": self.engine_port}))
        async with running("engine", own, self.engine.build):
            yield

    @asynccontextmanager
    async def auth_up(self, **changed: Any) -> AsyncIterator["Client"]:
        """Let auth answer, and give a client that comes through the edge."""
        async with (
            running("auth", self.settings(**changed), build) as process,
            self.mesh.channel("edge", process.server.port) as channel,
        ):
            yield Client.on(channel, process.server.port)

    @asynccontextmanager
    async def up(self, **changed: Any) -> AsyncIterator["Client"]:
        """Let the engine and auth answer."""
        async with self.engine_up(), self.auth_up(**changed) as client:
            yield client

    def environment(self, **changed: Any) -> dict[str, str]:
        """Tell the same in the environment of a process."""
        own = self.settings(**changed)
        told = {name: getattr(own, name) for name in (field.name for field in fields(own))}
        return {f"EXCHANGE_{name.upper()}": _written(value) for name, value in told.items() if value is not None}

    async def outbox(self) -> Sequence[bytes]:
        """Return what waits to be delivered."""
        async with postgres.connect(self.postgres_dsn) as pool:
            return [row["payload"] for row in await pool.fetch("SELECT payload FROM outbox ORDER BY outbox_id")]


@dataclass
class Client:
    """A client of auth."""

    channel: grpc.aio.Channel
    port: int
    stub: Any

    @classmethod
    def on(cls, channel: grpc.aio.Channel, port: int) -> "Client":
        """Make a client of the process that listens on the port."""
        return cls(channel, port, AuthServiceStub(channel))

    async def register(self, email: str = EMAIL, password: str = PASSWORD) -> User:
        """Register and return the user."""
        response: pb.RegisterResponse = await self.stub.Register(pb.RegisterRequest(email=email, password=password))
        return response.user

    async def login(self, email: str = EMAIL, password: str = PASSWORD, scopes: Sequence[str] = ()) -> TokenPair:
        """Log in and return the tokens."""
        request = pb.LoginRequest(email=email, password=password, scopes=scopes)
        response: pb.LoginResponse = await self.stub.Login(request)
        return response.tokens

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Trade a refresh token."""
        response: pb.RefreshTokenResponse = await self.stub.RefreshToken(
            pb.RefreshTokenRequest(refresh_token=refresh_token)
        )
        return response.tokens

    async def logout(self, access_token: str) -> None:
        """End the session."""
        await self.stub.Logout(pb.LogoutRequest(), metadata=bearer(access_token))

    async def me(self, access_token: str) -> pb.GetCurrentUserResponse:
        """Ask who the token speaks for."""
        response: pb.GetCurrentUserResponse = await self.stub.GetCurrentUser(
            pb.GetCurrentUserRequest(), metadata=bearer(access_token)
        )
        return response

    async def jwks(self) -> pb.GetJwksResponse:
        """Fetch the published keys."""
        response: pb.GetJwksResponse = await self.stub.GetJwks(pb.GetJwksRequest())
        return response


async def refusal(call: Awaitable[object]) -> Refusal:
    """Await a call that must be refused, and return the refusal."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)


async def reason(call: Awaitable[object]) -> str:
    """Await a call that must be refused, and return why."""
    return (await refusal(call)).reason


def bearer(access_token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that carries a token."""
    return (("authorization", f"Bearer {access_token}"),)


def _written(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value // timedelta(milliseconds=1)}ms"
    return str(value).lower() if isinstance(value, bool) else str(value)


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
