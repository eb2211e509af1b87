"""GetOrder and ListOrders over the history in memory."""

from dataclasses import replace

import pytest

from services.kernel.ids import AccountId, ClientOrderId, EngineSeq, OrderId
from services.kernel.page import InvalidPageToken, token_of
from services.kernel.refusal import Unavailable
from services.orders.errors import OrderNotFound
from services.orders.model.order import Order
from services.orders.model.words import OrderStatus
from services.orders.usecases.get_order import get_order
from services.orders.usecases.list_orders import Listing, Page, list_orders
from tests.fakes.engine import EngineFake
from tests.fakes.history_reading import Changes
from tests.fakes.orders import EnginePeerFake, HistoryFake
from tests.unit.orders.samples import ALICE, BOB, INSTRUMENT, open_market, order


class World:
    def __init__(self) -> None:
        self.engine = EngineFake()
        open_market(self.engine)
        self.peer = EnginePeerFake(self.engine)
        self.history = HistoryFake()
        self.write()

    def write(self, *orders: Order) -> None:
        """Let the history contain these orders, and all that the engine has done."""
        self.history.write(Changes([INSTRUMENT], orders, []), EngineSeq(self.engine.engine_seq))

    async def pages(self, listing: Listing) -> list[Page]:
        pages = [await list_orders(listing, self.peer, self.history)]
        while pages[-1].next_page_token:
            following = replace(listing, page_token=pages[-1].next_page_token)
            pages.append(await list_orders(following, self.peer, self.history))
        return pages


@pytest.fixture
def world() -> World:
    return World()


def listing(account_id: AccountId = ALICE, page_size: int = 0, page_token: str = "") -> Listing:
    return Listing(account_id, symbol=None, open_only=False, page_size=page_size, page_token=page_token)


def numbers(page: Page) -> list[int]:
    return [told.order.order_id for told in page.orders]


async def test_an_order_is_found_by_number_and_by_client_id(world: World) -> None:
    world.write(order(1), order(2))
    by_number = await get_order(ALICE, OrderId(1), world.peer, world.history)
    by_client_id = await get_order(ALICE, ClientOrderId("one"), world.peer, world.history)
    assert (by_number.order.order_id, by_client_id.order.order_id) == (1, 2)


async def test_not_found_is_said_only_when_the_history_is_complete(world: World) -> None:
    with pytest.raises(OrderNotFound):
        await get_order(ALICE, OrderId(1), world.peer, world.history)
    world.engine.blocks.append(world.engine.blocks[-1])  # one command more than the history has seen
    with pytest.raises(Unavailable, match="behind"):
        await get_order(ALICE, OrderId(1), world.peer, world.history)


async def test_without_the_engine_what_is_written_is_told_and_nothing_is_denied(world: World) -> None:
    world.write(order(1))
    world.peer.reachable = False
    assert (await get_order(ALICE, OrderId(1), world.peer, world.history)).order.order_id == 1
    with pytest.raises(Unavailable):
        await get_order(ALICE, OrderId(2), world.peer, world.history)


async def test_nobody_sees_the_order_of_another_account(world: World) -> None:
    world.write(order(1))
    with pytest.raises(OrderNotFound):
        await get_order(BOB, OrderId(1), world.peer, world.history)
    assert (await list_orders(listing(BOB), world.peer, world.history)).orders == []


async def test_pages_hold_every_order_once_newest_first(world: World) -> None:
    world.write(*map(order, range(1, 8)))
    assert [numbers(page) for page in await world.pages(listing(page_size=3))] == [[7, 6, 5], [4, 3, 2], [1]]
    assert [numbers(page) for page in await world.pages(listing(page_size=7))] == [[7, 6, 5, 4, 3, 2, 1]]


async def test_new_orders_do_not_shift_pages(world: World) -> None:
    world.write(*map(order, range(1, 5)))
    first = await list_orders(listing(page_size=2), world.peer, world.history)
    world.write(order(5), order(6))
    second = await list_orders(listing(page_size=2, page_token=first.next_page_token), world.peer, world.history)
    assert (numbers(first), numbers(second)) == ([4, 3], [2, 1])


async def test_a_hundred_orders_a_page_unless_asked(world: World) -> None:
    world.write(*map(order, range(1, 102)))
    assert [len(page.orders) for page in await world.pages(listing())] == [100, 1]


async def test_open_orders_of_one_instrument(world: World) -> None:
    world.write(order(1), order(2, status=OrderStatus.FILLED), order(3, status=OrderStatus.PARTIALLY_FILLED))
    opened = await list_orders(replace(listing(), open_only=True), world.peer, world.history)
    assert numbers(opened) == [3, 1]
    elsewhere = await list_orders(replace(listing(), symbol="ETH-KK99"), world.peer, world.history)
    assert numbers(elsewhere) == []


async def test_a_page_token_belongs_to_one_question(world: World) -> None:
    world.write(*map(order, range(1, 5)))
    token = (await list_orders(listing(page_size=2), world.peer, world.history)).next_page_token
    others = [
        replace(listing(), page_token="garbage"),
        replace(listing(), page_token=token_of("another question", (2,))),
        replace(listing(BOB), page_token=token),
        replace(listing(), open_only=True, page_token=token),
        replace(listing(), symbol="BTC-KK99", page_token=token),
    ]
    for other in others:
        with pytest.raises(InvalidPageToken):
            await list_orders(other, world.peer, world.history)
