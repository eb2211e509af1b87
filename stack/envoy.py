"""Envoy, the edge: TLS, tokens, translation of REST and grpc-web, and the way to each service."""

import json
import os
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import requests

from stack import edge_refusals, routes
from stack.authority import WEBSITE, authority_of
from stack.methods import Method, edge_methods
from stack.part import Command
from stack.ports import is_listening
from stack.site import ROOT, Site, required, write_private

PROGRAM = Path(sysconfig.get_path("purelib"), "envoy", "_bin", "envoy")
TEMPLATE = ROOT / "mesh" / "envoy.yaml"
PAGES = ROOT / "mesh" / "landing"
DESCRIPTORS = ROOT / "gen" / "contracts.binpb"
IDENTITY = "edge"
TELEMETRY_VARIABLE = "EXCHANGE_OTLP_ENDPOINT"
REQUEST_TIMEOUT_S = 5


class Envoy:
    """The edge process, started behind the services it leads to."""

    name = "envoy"

    def __init__(self, site: Site, needs: Sequence[str]) -> None:
        self.needs: tuple[str, ...] = tuple(needs)
        self._site = site
        self._configuration = site.data / "envoy" / "edge.yaml"

    def ports(self) -> Mapping[str, int]:
        """Name the ports of clients and of Envoy's own administration."""
        return {"clients": self._site.port("edge"), "administration": self._site.port("edge_admin")}

    def prepare(self) -> None:
        """Write the configuration that the contracts ask for."""
        required(PROGRAM, "Envoy")
        self._site.folder("envoy")
        methods = edge_methods(required(DESCRIPTORS, "The descriptor set of the contracts").read_bytes())
        write_private(self._configuration, render(self._site, methods, os.environ.get(TELEMETRY_VARIABLE)))

    def command(self) -> Command:
        """Run on one core; without hot restart, which shares memory between instances."""
        options = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "warning")
        return Command((str(PROGRAM), "-c", str(self._configuration), *options))

    def ready(self) -> bool:
        """Tell whether the landing page comes over TLS, which it does once each service was asked for its health."""
        if not is_listening(self._site.port("edge")):
            return False
        try:
            return requests.get(url(self._site), verify=trust(self._site), timeout=REQUEST_TIMEOUT_S).ok
        except requests.RequestException:
            return False

    def settle(self) -> None:
        """Do nothing: there is nothing to configure."""

    def describe(self) -> str:
        """Name the address for all three kinds of clients."""
        return url(self._site)


def render(site: Site, methods: Sequence[Method], telemetry: str | None = None) -> str:
    """Give Envoy's configuration for these methods; traces go to `telemetry`, a URL, if there is one."""
    website = authority_of(site).website(WEBSITE)
    values = {
        "port": site.port("edge"),
        "admin_port": site.port("edge_admin"),
        "website_certificate": str(website.certificate),
        "website_key": str(website.key),
        "descriptors": str(DESCRIPTORS),
        "max_request_bytes": routes.MAX_REQUEST_BYTES,
        "services": sorted({method.service for method in methods}),
        "refusals": edge_refusals.mappers(),
        "routes": routes.routes(methods, PAGES),
        "token_rules": routes.token_rules(methods),
        "clusters": clusters(site, methods, telemetry),
        "tracing": routes.tracing() if telemetry else None,
    }
    return Template(TEMPLATE.read_text()).substitute({name: json.dumps(value) for name, value in values.items()})


def clusters(site: Site, methods: Sequence[Method], telemetry: str | None) -> list[routes.Config]:
    """Give every upstream: the services, the edge itself, and the collector of traces."""
    identity = authority_of(site).process(IDENTITY)
    processes = sorted({method.process for method in methods})
    services = [routes.service_cluster(process, site.port(process), identity) for process in processes]
    itself = routes.self_cluster(site.port("edge"), identity.authority)
    if not telemetry:
        return [*services, itself]
    collector = urlsplit(telemetry)
    return [*services, itself, routes.telemetry_cluster(collector.hostname or "", collector.port or 4317)]


def url(site: Site) -> str:
    """Give the edge's address."""
    return f"https://localhost:{site.port('edge')}"


def trust(site: Site) -> str:
    """Give the path of the authority's certificate, with which the edge is verified."""
    return str(authority_of(site).certificate)
