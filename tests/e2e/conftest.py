"""The whole exchange, started once for the session, and clients of three kinds for its edge."""

import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest

from stack.authority import authority_of
from stack.launcher import Stack
from tests.e2e.clients import Client
from tests.e2e.clients.grpc_client import GrpcClient
from tests.e2e.clients.rest_client import RestClient
from tests.e2e.clients.web_client import WebClient

KINDS: dict[str, Callable[[str, Path], Client]] = {"grpc": GrpcClient, "web": WebClient, "rest": RestClient}

C = TypeVar("C", bound=Client)

NewClient: TypeAlias = Callable[[], Client]


@dataclass(frozen=True)
class Exchange:
    """A running exchange: where its edge listens, the authority behind its certificate, and its processes."""

    edge: str
    ca: Path
    stack: Stack


@pytest.fixture(scope="session")
def exchange(stack: Stack) -> Exchange:
    """Give the exchange with every server, every service and the edge, its instruments listed, nobody trading."""
    stack.start("instruments", "envoy", "relay")
    return Exchange(f"localhost:{stack.site.port('edge')}", authority_of(stack.site).certificate, stack)


@pytest.fixture(scope="session")
def web_program() -> None:
    """Compile the grpc-web client, types checked."""
    subprocess.run(["node_modules/.bin/tsc", "-p", "tests/e2e/web"], check=True)  # noqa: S607 - from the lock file


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def new_client(exchange: Exchange, kind: str, web_program: None) -> AsyncIterator[NewClient]:
    """Give a maker of clients of one kind."""
    async with _clients(exchange, KINDS[kind]) as make:
        yield make


@pytest.fixture
async def new_grpc_client(exchange: Exchange) -> AsyncIterator[NewClient]:
    """Give a maker of gRPC clients, for what does not depend on the kind."""
    async with _clients(exchange, GrpcClient) as make:
        yield make


@asynccontextmanager
async def _clients(exchange: Exchange, kind: Callable[[str, Path], C]) -> AsyncIterator[Callable[[], C]]:
    """Make clients of a kind on demand, and close them all."""
    made: list[C] = []

    def make() -> C:
        made.append(kind(exchange.edge, exchange.ca))
        return made[-1]

    try:
        yield make
    finally:
        for client in made:
            await client.close()
