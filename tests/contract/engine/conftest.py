"""The engine on a mesh, in the process of the test, with a market in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.engine.app import build
from services.engine.settings import EngineSettings
from services.runtime.run import Process, running
from tests.contract.engine.market import CALLERS, open_market
from tests.mesh import Mesh


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    """Give a mesh in which an operator, orders and wallets may call the engine."""
    folder = tmp_path / "mesh"
    folder.mkdir()
    return Mesh(folder, CALLERS)


@pytest.fixture
def settings(mesh: Mesh, tmp_path: Path) -> EngineSettings:
    """Give the settings of an engine in a folder of its own."""
    return EngineSettings(**mesh.process("engine"), data_folder=tmp_path / "engine", journal_segment_bytes=1 << 20)


@pytest.fixture
async def engine(mesh: Mesh, settings: EngineSettings) -> AsyncIterator[Process]:
    """Run the engine, with the instrument listed and both accounts funded."""
    async with running("engine", settings, build) as process:
        await open_market(mesh, process.server.port)
        yield process
