"""A stream's token is good for as long as it and its login session last, and is looked at no more than need be."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.kernel.clock import ManualClock, ns_of
from services.runtime import call
from services.runtime.call import Call, Caller
from services.runtime.refusals import SessionRevoked, TokenExpired
from services.runtime.standing import ASK_AGAIN, Standing
from tests.unit.runtime.test_authorization import caller_with

LIFE = 2 * ASK_AGAIN + timedelta(seconds=5)
MOMENT = timedelta(microseconds=1)


class Login:
    """A login session, and a stream that was opened with a token of it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.asked = 0
        self.ended = False
        caller = replace(caller_with("a:read"), expires_ns=self.clock.now_ns() + ns_of(LIFE))
        stream = Call("/Service/Method", "1", None, True, asyncio.Event(), "edge", "", caller=caller, admit=self._admit)
        call.begin(stream)
        self.standing = Standing(self.clock)

    async def _admit(self) -> Caller | None:
        self.asked += 1
        if self.ended:
            raise SessionRevoked("The session has ended; log in again.")
        return None


async def test_it_is_asked_again_once_in_a_while() -> None:
    login = Login()
    for passes, asked in ((ASK_AGAIN - MOMENT, 0), (MOMENT, 1), (ASK_AGAIN - MOMENT, 1), (MOMENT, 2)):
        login.clock.advance(passes)
        await login.standing.require()
        await login.standing.require()
        assert login.asked == asked


async def test_a_session_that_ended_refuses_when_it_is_asked() -> None:
    login = Login()
    login.ended = True
    await login.standing.require()
    login.clock.advance(ASK_AGAIN)
    with pytest.raises(SessionRevoked):
        await login.standing.require()


async def test_a_token_is_good_up_to_its_expiry() -> None:
    login = Login()
    login.clock.advance(LIFE - MOMENT)
    await login.standing.require()
    login.clock.advance(MOMENT)
    for _ in range(2):
        with pytest.raises(TokenExpired):
            await login.standing.require()
    assert login.asked == 1
