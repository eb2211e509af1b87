"""Our own processes: what each is told, and what it needs before it starts.

A setting `name` reaches its process as the environment variable EXCHANGE_NAME.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import asyncpg
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.runtime import migrate
from stack import kafka, openbao, redis, registry
from stack.authority import Identity, authority_of
from stack.failure import StackError
from stack.part import Command
from stack.ports import is_listening
from stack.postgres import dsn, ensure_database
from stack.site import ROOT, Site

OPERATOR = "operator"
"""The identity with which the launcher itself calls."""

HEALTH_TIMEOUT_S = 2.0
GRACE_S = 20.0

Setting = Callable[[Site], str]


@dataclass(frozen=True)
class ServiceSpec:
    """One of our processes."""

    name: str
    """Its port, its certificate and its log are called so too."""
    needs: tuple[str, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """What it is told beside what every process is told."""
    database: bool = False
    """True if it keeps tables in a database of its own, named as it is."""
    module: str = ""
    """What is run; `services.NAME` unless it says otherwise."""


ENGINE: Mapping[str, Setting] = {"engine_target": lambda site: site.address("engine")}
TOKENS: Mapping[str, Setting] = {"auth_target": lambda site: site.address("auth"), "redis_url": redis.url}
TOPICS: Mapping[str, Setting] = {"kafka_servers": kafka.bootstrap, "registry_url": registry.url}
VAULT: Mapping[str, Setting] = {
    "vault_url": openbao.url,
    "vault_role_id": lambda site: openbao.approle(site, "auth").role_id,
    "vault_secret_id": lambda site: openbao.approle(site, "auth").secret_id,
    "vault_signing_key": lambda _: openbao.SIGNING_KEY,
}

SERVICES = (
    ServiceSpec("engine", needs=(), settings={"data_folder": lambda site: str(site.folder("engine"))}),
    ServiceSpec(
        "auth",
        needs=("postgres", "redis", "openbao", "kafka", "registry"),
        settings={**ENGINE, **VAULT, **TOPICS, "redis_url": redis.url},
        database=True,
    ),
    ServiceSpec(
        "wallets",
        needs=("postgres", "redis", "auth", "engine"),
        settings={**ENGINE, **TOKENS, "sandbox": lambda _: "true"},
        database=True,
    ),
    ServiceSpec("orders", needs=("postgres", "redis", "auth", "engine"), settings={**ENGINE, **TOKENS}, database=True),
    ServiceSpec(
        "order_entry",
        needs=("redis", "auth", "engine"),
        settings={**ENGINE, **TOKENS},
        module="services.orders.entry",
    ),
    ServiceSpec("market_data", needs=("engine",), settings=ENGINE),
    ServiceSpec(
        "relay",
        needs=("engine", "kafka", "registry"),
        settings={**ENGINE, **TOPICS, "position_file": lambda site: str(site.folder("relay") / "position")},
        module="services.engine.relay",
    ),
)
"""Every process of ours; the edge leads to those that the contracts do not mark internal."""


class Service:
    """One of our processes, ready when its health says that all it needs answers."""

    def __init__(self, site: Site, spec: ServiceSpec) -> None:
        self.name = spec.name
        self.needs: tuple[str, ...] = ("certificates", *spec.needs)
        self._site = site
        self._spec = spec

    def ports(self) -> Mapping[str, int]:
        """Name the ports of its RPCs and of its metrics."""
        return {"RPCs": self._site.port(self.name), "metrics": self._site.metrics_port(self.name)}

    def prepare(self) -> None:
        """Make its database and bring the tables to what its migrations say."""
        if not self._spec.database:
            return
        database = ensure_database(self._site, self.name)
        try:
            asyncio.run(migrate.apply(database, migrate.folder_of(self.name)))
        except (migrate.MigrationError, asyncpg.PostgresError) as error:
            raise StackError(f"The database of {self.name} cannot be migrated: {error}") from error

    def command(self) -> Command:
        """Run its module with its settings in the environment."""
        module = self._spec.module or f"services.{self.name}"
        return Command((sys.executable, "-m", module), environment_of(self._site, self._spec), grace_s=GRACE_S)

    def ready(self) -> bool:
        """Tell whether its health is SERVING."""
        return is_listening(self._site.port(self.name)) and is_serving(self._site, self.name)

    def settle(self) -> None:
        """Do nothing: there is nothing to configure."""

    def describe(self) -> str:
        """Name its RPC address."""
        return self._site.address(self.name)


def environment_of(site: Site, spec: ServiceSpec) -> dict[str, str]:
    """Give everything that the process is told, as environment variables."""
    identity = authority_of(site).process(spec.name)
    settings = {
        "listen_port": str(site.port(spec.name)),
        "metrics_port": str(site.metrics_port(spec.name)),
        "tls_ca": str(identity.authority),
        "tls_cert": str(identity.certificate),
        "tls_key": str(identity.key),
        "callers_file": str(ROOT / "mesh" / "callers.yaml"),
        **{name: setting(site) for name, setting in spec.settings.items()},
    }
    if spec.database:
        settings["postgres_dsn"] = dsn(site, spec.name, site.secret(f"postgres-{spec.name}"), spec.name)
    return {
        "PYTHONPATH": f"{ROOT / 'gen' / 'python'}:{ROOT}",
        **{f"EXCHANGE_{name.upper()}": value for name, value in settings.items()},
    }


def is_serving(site: Site, process: str) -> bool:
    """Ask a process of ours for its health."""
    with grpc.secure_channel(site.address(process), credentials(authority_of(site).process(OPERATOR))) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=HEALTH_TIMEOUT_S)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def credentials(identity: Identity) -> grpc.ChannelCredentials:
    """Give what a client of the mesh shows."""
    return grpc.ssl_channel_credentials(
        identity.authority.read_bytes(), identity.key.read_bytes(), identity.certificate.read_bytes()
    )
