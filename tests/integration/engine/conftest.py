"""A mesh for the engine and its callers."""

from pathlib import Path

import pytest

from tests.contract.engine.market import CALLERS
from tests.mesh import Mesh


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    """Give a mesh in which an operator, orders and wallets may call the engine."""
    folder = tmp_path / "mesh"
    folder.mkdir()
    return Mesh(folder, CALLERS)
