"""All parts of the local stack: the only place that knows each of them."""

from collections.abc import Collection
from pathlib import Path

from stack import envoy
from stack.authority import Certificates
from stack.demo_market import DemoMarket
from stack.envoy import Envoy
from stack.kafka import Kafka
from stack.launcher import Stack
from stack.listing import Listing
from stack.openbao import OpenBao
from stack.part import Part
from stack.postgres import Postgres
from stack.progress import Tell, in_silence
from stack.redis import Redis
from stack.registry import Registry
from stack.services import OPERATOR, SERVICES, Service
from stack.site import Site


def parts_of(site: Site, *, live: bool = False) -> list[Part]:
    """Construct every part for one site; `live` lets the demo market follow the real one."""
    services = [Service(site, spec) for spec in SERVICES]
    names = [service.name for service in services]
    return [
        Certificates(site, [*names, envoy.IDENTITY, OPERATOR]),
        Postgres(site),
        Redis(site),
        OpenBao(site),
        Kafka(site),
        Registry(site),
        *services,
        Envoy(site, needs=["certificates", *names]),
        Listing(site),
        DemoMarket(site, live=live),
    ]


def local_stack(
    data: Path,
    base_port: int,
    parts: Collection[str] | None = None,
    tell: Tell = in_silence,
    *,
    live: bool = False,
) -> Stack:
    """Give the stack of one folder and base port, to be entered; all parts unless some are named."""
    site = Site(data.resolve(), base_port)
    known = parts_of(site, live=live)
    return Stack(site, known, [part.name for part in known] if parts is None else parts, tell)
