"""Fixtures that give tests the real servers.

One stack serves a whole test session, on ports and a folder of its own; a server starts when a test asks for it.
`postgres` and `redis_url` are fresh for each test; the others are shared: tests use names of their own there.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from stack import envoy, openbao, postgres, registry
from stack import kafka as kafka_server
from stack import redis as redis_server
from stack.authority import authority_of
from stack.inventory import local_stack
from stack.launcher import Stack
from stack.openbao import AppRole
from stack.ports import free_base_port


class Vault:
    """OpenBao of the test session: its address, and what each service logs in with."""

    def __init__(self, stack: Stack) -> None:
        self._site = stack.site
        self.url = openbao.url(stack.site)

    def approle(self, service: str) -> AppRole:
        """Give the AppRole of a service that has one."""
        return openbao.approle(self._site, service)


@dataclass(frozen=True)
class Exchange:
    """The whole exchange of the test session, its instruments listed and nothing traded by the demo."""

    stack: Stack
    """To kill and restart processes by name; call it from the main thread."""
    address: str
    """Host and port of the edge: gRPC, grpc-web and REST over TLS."""
    authority: Path
    """Certificate that clients verify the edge with; the name in the edge's certificate is localhost."""

    @property
    def url(self) -> str:
        """Give the edge's address for REST and grpc-web."""
        return envoy.url(self.stack.site)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give the session's stack with nothing started yet; `stack.start`, `stack.kill` and `stack.restart` take names."""
    with local_stack(tmp_path_factory.mktemp("stack"), free_base_port(), parts=()) as running:
        yield running


@pytest.fixture(name="postgres")
def postgres_database(stack: Stack) -> Iterator[str]:
    """Give the DSN of an empty database that exists for one test, with its owner's login."""
    stack.start("postgres")
    name = f"test_{secrets.token_hex(6)}"
    yield postgres.ensure_database(stack.site, name)
    postgres.drop_database(stack.site, name)


@pytest.fixture
def redis_url(stack: Stack) -> str:
    """Give the URL of an empty Redis."""
    stack.start("redis")
    url = redis_server.url(stack.site)
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture(scope="session")
def vault(stack: Stack) -> Vault:
    """Give OpenBao, unsealed, with the signing key and the AppRoles of the services."""
    stack.start("openbao")
    return Vault(stack)


@pytest.fixture(scope="session")
def kafka(stack: Stack) -> str:
    """Give the address that Kafka clients start from; the exchange's topics exist."""
    stack.start("kafka")
    return kafka_server.bootstrap(stack.site)


@pytest.fixture(scope="session")
def schema_registry(stack: Stack) -> str:
    """Give the address of the schema registry's Confluent-compatible API."""
    stack.start("registry")
    return registry.url(stack.site)


@pytest.fixture(scope="session")
def exchange(stack: Stack) -> Exchange:
    """Give every service behind the edge."""
    stack.start("envoy", "instruments", "relay")
    return Exchange(stack, stack.site.address("edge"), authority_of(stack.site).certificate)
