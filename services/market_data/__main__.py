"""Run market_data."""

from services.market_data.app import build
from services.market_data.settings import Settings
from services.runtime.run import serve

if __name__ == "__main__":
    serve("market_data", Settings, build)
