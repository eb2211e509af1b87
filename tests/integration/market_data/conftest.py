"""market_data on a mesh, fed by a scripted engine over real connections."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.market_data.venues import MESH_CALLERS
from tests.integration.market_data.stage import Stage, stage
from tests.mesh import Mesh


@pytest.fixture
async def on_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Run engine and market_data, in step, with a client of the edge."""
    async with stage(Mesh(tmp_path, MESH_CALLERS)) as running:
        yield running
