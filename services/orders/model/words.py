"""The words of orders.

Numbers of the enums are those of the contract (`exchange.type.v1`); a test holds them equal.
"""

from enum import IntEnum


class Side(IntEnum):
    """Which way an order trades."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """How an order's price is bound."""

    LIMIT = 1
    MARKET = 2
    STOP = 3
    STOP_LIMIT = 4
    TAKE_PROFIT = 5
    TAKE_PROFIT_LIMIT = 6
    TRAILING_STOP = 7
    PEGGED = 8
    TWAP = 9

    @property
    def has_limit(self) -> bool:
        """Tell whether a limit price binds it always; a TWAP may have one."""
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.PEGGED)


class TimeInForce(IntEnum):
    """How long an order stays."""

    GTC = 1
    IOC = 2
    FOK = 3
    DAY = 4
    GTD = 5
    AT_OPEN = 6
    AT_CLOSE = 7


class SelfTradePrevention(IntEnum):
    """What happens when an order meets one of its own self-trade group."""

    CANCEL_MAKER = 1
    CANCEL_TAKER = 2
    CANCEL_BOTH = 3
    DECREMENT = 4
    NONE = 5


class OrderStatus(IntEnum):
    """Where an order stands; FILLED, CANCELLED, EXPIRED and REJECTED are final."""

    NEW = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELLED = 4
    EXPIRED = 5
    REJECTED = 6
    UNTRIGGERED = 7


class EndReason(IntEnum):
    """Why an order ended before it was filled."""

    NONE = 0
    REQUESTED = 1
    SELF_TRADE = 2
    IOC_REMAINDER = 3
    FOK_NOT_FILLABLE = 4
    MARKET_REMAINDER = 5
    TOO_OLD = 6
    PRICE_BAND = 7
    DAY_ENDED = 8
    GTD_REACHED = 9
    AUCTION_REMAINDER = 10
    LINKED_ORDER = 11
    PARENT_CANCELLED = 12
    RISK_AT_TRIGGER = 13
    REDUCED_AWAY = 14
    MIN_QUANTITY_NOT_MET = 15
    MASS_CANCEL = 16
    CANCEL_ALL_AFTER = 17
    KILL_SWITCH = 18
    LIQUIDATION = 19
    AMENDED_AWAY = 20
    INSTRUMENT_EXPIRED = 21
    BUST = 22
    DISCONNECTED = 23
    POST_ONLY_WOULD_CROSS = 24
    SLICE_REFUSED = 25
    DURATION_ENDED = 26


class TriggerReference(IntEnum):
    """Which price an order that waits watches."""

    DEFAULT = 0
    LAST = 1
    MARK = 2
    INDEX = 3
    BID_ASK = 4


class PegReference(IntEnum):
    """Which price of the book a pegged order follows."""

    NONE = 0
    PRIMARY = 1
    MARKET = 2
    MID = 3


class LinkType(IntEnum):
    """How the orders of a group depend on each other."""

    OCO = 1
    OUO = 2
    OTO_PARTIAL = 3
    OTO_FULL = 4
    BRACKET = 5


class DisconnectScope(IntEnum):
    """What is cancelled when a trading session is lost."""

    OFF = 1
    SESSION = 2
    ACCOUNT = 3


class Liquidity(IntEnum):
    """On which side of a trade an order stood."""

    MAKER = 1
    TAKER = 2


class Phase(IntEnum):
    """What may happen in an instrument's market."""

    CONTINUOUS = 1
    CANCEL_ONLY = 2
    HALT = 3
    CLOSED = 4
    PRE_OPEN = 5
    AUCTION = 6
    POST_ONLY = 7
