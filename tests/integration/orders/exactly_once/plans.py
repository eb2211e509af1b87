"""What the client of each run asks for, made from the seed: the same each time."""

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from exchange.orders.v1 import order_entry_service_pb2 as pb
from exchange.orders.v1 import orders_service_pb2 as calls
from exchange.type.v1 import order_pb2 as t
from services.kernel.ids import AccountId
from tests.integration.orders.exactly_once.points import HALF_BYTES, SEEN_BY_GATEWAY, Kind, Point
from tests.unit.orders.samples import ALICE, BOB

SEED = int(os.environ.get("EXCHANGE_EXACTLY_ONCE_SEED", "1"))
ORDERS_EACH = 5
MESSAGES_EACH = 4
ITEMS_EACH = 5
MANY = 320
LONGEST_NAME = 36
INSTRUMENT = "BTC-KK99"
TOO_MUCH = "99999"
"""A quantity that nobody can pay, so that its order is refused."""

OFF, SESSION = t.DISCONNECT_SCOPE_OFF, t.DISCONNECT_SCOPE_SESSION
HEARTBEAT_TIMEOUT_MS = 60_000
PATIENCES_S = (0.001, 0.003, 0.01)
GRACE_MS = 60_000
"""Longer than any client of this test is away."""


@dataclass(frozen=True)
class Request:
    """What goes on its way as one: a message of a stream, or a call for its only item."""

    account: AccountId
    batch: pb.OrderBatch
    """Its number is its own within the run."""


@dataclass(frozen=True)
class Plan:
    """One run."""

    number: int
    point: Point
    kind: Kind
    requests: Sequence[Request]
    scope: t.DisconnectScope.ValueType
    grace_ms: int
    patience_s: float
    """How long a client waits that gives up: not long enough, as a rule."""

    @property
    def session(self) -> Mapping[str, Any]:
        """Return the session of this run, which each stream of an account opens or takes over, as keywords."""
        return {
            "session_id": str(self.number + 1),
            "scope": self.scope,
            "grace_ms": self.grace_ms,
            "heartbeat_timeout_ms": HEARTBEAT_TIMEOUT_MS,
        }

    @property
    def may_lose_orders(self) -> bool:
        """Tell whether a stream that breaks may take its orders with it before its client is back."""
        return self.kind is Kind.STREAM and self.scope == SESSION and self.grace_ms == 0

    @property
    def loses_orders(self) -> bool:
        """Tell whether it surely does, as there are gateway and engine to see to it."""
        return self.may_lose_orders and self.point in SEEN_BY_GATEWAY


def plan_of(number: int, point: Point, kind: Kind) -> Plan:
    """Make a run; orders rest or trade, and some are refused."""
    chance = random.Random(f"{SEED}-{number}")  # noqa: S311 - the same orders each time
    scope, grace_ms = chance.choice(((OFF, 0), (SESSION, GRACE_MS), (SESSION, 0)))
    items = _Items(number, chance)
    if kind is Kind.CALLS:
        batches = [(chance.choice((ALICE, BOB)), [items.order()]) for _ in range(chance.randint(2, ORDERS_EACH))]
    else:
        batches = list(_messages(items, chance, long=point is Point.MESSAGE_HALVED))
    requests = [
        Request(account, _batch(place, of, chance) if kind is Kind.STREAM else _alone(place, of))
        for place, (account, of) in enumerate(batches)
    ]
    return Plan(number, point, kind, requests, scope, grace_ms, chance.choice(PATIENCES_S))


def firsts(plan: Plan) -> list[Request]:
    """Return the first request of each account."""
    return list({each.account: each for each in reversed(plan.requests)}.values())


def _messages(items: "_Items", chance: random.Random, *, long: bool) -> Iterator[tuple[AccountId, list[pb.OrderItem]]]:
    accounts = chance.sample((ALICE, BOB), chance.randint(1, 2))
    for account in accounts:
        items.begin()
        for _ in range(chance.randint(2, MESSAGES_EACH)):
            yield account, items.mixed(chance.randint(1, ITEMS_EACH))
        if long and account is accounts[0]:
            yield account, items.many()
            yield account, [items.mass_cancel()]


def _alone(number: int, items: Sequence[pb.OrderItem]) -> pb.OrderBatch:
    return pb.OrderBatch(correlation_id=number + 1, items=items)


def _batch(number: int, items: Sequence[pb.OrderItem], chance: random.Random) -> pb.OrderBatch:
    """Let the items stand together, sometimes, if they are few, enter orders alone, and none of them is refused."""
    may = len(items) <= ITEMS_EACH and all(each.HasField("place_order") for each in items)
    together = may and all(each.place_order.quantity != TOO_MUCH for each in items) and chance.choice((True, False))
    return pb.OrderBatch(
        correlation_id=number + 1,
        items=items,
        acceptance=pb.ACCEPTANCE_ALL_OR_NONE if together else pb.ACCEPTANCE_EACH,
        response_mode=chance.choice((pb.RESPONSE_MODE_FULL, pb.RESPONSE_MODE_RESULT, pb.RESPONSE_MODE_ACK)),
    )


class _Items:
    """Makes items with ids that no other has."""

    def __init__(self, run: int, chance: random.Random) -> None:
        self._run = run
        self._chance = chance
        self._names = (f"{run}-{n}" for n in count())
        self._entered: list[str] = []

    def begin(self) -> None:
        """Go on with another account, which may not touch the orders of the one before."""
        self._entered.clear()

    def mixed(self, length: int) -> list[pb.OrderItem]:
        """Make items of all kinds, orders before all."""
        makers: list[Callable[[], pb.OrderItem]] = [self.order] * 4
        makers += [self.refused, self.amend, self.amend, self.cancel, self.mass_cancel]
        return [self._chance.choice(makers if self._entered else makers[:1])() for _ in range(length)]

    def many(self) -> list[pb.OrderItem]:
        """Make orders that rest, as many as a message of more than HALF_BYTES holds, and a good deal more."""
        made = [
            self.order(
                client_order_id=next(self._names).rjust(LONGEST_NAME, "-"),
                price="50",
                side=t.SIDE_BUY,
                time_in_force=t.TIME_IN_FORCE_GTC,
            )
            for _ in range(MANY)
        ]
        assert sum(each.ByteSize() for each in made) > HALF_BYTES * 6 // 5
        return made

    def order(self, **changes: Any) -> pb.OrderItem:
        fields: dict[str, Any] = {
            "client_order_id": next(self._names),
            "instrument": INSTRUMENT,
            "side": self._chance.choice((t.SIDE_BUY, t.SIDE_SELL)),
            "type": t.ORDER_TYPE_LIMIT,
            "time_in_force": self._chance.choice((t.TIME_IN_FORCE_GTC, t.TIME_IN_FORCE_IOC)),
            "price": self._price(),
            "quantity": "0.02",
            "tag": self._run,
        }
        request = calls.PlaceOrderRequest(**fields | changes)
        self._entered.append(request.client_order_id)
        return pb.OrderItem(place_order=request)

    def refused(self) -> pb.OrderItem:
        return self.order(quantity=TOO_MUCH)

    def amend(self) -> pb.OrderItem:
        change: dict[str, Any] = self._chance.choice(
            ({"price": self._price()}, {"quantity": "0.03"}, {"quantity": "0.01"})
        )
        request = calls.AmendOrderRequest(
            client_order_id=self._chance.choice(self._entered),
            instrument=INSTRUMENT,
            request_id=next(self._names),
            **change,
        )
        return pb.OrderItem(amend_order=request)

    def cancel(self) -> pb.OrderItem:
        target = self._chance.choice(self._entered)
        return pb.OrderItem(cancel_order=calls.CancelOrderRequest(client_order_id=target, request_id=next(self._names)))

    def mass_cancel(self) -> pb.OrderItem:
        """Cancel what this run entered, or all that the account has."""
        which = self._chance.choice(({"tag": self._run}, {"instrument": INSTRUMENT}))
        return pb.OrderItem(mass_cancel=calls.MassCancelRequest(request_id=next(self._names), **which))

    def _price(self) -> str:
        return f"100.{self._chance.randrange(10):02}"
