"""One question is under way at a time, and nobody is served by one that was asked before they came."""

import asyncio

import pytest

from services.kernel.ids import EngineSeq
from services.orders.peers import SharedQuestion
from services.orders.ports import Horizon


class Engine:
    """Answers the nth question with n, once it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.began: asyncio.Queue[int] = asyncio.Queue()
        self.let = asyncio.Semaphore(0)
        self.question = SharedQuestion(self.ask)

    async def ask(self) -> Horizon:
        self.asked += 1
        number = self.asked
        self.began.put_nowait(number)
        await self.let.acquire()
        return Horizon(EngineSeq(number), certain=True)


async def test_who_comes_later_is_not_served_by_a_question_under_way() -> None:
    engine = Engine()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = group.create_task(engine.question.answer())
        assert await engine.began.get() == 1
        later = [group.create_task(engine.question.answer()) for _ in range(10)]
        engine.let.release()
        assert await engine.began.get() == 2
        last = group.create_task(engine.question.answer())
        engine.let.release()
        engine.let.release()
    assert first.result().engine_seq == 1
    assert {each.result().engine_seq for each in later} == {2}
    assert last.result().engine_seq == 3


async def test_who_gives_up_leaves_the_question_to_the_next() -> None:
    engine = Engine()
    engine.let.release()
    await engine.question.answer()
    assert await engine.began.get() == 1
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        impatient = group.create_task(engine.question.answer())
        assert await engine.began.get() == 2
        patient = group.create_task(engine.question.answer())
        impatient.cancel()
        assert await engine.began.get() == 3
        engine.let.release()
    assert patient.result().engine_seq == 3


async def test_a_question_that_fails_is_asked_again() -> None:
    async def fail() -> Horizon:
        raise ConnectionError

    question = SharedQuestion(fail)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await question.answer()
