"""Whether the caller of a stream may still be served: tokens expire, and login sessions end, while it is open."""

from datetime import timedelta

from services.kernel.clock import Clock, ns_of
from services.runtime import call
from services.runtime.refusals import TokenExpired

ASK_AGAIN = timedelta(seconds=30)
"""How often a stream's token and login session are checked anew."""


class Standing:
    """Where one stream's caller stands; whoever serves the stream asks before each message, or each second."""

    def __init__(self, clock: Clock) -> None:
        """Begin with the call that is being served, which was just let in."""
        by = call.current()
        assert by is not None
        assert by.admit is not None
        self.expires_ns = call.caller().expires_ns
        self._admit = by.admit
        self._clock = clock
        self._ask_again_ns = clock.now_ns() + ns_of(ASK_AGAIN)

    async def require(self) -> None:
        """Raise `TokenExpired` from then on, and every ASK_AGAIN what refuses the token now."""
        now_ns = self._clock.now_ns()
        if now_ns >= self.expires_ns:
            raise TokenExpired("The token has expired; open the stream again with a new one.")
        if now_ns >= self._ask_again_ns:
            self._ask_again_ns = now_ns + ns_of(ASK_AGAIN)
            await self._admit()
