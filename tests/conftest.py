"""Every test may ask for the real servers; see `tests.servers`."""

pytest_plugins = ["tests.servers"]
