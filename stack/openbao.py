"""OpenBao, which speaks Vault's API: signs access tokens with a key that never leaves it.

1. Sealed at each start, unsealed by the launcher with the key it keeps, readable by its owner only, in the data folder.
2. A service logs in with its AppRole and may do what POLICIES says, nothing else.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import hvac
import requests
from hvac.exceptions import VaultError

from stack.failure import StackError
from stack.part import Command
from stack.site import Site, required, write_private

PROGRAM = Path(sys.prefix) / "bin" / "bao"
SIGNING_KEY = "jwt"
ACTIVE_TIMEOUT_S = 30.0
REQUEST_TIMEOUT_S = 10
TOKEN_TTL = "1h"  # noqa: S105 - a duration, no password

CONFIGURATION = Template("""\
storage "raft" {
  path    = "$folder/raft"
  node_id = "local"
  performance_multiplier = 1
}
listener "tcp" {
  address     = "$address"
  tls_disable = true
}
audit "file" "requests" {
  options { file_path = "$folder/audit.log" }
}
api_addr      = "http://$address"
cluster_addr  = "http://$cluster_address"
disable_mlock = true
""")

POLICIES = {
    "auth": f"""
path "transit/sign/{SIGNING_KEY}" {{ capabilities = ["update"] }}
path "transit/keys/{SIGNING_KEY}" {{ capabilities = ["read"] }}
""",
}
"""What each service may do; a service that is absent has no AppRole."""


@dataclass(frozen=True)
class AppRole:
    """What one service logs in with."""

    role_id: str
    secret_id: str


class OpenBao:
    """The server process, initialised and unsealed."""

    name = "openbao"
    needs: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        self._site = site

    def ports(self) -> Mapping[str, int]:
        """Name the API and cluster ports."""
        return {"API": self._site.port("openbao"), "cluster": self._site.port("openbao_cluster")}

    def prepare(self) -> None:
        """Write the configuration."""
        required(PROGRAM, "OpenBao")
        folder = self._site.folder("openbao")
        (folder / "raft").mkdir(exist_ok=True)
        write_private(self._configuration(), self._render(folder))

    def _render(self, folder: Path) -> str:
        return CONFIGURATION.substitute(
            folder=folder, address=self._site.address("openbao"), cluster_address=self._site.address("openbao_cluster")
        )

    def command(self) -> Command:
        """Run the server on that configuration."""
        return Command((str(PROGRAM), "server", f"-config={self._configuration()}"))

    def ready(self) -> bool:
        """Tell whether it answers, sealed or not."""
        try:
            client(self._site).sys.is_initialized()
        except (requests.RequestException, VaultError):
            return False
        return True

    def settle(self) -> None:
        """Initialise at the first start, unseals, and brings keys, policies and AppRoles to what this file says."""
        root = client(self._site)
        keys = self._keys(root)
        root.sys.submit_unseal_key(keys["keys"][0])
        root.token = keys["root_token"]
        wait_until_active(root)
        ensure_signing_key(root)
        write_private(self._site.folder("openbao") / "approles.json", json.dumps(ensure_approles(root)))

    def _keys(self, root: Any) -> Any:
        path = self._site.folder("openbao") / "unseal.json"
        if not root.sys.is_initialized():
            write_private(path, json.dumps(root.sys.initialize(secret_shares=1, secret_threshold=1)))
        return json.loads(required(path, "The unseal key of OpenBao").read_text())

    def describe(self) -> str:
        """Name the API's address."""
        return url(self._site)

    def _configuration(self) -> Path:
        return self._site.folder("openbao") / "server.hcl"


def client(site: Site) -> Any:
    """Give a client without a token."""
    return hvac.Client(url=url(site), timeout=REQUEST_TIMEOUT_S)


def wait_until_active(root: Any) -> None:
    """Wait until the unsealed node has elected itself; raises StackError after ACTIVE_TIMEOUT_S."""
    deadline = time.monotonic() + ACTIVE_TIMEOUT_S
    while requests.get(f"{root.url}/v1/sys/health", timeout=REQUEST_TIMEOUT_S).status_code != requests.codes.ok:
        if time.monotonic() > deadline:
            raise StackError(f"openbao is unsealed but not active after {ACTIVE_TIMEOUT_S:.0f} s.")
        time.sleep(0.05)


def ensure_signing_key(root: Any) -> None:
    """Make the Ed25519 key that signs access tokens; it cannot be exported."""
    if "transit/" not in root.sys.list_mounted_secrets_engines()["data"]:
        root.sys.enable_secrets_engine("transit")
    root.secrets.transit.create_key(SIGNING_KEY, key_type="ed25519")


def ensure_approles(root: Any) -> dict[str, dict[str, str]]:
    """Write each policy and its AppRole, and gives a fresh secret id for each."""
    if "approle/" not in root.sys.list_auth_methods()["data"]:
        root.sys.enable_auth_method("approle")
    return {service: ensure_approle(root, service, policy) for service, policy in POLICIES.items()}


def ensure_approle(root: Any, service: str, policy: str) -> dict[str, str]:
    """Write one service's policy and AppRole; only this machine may log in with it."""
    root.sys.create_or_update_policy(service, policy)
    root.auth.approle.create_or_update_approle(
        service,
        token_policies=[service],
        token_ttl=TOKEN_TTL,
        secret_id_bound_cidrs=["127.0.0.1/32"],
        token_bound_cidrs=["127.0.0.1/32"],
    )
    return {
        "role_id": root.auth.approle.read_role_id(service)["data"]["role_id"],
        "secret_id": root.auth.approle.generate_secret_id(service)["data"]["secret_id"],
    }


def url(site: Site) -> str:
    """Give the API's address."""
    return f"http://{site.address('openbao')}"


def approle(site: Site, service: str) -> AppRole:
    """Give what a service named in POLICIES logs in with; openbao must have been ready once."""
    return AppRole(**json.loads((site.folder("openbao") / "approles.json").read_text())[service])
