"""Run order entry: `python -m services.orders.entry`."""

from services.orders.entry.app import build
from services.orders.entry.settings import EntrySettings
from services.runtime.run import serve

if __name__ == "__main__":
    serve("order_entry", EntrySettings, build)
