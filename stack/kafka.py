"""Apache Kafka, one node that is broker and KRaft controller: the topics that others read what happened from."""

import asyncio
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from stack.failure import StackError
from stack.java import java
from stack.part import Command
from stack.ports import is_listening
from stack.site import ROOT, TOOLS, Site, required

JARS = TOOLS / "kafka"
LOGGING = ROOT / "stack" / "kafka_log4j2.yaml"
HEAP = "-Xmx512m"
REQUEST_TIMEOUT_MS = 5_000

TOPICS = {
    "user-events": 4,
    "deposit-events": 4,
    "order-events": 8,
    "trade-events": 8,
    "market-data": 8,
    "risk-alerts": 4,
}
"""Every topic with its number of partitions, which never changes: keys would move to other partitions."""


class Kafka:
    """The broker process, with its topics."""

    name = "kafka"
    needs: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        self._site = site
        self._properties = site.data / "kafka" / "server.properties"

    def ports(self) -> Mapping[str, int]:
        """Name the ports of clients and of the controller quorum."""
        return {"clients": self._site.port("kafka"), "controller": self._site.port("kafka_controller")}

    def prepare(self) -> None:
        """Write the configuration, and format the storage at the first start."""
        required(JARS, "Apache Kafka")
        folder = self._site.folder("kafka")
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        if not (folder / "log" / "meta.properties").exists():
            self._format()

    def _settings(self) -> Mapping[str, str]:
        controller = self._site.address("kafka_controller")
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{self._site.address('kafka')},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self._site.address('kafka')}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._site.folder("kafka") / "log"),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "8",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "8",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "broker.session.timeout.ms": "4000",  # how long a killed broker keeps its successor waiting
            "broker.heartbeat.interval.ms": "500",
            "log.retention.hours": "168",
        }

    def _format(self) -> None:
        cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # One word, because an id may begin with a dash.
        arguments = ["format", f"--cluster-id={cluster_id}", "--config", str(self._properties)]
        done = subprocess.run(
            [*java("kafka_storage"), *self._program("kafka.tools.StorageTool"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"Kafka's storage could not be formatted: {done.stderr.strip().splitlines()[-1]}")

    def command(self) -> Command:
        """Run the broker; it needs some seconds to close its logs."""
        return Command((*java("kafka"), *self._program("kafka.Kafka"), str(self._properties)))

    def _program(self, main_class: str) -> tuple[str, ...]:
        return (HEAP, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{JARS}/*", main_class)

    def ready(self) -> bool:
        """Tell whether it answers a metadata request."""
        if not is_listening(self._site.port("kafka")):
            return False
        try:
            asyncio.run(topics_of(bootstrap(self._site)))
        except (KafkaError, OSError):
            return False
        return True

    def settle(self) -> None:
        """Make the topics that are not there."""
        asyncio.run(ensure_topics(bootstrap(self._site)))

    def describe(self) -> str:
        """Name host and port."""
        return bootstrap(self._site)


def bootstrap(site: Site) -> str:
    """Give the address that clients start from."""
    return site.address("kafka")


async def topics_of(servers: str) -> set[str]:
    """Give the names of all topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def ensure_topics(servers: str) -> None:
    """Make every topic of TOPICS that is not there."""
    missing = TOPICS.keys() - await topics_of(servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        await admin.create_topics(
            [NewTopic(name, num_partitions=TOPICS[name], replication_factor=1) for name in sorted(missing)]
        )
    finally:
        await admin.close()
