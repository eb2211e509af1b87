"""Run the relay: `python -m services.engine.relay`."""

from services.engine.relay.app import build
from services.engine.relay.settings import RelaySettings
from services.runtime.run import serve

if __name__ == "__main__":
    serve("relay", RelaySettings, build)
