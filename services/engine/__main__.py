"""Run the engine: `python -m services.engine`."""

from services.engine.app import build
from services.engine.settings import EngineSettings
from services.runtime.run import serve

if __name__ == "__main__":
    serve("engine", EngineSettings, build)
