"""The engine's events come in here: follow, and follow again, for ever.

Orders' mirror of instruments needs none of this: it starts anew each time, where a book must go on without a hole.
"""

import structlog

from services.kernel.refusal import Refusal
from services.market_data.model.book import OutOfStep
from services.market_data.model.mirror import HistoryRegressed
from services.market_data.usecases.follow_engine import FollowEngine
from services.runtime.backoff import Backoff

_log = structlog.get_logger(__name__)


class Consumer:
    """Keeps one follower going."""

    def __init__(self, follow: FollowEngine, backoff: Backoff) -> None:
        self._follow = follow
        self._backoff = backoff

    async def run(self) -> None:
        """Follow the engine over any number of connections; does not end."""
        while True:
            await self._once()
            if self._follow.succeeded:
                self._backoff.reset()
            await self._backoff.pause()

    async def _once(self) -> None:
        try:
            await self._follow.once()
        except HistoryRegressed as error:
            _log.error("history_regressed", cause=str(error))
        except OutOfStep as error:
            _log.warning("out_of_step", cause=str(error))
        except (Refusal, TimeoutError) as error:
            _log.info("engine_lost", cause=str(error) or "silence")
