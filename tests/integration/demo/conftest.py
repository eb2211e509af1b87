"""The exchange in memory, behind TLS, for the demo's own tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from stack.authority import WEBSITE, authority_of
from stack.demo.edge import open_channel
from stack.demo.instruments import INSTRUMENTS
from stack.site import Site
from tests.fakes.exchange import FakeExchange


@dataclass(frozen=True)
class Edge:
    """A running exchange, and how to reach it."""

    exchange: FakeExchange
    address: str
    ca_file: Path
    channel: grpc.aio.Channel


@pytest.fixture
def exchange(tmp_path: Path) -> FakeExchange:
    identity = authority_of(Site(tmp_path, 0)).website(WEBSITE)
    return FakeExchange(identity, {each.symbol: (each.price_scale, each.quantity_scale) for each in INSTRUMENTS})


@pytest.fixture
async def edge(exchange: FakeExchange, tmp_path: Path) -> AsyncIterator[Edge]:
    ca_file = authority_of(Site(tmp_path, 0)).certificate
    async with exchange.running() as address, open_channel(address, ca_file) as channel:
        yield Edge(exchange, address, ca_file, channel)
