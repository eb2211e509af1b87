"""All parts of the local stack: the only place that knows each of them."""

from collections.abc import Collection
from pathlib import Path

from stack.kafka import Kafka
from stack.launcher import Stack
from stack.openbao import OpenBao
from stack.part import Part
from stack.postgres import Postgres
from stack.progress import Tell, in_silence
from stack.redis import Redis
from stack.registry import Registry
from stack.site import Site


def parts_of(site: Site) -> list[Part]:
    """Construct every part for one site."""
    return [Postgres(site), Redis(site), OpenBao(site), Kafka(site), Registry(site)]


def local_stack(data: Path, base_port: int, parts: Collection[str] | None = None, tell: Tell = in_silence) -> Stack:
    """Give the stack of one folder and base port, to be entered; all parts unless some are named."""
    site = Site(data.resolve(), base_port)
    known = parts_of(site)
    return Stack(site, known, [part.name for part in known] if parts is None else parts, tell)
