"""Between the contract's messages and what the engine's process works on."""

from collections.abc import Iterable
from datetime import timedelta

from exchange.engine.v1 import admin_service_pb2, command_pb2, engine_service_pb2
from exchange.error.v1 import reason_pb2
from exchange.event.v1 import event_pb2
from services.engine.model import Place, ShardState
from services.engine.usecases.follow import Manner
from services.engine.usecases.submit import Submitted
from services.kernel.refusal import Refusal, RelayedRefusal

Command = command_pb2.Command

_ADMIN_COMMANDS = (
    "open_account",
    "create_instrument",
    "update_instrument",
    "set_phase",
    "set_mark_price",
    "set_account",
    "set_margin_parameters",
    "set_fee_schedule",
    "settle_future",
    "expire_instrument",
    "exercise_option",
    "activate_rules",
    "bust_trade",
    "roll_positions",
    "set_value_date",
    "deliver_trades",
)

_SENTENCES = {
    "ACCOUNT_CONFLICT": "The account exists with other properties.",
    "INSTRUMENT_CONFLICT": "The instrument exists with other properties; a listed instrument's scales never change.",
    "INSTRUMENT_INVALID": "The instrument breaks a listing rule: e.g. tick times lot is no whole number of quote units",
    "UNAVAILABLE": "The engine's disk has no room for the command; retry with the same request.",
    "ENGINE_FULL": "The engine has no room for more; an operator raises the limit.",
    "NOT_SUPPORTED": "The engine does not do this yet.",
    "UNKNOWN_ACCOUNT": "The engine has no such account; retry after a moment if it is new.",
    "UNKNOWN_INSTRUMENT": "The engine has no such instrument; list it first.",
    "PRICE_OUT_OF_RANGE": "The price is outside what the instrument allows.",
    "CLIENT_ORDER_ID_REUSED": "The request id was used for a different request; choose a new one.",
    "UNKNOWN_FEE_SCHEDULE": "The engine has no such fee schedule; set it first.",
    "RULES_VERSION_UNKNOWN": "This build does not know the version of the rules, or a later one is active.",
    "INSTRUMENT_BUSY": "The change needs an instrument that is CLOSED with an empty book.",
    "UNKNOWN_TRADE": "The engine has had no such trade; take it from the event log.",
    "TRADE_NOT_BUSTABLE": "The trade has reached its value date and stands, or was taken back with other numbers.",
    "DATE_NOT_AFTER_LAST": "The same was done for this date or a later one, with other numbers.",
    "EXERCISE_NOT_ALLOWED": "The account does not hold as much, or the option cannot be exercised now.",
    "MARGIN_PARAMETERS_INVALID": "The margin parameters contradict each other or the listing.",
    "FEE_SCHEDULE_INVALID": "The fee schedule contradicts itself: e.g. a tier twice, or none with number 0.",
}


def kinds_of(commands: Iterable[str]) -> int:
    """Return the set of command kinds, a bit for each, of names such as "place_order"; raises KeyError for others."""
    fields = Command.DESCRIPTOR.fields_by_name
    return sum(1 << fields[name].number for name in set(commands))


ADMIN_KINDS = kinds_of(_ADMIN_COMMANDS)
"""What AdminService may give."""


def place_of(position: event_pb2.Position) -> Place:
    """Read a position. Blocks are served whole, so whatever its index, it stands after its command."""
    return Place(position.shard, position.epoch, position.engine_seq)


def manner_of(request: engine_service_pb2.EventsRequest) -> Manner:
    """Read how a follower wants to be told."""
    return Manner(request.instruments_only, timedelta(milliseconds=request.pause_ms))


def refused_batch(refusal: Refusal) -> bytes:
    """Write the answer to a batch that was refused whole."""
    reason = reason_pb2.Reason.Value(f"REASON_{refusal.reason}")
    return engine_service_pb2.SubmitResponse(reason=reason).SerializeToString()


def times_of(submitted: Submitted) -> bytes:
    """Write what is put at the end of a SubmitResponse: when its batch had its turn; nothing if it was refused."""
    if submitted.pending.queue_length is None:
        return b""
    times = engine_service_pb2.BatchTimes(
        sequenced_time_ns=submitted.sequenced_ns,
        matched_time_ns=submitted.matched_ns,
        queue_length=submitted.pending.queue_length,
    )
    return engine_service_pb2.SubmitResponse(times=times).SerializeToString()


def state_message(state: ShardState) -> engine_service_pb2.GetStateResponse:
    """Write how far the shard is."""
    return engine_service_pb2.GetStateResponse(
        shard=state.shard,
        epoch=state.epoch,
        engine_seq=state.engine_seq,
        durable_seq=state.durable_seq,
        state_hash=state.state_hash,
        snapshot_seq=state.snapshot_seq,
        engine_time_ns=state.engine_time_ns,
        open_orders=state.open_orders,
    )


def open_account_batch(request: admin_service_pb2.OpenAccountRequest) -> bytes:
    """Write the batch that opens an account."""
    return batch(
        Command(
            open_account=command_pb2.OpenAccount(
                account_id=request.account_id,
                self_trade_group_id=request.self_trade_group_id,
                taker_fee_ppm=request.taker_fee_ppm,
                maker_fee_ppm=request.maker_fee_ppm,
            )
        )
    )


def create_instrument_batch(request: admin_service_pb2.CreateInstrumentRequest) -> bytes:
    """Write the batch that lists an instrument."""
    return batch(Command(create_instrument=command_pb2.CreateInstrument(instrument=request.instrument)))


def only_result(answer: bytes) -> int:
    """Return the sequence number of the one command in an answer; raises the refusal that it got instead."""
    response = engine_service_pb2.SubmitResponse.FromString(answer)
    result = response.results[0] if response.results else command_pb2.CommandResult()
    reason = response.reason or result.reason
    if reason:
        raise _refusal(reason_pb2.Reason.Name(reason).removeprefix("REASON_"))
    return result.engine_seq


def _refusal(reason: str) -> Refusal:
    return RelayedRefusal(reason, _SENTENCES.get(reason, f"The engine refused the command: {reason}."))


def batch(command: command_pb2.Command) -> bytes:
    """Write the batch of one command."""
    return engine_service_pb2.SubmitRequest(commands=[command]).SerializeToString()
