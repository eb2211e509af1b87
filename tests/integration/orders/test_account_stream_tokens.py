"""A private stream lasts no longer than the token and the login session that opened it."""

from datetime import timedelta

from services.kernel.clock import SystemClock, ns_of
from services.runtime.call import Caller
from services.runtime.standing import ASK_AGAIN
from tests.integration.orders.subscriber import Subscriber
from tests.integration.orders.venue import Venue
from tests.unit.orders.samples import ALICE, BOB

A_DAY = timedelta(days=1)


class SteppedClock(SystemClock):
    """The system's clock, set forth by hand."""

    ahead_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.ahead_ns


async def test_a_login_session_that_ends_takes_its_streams_with_it_and_no_others(venue: Venue) -> None:
    clock, ended = SteppedClock(), set()

    async def is_live(caller: Caller) -> bool:
        return caller.account_id not in ended

    async with venue.orders(clock=clock, session_is_live=is_live) as orders:
        alice, bob = Subscriber(ALICE), Subscriber(BOB)
        async with alice.stream(orders, resume=False) as hers, bob.stream(orders, resume=False) as his:
            await hers.snapshot()
            await his.snapshot()
            ended.add(ALICE)
            await hers.next()  # not asked each time
            clock.ahead_ns = ns_of(ASK_AGAIN)
            refusal = await hers.end()
            assert (refusal.reason, alice.refusals) == ("SESSION_REVOKED", [])
            heartbeats = bob.heartbeats
            await his.next()
            assert bob.heartbeats > heartbeats


async def test_a_token_that_expires_ends_its_streams(venue: Venue) -> None:
    clock = SteppedClock()
    async with venue.orders(clock=clock) as orders, Subscriber().stream(orders, resume=False) as stream:
        await stream.snapshot()
        clock.ahead_ns = ns_of(A_DAY)
        assert (await stream.end()).reason == "TOKEN_EXPIRED"
