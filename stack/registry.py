"""Apicurio Registry 3: the schemas of Kafka's values, behind the API that Confluent's clients speak.

Schemas and their ids live in the stack's PostgreSQL, so an id once written into a record keeps its meaning.
"""

from collections.abc import Mapping

import requests

from stack.java import java
from stack.part import Command
from stack.postgres import ensure_database
from stack.site import TOOLS, Site, required

PROGRAM = TOOLS / "registry" / "quarkus-run.jar"
DATABASE = "registry"
HEAP = "-Xmx384m"
CONNECTIONS = 8
OUTLIVE_DATABASE = "-Dquarkus.datasource.postgresql.jdbc.validate-on-borrow=true"
"""Connections are tried before use: those to a PostgreSQL that was restarted are dead."""
REQUEST_TIMEOUT_S = 10


class Registry:
    """The registry process."""

    name = "registry"
    needs: tuple[str, ...] = ("postgres",)

    def __init__(self, site: Site) -> None:
        self._site = site

    def ports(self) -> Mapping[str, int]:
        """Name the ports of the API and of its own health and metrics."""
        return {"API": self._site.port("registry"), "management": self._site.port("registry_management")}

    def prepare(self) -> None:
        """Make the registry's database at the first start."""
        required(PROGRAM, "Apicurio Registry")
        ensure_database(self._site, DATABASE)

    def command(self) -> Command:
        """Run the registry on its own database; its options are environment variables."""
        environment = {
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(self._site.port("registry")),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
            "QUARKUS_MANAGEMENT_PORT": str(self._site.port("registry_management")),
            "APICURIO_STORAGE_KIND": "sql",
            "APICURIO_STORAGE_SQL_KIND": "postgresql",
            "APICURIO_DATASOURCE_URL": f"jdbc:postgresql://{self._site.address('postgres')}/{DATABASE}",
            "APICURIO_DATASOURCE_USERNAME": DATABASE,
            "APICURIO_DATASOURCE_PASSWORD": self._site.secret(f"postgres-{DATABASE}"),
            "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "1",
            "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "1",
            "APICURIO_DATASOURCE_JDBC_MAX_SIZE": str(CONNECTIONS),
        }
        return Command((*java("registry", HEAP), OUTLIVE_DATABASE, "-jar", str(PROGRAM)), environment)

    def ready(self) -> bool:
        """Tell whether it lists its subjects, which asks its database."""
        try:
            return requests.get(f"{url(self._site)}/subjects", timeout=REQUEST_TIMEOUT_S).ok
        except requests.RequestException:
            return False

    def settle(self) -> None:
        """Refuse, from the first schema on, any change that would break readers of older records."""
        answer = requests.put(
            f"{url(self._site)}/config", json={"compatibility": "BACKWARD"}, timeout=REQUEST_TIMEOUT_S
        )
        answer.raise_for_status()

    def describe(self) -> str:
        """Name the API's address."""
        return url(self._site)


def url(site: Site) -> str:
    """Give the address of the Confluent-compatible API."""
    return f"http://{site.address('registry')}/apis/ccompat/v7"
