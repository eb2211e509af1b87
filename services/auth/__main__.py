"""Runs auth: `python -m services.auth`, with its settings in the environment."""

from services.auth.app import build
from services.auth.settings import Settings
from services.runtime.run import serve

if __name__ == "__main__":
    serve("auth", Settings, build)
