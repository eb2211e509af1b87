"""Renders the edge's configuration from the contracts and lets Envoy itself judge it: `python mesh/verify_envoy.py`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from stack.envoy import DESCRIPTORS, PROGRAM, render
from stack.methods import edge_methods
from stack.site import DEFAULT_BASE_PORT, Site


def main() -> int:
    """Give Envoy's exit code: 0 if it would run with this configuration."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "edge.yaml"
        site = Site(Path(folder), DEFAULT_BASE_PORT)
        methods = edge_methods(DESCRIPTORS.read_bytes())
        for telemetry in (None, "http://localhost:4317"):
            configuration.write_text(render(site, methods, telemetry))
            command = [PROGRAM, "--mode", "validate", "--log-level", "error", "-c", configuration]
            code = subprocess.run(command, check=False).returncode  # noqa: S603 - the locked Envoy
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
