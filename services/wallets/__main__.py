"""Run wallets."""

from services.runtime.run import serve
from services.wallets.app import build
from services.wallets.settings import Settings

if __name__ == "__main__":
    serve("wallets", Settings, build)
