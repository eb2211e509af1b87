"""Where it breaks, along the way of a request and back, and by which kind of client."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import TypeAlias

from tests.integration.orders.exactly_once.link import Fault, Link, Way
from tests.integration.orders.exactly_once.world import Gateway, World

HALF_BYTES = 18_000
"""More than the protocol packs into one frame, so that the first part of a message that is halved here is read."""


class Kind(Enum):
    """How a client sends its requests."""

    CALLS = "calls"
    STREAM = "stream"

    def gateway(self, world: World) -> Gateway:
        """Give the gateway that serves it."""
        return world.orders if self is Kind.CALLS else world.entry


class Point(Enum):
    """Where it breaks."""

    CLIENT_GIVES_UP = auto()
    CLIENT_LOST_AFTER_REQUEST = auto()
    EDGE_KILLED_WITH_REQUEST = auto()
    REQUEST_LOST = auto()
    REQUEST_CUT_OFF = auto()
    GATEWAY_KILLED_WITH_REQUEST = auto()
    COMMAND_LOST = auto()
    COMMAND_CUT_OFF = auto()
    GATEWAY_KILLED_AFTER_COMMAND = auto()
    ENGINE_KILLED_WITH_COMMAND = auto()
    ENGINE_KILLED_WITH_RESULT = auto()
    RESULT_LOST = auto()
    GATEWAY_KILLED_WITH_RESULT = auto()
    ANSWER_LOST = auto()
    ANSWER_HANGS = auto()
    ANSWER_LOST_AT_LAST = auto()
    SESSION_UNANSWERED = auto()
    MESSAGE_HALVED = auto()
    LATER_MESSAGE_LOST = auto()
    GATEWAY_KILLED_WITH_LATER_RESULT = auto()


OF_STREAMS = {
    Point.SESSION_UNANSWERED,
    Point.MESSAGE_HALVED,
    Point.LATER_MESSAGE_LOST,
    Point.GATEWAY_KILLED_WITH_LATER_RESULT,
}
"""Calls have no session, no message as long as this, and no order of their own."""

LATER = {Point.LATER_MESSAGE_LOST, Point.GATEWAY_KILLED_WITH_LATER_RESULT}
"""The first message of each account is answered before it breaks."""

SEEN_BY_GATEWAY = {
    Point.CLIENT_GIVES_UP,
    Point.CLIENT_LOST_AFTER_REQUEST,
    Point.EDGE_KILLED_WITH_REQUEST,
    Point.REQUEST_LOST,
    Point.REQUEST_CUT_OFF,
    Point.COMMAND_LOST,
    Point.COMMAND_CUT_OFF,
    Point.RESULT_LOST,
    Point.ANSWER_LOST,
    Point.ANSWER_HANGS,
    Point.ANSWER_LOST_AT_LAST,
    Point.SESSION_UNANSWERED,
    Point.MESSAGE_HALVED,
    Point.LATER_MESSAGE_LOST,
}
"""The gateway lives to see that a stream has ended, and the engine to be told, as soon as there is a line to it."""

Turn: TypeAlias = tuple[Point, Kind]

TURNS: tuple[Turn, ...] = (
    *((point, Kind.CALLS) for point in Point if point not in OF_STREAMS),
    *((point, Kind.STREAM) for point in Point),
)
"""Each point with each kind of client that comes by it."""


def broken_at(point: Point, kind: Kind, world: World) -> tuple[Link, Fault] | None:
    """Return the line on which it happens, and what; None if the client needs no help to fail."""
    gateway = kind.gateway(world)
    for link, faults in (
        (world.outer, _outside(world)),
        (gateway.front, _before(gateway)),
        (gateway.back, _behind(gateway, world)),
    ):
        if point in faults:
            return link, faults[point]
    return None


def _outside(world: World) -> Mapping[Point, Fault]:
    return {
        Point.CLIENT_LOST_AFTER_REQUEST: Fault(Way.FORTH, delivered=True),
        Point.EDGE_KILLED_WITH_REQUEST: Fault(Way.FORTH, delivered=True, then=world.edge.kill),
        Point.MESSAGE_HALVED: Fault(Way.FORTH, delivered=False, halved_after_bytes=HALF_BYTES),
        Point.ANSWER_LOST_AT_LAST: Fault(Way.BACK, delivered=False),
    }


def _before(gateway: Gateway) -> Mapping[Point, Fault]:
    return {
        Point.REQUEST_LOST: Fault(Way.FORTH, delivered=False),
        Point.REQUEST_CUT_OFF: Fault(Way.FORTH, delivered=True),
        Point.GATEWAY_KILLED_WITH_REQUEST: Fault(Way.FORTH, delivered=True, then=gateway.server.kill),
        Point.ANSWER_LOST: Fault(Way.BACK, delivered=False),
        Point.ANSWER_HANGS: Fault(Way.BACK, delivered=False, hangs=True),
        Point.SESSION_UNANSWERED: Fault(Way.BACK, delivered=False),
        Point.LATER_MESSAGE_LOST: Fault(Way.FORTH, delivered=False),
    }


def _behind(gateway: Gateway, world: World) -> Mapping[Point, Fault]:
    kill_gateway, kill_engine = gateway.server.kill, world.engine.kill
    return {
        Point.COMMAND_LOST: Fault(Way.FORTH, delivered=False),
        Point.COMMAND_CUT_OFF: Fault(Way.FORTH, delivered=True),
        Point.GATEWAY_KILLED_AFTER_COMMAND: Fault(Way.FORTH, delivered=True, then=kill_gateway),
        Point.ENGINE_KILLED_WITH_COMMAND: Fault(Way.FORTH, delivered=True, then=kill_engine),
        Point.ENGINE_KILLED_WITH_RESULT: Fault(Way.BACK, delivered=False, then=kill_engine),
        Point.RESULT_LOST: Fault(Way.BACK, delivered=False),
        Point.GATEWAY_KILLED_WITH_RESULT: Fault(Way.BACK, delivered=True, then=kill_gateway),
        Point.GATEWAY_KILLED_WITH_LATER_RESULT: Fault(Way.BACK, delivered=True, then=kill_gateway),
    }
