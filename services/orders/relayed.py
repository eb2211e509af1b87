"""In which words orders passes on what the engine refused."""

from collections.abc import Callable, Mapping

from services.kernel.ids import RequestId
from services.kernel.refusal import Refusal, RelayedRefusal, UnknownInstrument
from services.orders.errors import (
    DisplayQuantityOutOfRange,
    InsufficientFunds,
    MinQuantityOutOfRange,
    NotionalOutOfRange,
    OrderNotFound,
    OrderNotOpen,
    PhaseNotAllowed,
    PriceNotOnTick,
    PriceOutOfRange,
    QuantityNotOnLot,
    QuantityOutOfRange,
    SessionNotOpen,
    Trail,
    VersionMismatch,
)
from services.orders.model.instrument import Instrument, Scales
from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder, Outcome
from services.orders.model.words import Side

_RETRY_WHEN_FULL_MS = 1_000

_SENTENCES: Mapping[str, str] = {
    "UNKNOWN_ACCOUNT": "The engine does not know this account yet; if it is new, retry in a moment.",
    "CLIENT_ORDER_ID_REUSED": "This id was used for a different request; choose a new one.",
    "IDEMPOTENCY_WINDOW_FULL": "The account's window of remembered ids is full; wait: ids leave it after ten minutes.",
    "REQUEST_EXPIRED": "The request arrived after its valid_until and had no effect; send a new one if it is wanted.",
    "VALID_UNTIL_TOO_FAR": "valid_until lies further ahead than ids are remembered; set it within ten minutes.",
    "TOO_MANY_OPEN_ORDERS": "The account has as many open orders as it may; cancel some first.",
    "NO_LIQUIDITY": "Nobody stands on the other side, so nothing traded; try later, or enter a LIMIT order.",
    "POST_ONLY_WOULD_CROSS": "The order would have traded at once; move its price away from the market.",
    "ORDER_FIELDS_CONFLICT": "Fields of the order exclude each other: what trades at the market takes no price and"
    " only IOC or FOK, quote_budget goes with a MARKET buy and IOC, post_only with a limit price and GTC, DAY or GTD,"
    " AT_OPEN and AT_CLOSE with LIMIT or MARKET; an amend changes only what the order has.",
    "ENGINE_FULL": "The engine has no room for more orders right now and nothing happened; retry later.",
    "CLOCK_STEPPED": "Trading is stopped until an operator has looked at the engine's clock; retry later.",
    "NOT_SUPPORTED": "The engine does not do this yet; leave out what is new.",
    "WOULD_TRIGGER_IMMEDIATELY": "The trigger is true already; send the order without it, or with another one.",
    "PRICE_BAND": "The limit is beyond the price band; choose one nearer to the reference price.",
    "TRADING_STATE": "The account's trading state does not allow it; only what makes positions smaller, if anything.",
    "POSITION_LIMIT": "The position could pass its limit; make the order smaller or cancel others.",
    "INSUFFICIENT_MARGIN": "The account's equity does not cover the margin; make the order smaller or add collateral.",
    "REDUCE_ONLY_NO_POSITION": "There is no opposite position to reduce; send it without reduce_only if it is wanted.",
    "EXPIRE_TIME_OUT_OF_RANGE": "The expiry time lies more than a second and at most 90 days ahead; a DAY order comes"
    " more than a second before its session closes.",
    "ORDER_SIZE_LIMIT": "The order is larger than the account may enter at once; split it.",
    "LINK_INVALID": "The orders of the group do not go together; see the rules of its link type.",
    "TRAILING_OFFSET_OUT_OF_RANGE": "The trailing offset must be positive and leave a price; choose another one.",
    "NO_REFERENCE_PRICE": "The price that the order refers to does not exist yet; retry once it does.",
    "ACCOUNT_KIND_NOT_ALLOWED": "The kind of account may not trade this instrument; use a margin account.",
    "MARGIN_PARAMETERS_MISSING": "The instrument has no margin parameters yet; retry once an operator has given them.",
    "TIMEOUT_OUT_OF_RANGE": "The timeout is 0 or 5 to 300 seconds; choose one of these.",
    "BATCH_REFUSED": "Another order of the same batch was refused, so none entered; its own result says why.",
    SessionNotOpen.reason: SessionNotOpen.sentence,
    "SESSION_OPTIONS_OUT_OF_RANGE": "grace_ms is 0 to 60,000 and heartbeat_timeout_ms 3,000 to 300,000; choose so.",
    "TOO_MANY_SESSIONS": "The account has as many sessions open as it may; close one first.",
    "UNKNOWN_GATEWAY": "This server has only just come back to the engine; retry in a moment.",
}
"""What to do about refusals that need no facts beside their reason."""

_RETRY_AFTER_MS: Mapping[str, int] = {
    "IDEMPOTENCY_WINDOW_FULL": _RETRY_WHEN_FULL_MS,
    "ENGINE_FULL": _RETRY_WHEN_FULL_MS,
    "UNKNOWN_GATEWAY": _RETRY_WHEN_FULL_MS,
}

_OF_INSTRUMENT: Mapping[str, Callable[[Instrument, Trail], Refusal]] = {
    kind.reason: kind
    for kind in (
        PriceNotOnTick,
        PriceOutOfRange,
        QuantityNotOnLot,
        QuantityOutOfRange,
        DisplayQuantityOutOfRange,
        MinQuantityOutOfRange,
        NotionalOutOfRange,
        PhaseNotAllowed,
    )
}


def refusal_of_order(order: NewOrder, outcome: Outcome) -> Refusal:
    """Return what to tell the owner of an order that the engine refused."""
    trail = {"client_order_id": order.client_order_id, **_trail_of(outcome)}
    return _of_order(outcome.reason, order, trail)


def refusals_of_order(order: NewOrder, outcome: Outcome) -> list[Refusal]:
    """Return each reason for which the engine would refuse the order, in the order of its checks."""
    trail = {"client_order_id": order.client_order_id}
    return [_of_order(reason, order, trail) for reason in outcome.all_reasons]


def refusal_of_twap(client_order_id: str, outcome: Outcome) -> Refusal:
    """Return what to tell the owner of a TWAP whose id the engine refused to use."""
    return _plain(outcome.reason, {"client_order_id": client_order_id, **_trail_of(outcome)})


def twap_id_reused(client_order_id: str) -> Refusal:
    """Return what to tell who uses the id of another TWAP."""
    return _plain("CLIENT_ORDER_ID_REUSED", {"client_order_id": client_order_id})


def too_many_twaps(limit: int) -> Refusal:
    """Return what to tell who has as many TWAPs open as an account may."""
    return _plain("TOO_MANY_OPEN_ORDERS", {"limit": str(limit)})


def refusal_of_amend(amend: Amend, outcome: Outcome) -> Refusal:
    """Return what to tell the owner of a change that the engine refused."""
    trail: Trail = _trail_of(outcome)
    if outcome.reason == OrderNotFound.reason:
        return OrderNotFound()
    if outcome.reason == OrderNotOpen.reason and outcome.order:
        return OrderNotOpen(outcome.order, amend.instrument.scales, trail)
    if outcome.reason == VersionMismatch.reason and outcome.order:
        return VersionMismatch(amend.expected_version, outcome.order, amend.instrument.scales, trail)
    trail = _with_request(trail, amend.request_id)
    if outcome.order is None:
        return _plain(outcome.reason, trail)
    return _of_terms(outcome.reason, amend.instrument, outcome.order.side, trail)


def refusal_of_cancel(cancel: Cancel, outcome: Outcome, scales: Scales | None) -> Refusal:
    """Return what to tell the owner of a cancel that the engine refused; `scales` are those of the outcome's order."""
    trail = _trail_of(outcome)
    if outcome.reason == OrderNotFound.reason:
        return OrderNotFound(trail)
    if outcome.reason == OrderNotOpen.reason and outcome.order and scales:
        return OrderNotOpen(outcome.order, scales, trail)
    return _plain(outcome.reason, _with_request(trail, cancel.request_id))


def refusal_of_mass_cancel(cancel: MassCancel, outcome: Outcome) -> Refusal:
    """Return what to tell the owner of orders that the engine did not cancel."""
    trail = _with_request(_trail_of(outcome), cancel.request_id)
    if outcome.reason == PhaseNotAllowed.reason and cancel.instrument:
        return PhaseNotAllowed(cancel.instrument, trail)
    return _plain(outcome.reason, trail)


def refusal_of_account(outcome: Outcome) -> Refusal:
    """Return what to tell the owner of an account of which the engine refused to change something."""
    return _plain(outcome.reason, _trail_of(outcome))


def _of_order(reason: str, order: NewOrder, trail: Trail) -> Refusal:
    if reason == UnknownInstrument.reason:
        return UnknownInstrument(order.instrument.scales.symbol)
    return _of_terms(reason, order.instrument, order.side, trail)


def _of_terms(reason: str, instrument: Instrument, side: Side, trail: Trail) -> Refusal:
    if reason == InsufficientFunds.reason:
        return InsufficientFunds(instrument, side, trail)
    if reason in _OF_INSTRUMENT:
        return _OF_INSTRUMENT[reason](instrument, trail)
    return _plain(reason, trail)


def _with_request(trail: Trail, request_id: RequestId | None) -> Trail:
    return {**trail, "request_id": request_id} if request_id else trail


def _plain(reason: str, trail: Trail) -> Refusal:
    sentence = _SENTENCES.get(reason, "The engine refused the request; its reason says why.")
    return RelayedRefusal(reason, sentence, metadata=trail, retry_after_ms=_RETRY_AFTER_MS.get(reason))


def _trail_of(outcome: Outcome) -> dict[str, str]:
    trail = {"engine_seq": str(outcome.engine_seq)} if outcome.engine_seq else {}
    if outcome.order:
        trail["order_id"] = str(outcome.order.order_id)
    if outcome.replayed:
        trail["replayed"] = "true"
    return trail
