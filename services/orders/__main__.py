"""Run orders."""

from services.orders.app import build
from services.orders.settings import Settings
from services.runtime.run import serve

if __name__ == "__main__":
    serve("orders", Settings, build)
