"""The private stream through the edge: gRPC and grpc-web follow the same account, and find their way back."""

from contextlib import aclosing

import pytest

from tests.e2e.clients import Client, Json, Refused
from tests.e2e.conftest import NewClient
from tests.e2e.trader import Trader

INSTRUMENT = "SOL-KK99"
STREAM = "orders.OrdersService/StreamAccount"


@pytest.fixture(params=["grpc", "web"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Account:
    """What a client knows of its account; it believes nothing that the numbers do not prove."""

    def __init__(self) -> None:
        self.epoch = 0
        self.seq = 0
        self.events: list[Json] = []

    def take(self, message: Json) -> str:
        """Take in a message, and return its kind."""
        kinds = ("snapshot_begin", "snapshot_part", "snapshot_end", "events", "heartbeat")
        kind = next(name for name in kinds if name in message)
        if kind == "snapshot_begin":
            self.epoch, self.seq = message["epoch"], int(message["account_seq"])
        for event in message.get("events", {}).get("events", []):
            assert int(event["account_seq"]) == self.seq + 1
            self.seq += 1
            self.events.append(event)
        assert (message["epoch"], int(message["account_seq"])) == (self.epoch, self.seq)
        return kind

    async def follow(self, client: Client, request: Json, until: str) -> list[str]:
        """Read until an event of that kind, or a message of that kind, has come."""
        kinds: list[str] = []
        async with aclosing(client.stream(STREAM, request)) as messages:  # type: ignore[type-var]
            while until not in kinds and not any(until in event for event in self.events):
                kinds.append(self.take(await anext(messages)))
        return kinds


async def test_an_account_is_followed_from_a_snapshot_and_resumed(new_client: NewClient) -> None:
    trader = await Trader(new_client()).join(KK99="1000")
    account = Account()
    kinds = await account.follow(trader.client, {}, "heartbeat")
    assert kinds == ["snapshot_begin", "snapshot_part", "snapshot_end", "heartbeat"]
    placed = await trader.place(INSTRUMENT, "BUY", "2.000", "19.00")
    resume = {"resume": {"epoch": account.epoch, "account_seq": str(account.seq)}}
    kinds = await account.follow(trader.client, resume, "order_update")
    assert kinds[0] == "heartbeat"
    (update,) = [event["order_update"] for event in account.events if "order_update" in event]
    assert (update["cause"], update["order"]) == ("ORDER_UPDATE_CAUSE_ACCEPTED", placed["order"])
    await trader.cancel(placed["order"]["order_id"])
    life = Account()
    life.epoch = account.epoch
    await life.follow(trader.client, {"resume": {"epoch": account.epoch, "account_seq": "0"}}, "order_update")
    first = int(account.events[0]["account_seq"])
    assert life.events[first - 1 : account.seq] == account.events


async def test_nobody_follows_without_a_token(new_client: NewClient) -> None:
    with pytest.raises(Refused) as refused:
        await Account().follow(new_client(), {}, "heartbeat")
    assert refused.value.code == "UNAUTHENTICATED"
