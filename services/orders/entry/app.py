"""Builds the process of order entry."""

from functools import partial

from exchange.orders.v1.order_entry_service_pb2_grpc import add_OrderEntryServiceServicer_to_server
from services.orders._codec import Codec
from services.orders.entry.room import Room
from services.orders.entry.server import OrderEntryServer
from services.orders.entry.settings import EntrySettings
from services.orders.entry.stream import Parts
from services.orders.entry.submitter import BatchSubmitter
from services.orders.entry.words import KnownInstruments, Words, new_codec
from services.orders.model.instrument import Instrument
from services.orders.peers import EnginePeer, InstrumentMirror
from services.orders.rates import OwnShare, SharedRates
from services.orders.turns import Hops
from services.orders.usecases.trading_sessions import TradingSessions
from services.runtime import redis
from services.runtime.backoff import Backoff
from services.runtime.engine_stream import events_of
from services.runtime.grpc_client import connect
from services.runtime.run import Process
from services.runtime.sessions import SessionCheck
from services.runtime.submitter import Submitter
from services.runtime.tokens import keys_of_auth
from services.runtime.validation import FieldRules


async def build(process: Process, own: EntrySettings) -> None:
    """Put the streams between the edge and the engine."""
    auth = await process.open(connect(own.auth_target, own.identity))
    marks = await process.open(redis.connect(own.redis_url))
    process.use_tokens(keys_of_auth(auth), SessionCheck(marks, process.clock).is_live)
    process.check("redis", partial(redis.check, marks), needed=False)  # without it, tokens and own rates decide

    channel = await process.open(connect(own.engine_target, own.identity))
    submitter = Submitter(channel, process.clock, process.entropy)
    engine = EnginePeer(channel, submitter.submit)
    codec, known = new_codec(), KnownInstruments()
    instruments = InstrumentMirror(engine.horizon, partial(_tell, codec, known))
    backoff = Backoff(process.clock, process.entropy)
    own_share = OwnShare(process.clock, own.rate_limits, own.gateways)
    parts = Parts(
        codec=codec,
        words=Words(known),
        fields=FieldRules(),
        instruments=instruments,
        sessions=TradingSessions(engine, process.clock, process.entropy),
        submitter=BatchSubmitter(channel, process.clock, process.entropy),
        room=Room(own.room_bytes),
        rates=SharedRates(marks, own.rate_limits, own_share, clock=process.clock, registry=process.telemetry.registry),
        clock=process.clock,
        hops=Hops(process.telemetry.registry),
    )
    process.check("engine", submitter.check)
    process.check("instruments", instruments.check)
    process.background("submit", submitter.run)
    process.background("mirror the instruments", partial(instruments.follow, events_of(channel), backoff))
    _serve(process, parts, own)


def _serve(process: Process, parts: Parts, own: EntrySettings) -> None:
    server = OrderEntryServer(parts, own.stream_grace)
    server.measure(process.telemetry.registry)
    process.check("batches", parts.submitter.check)
    process.background("submit batches", parts.submitter.run)
    process.background("watch the rates", parts.rates.watch)
    process.background("keep the sessions", parts.sessions.keep_for_ever)
    process.background("look after streams", server.look_after_streams)
    process.background("report lost sessions", server.report_losses)
    process.server.add(add_OrderEntryServiceServicer_to_server, server, raw=server.raw)


def _tell(codec: Codec, known: KnownInstruments, instrument: Instrument) -> None:
    """Let the streams know of an instrument as soon as anybody can ask for it."""
    scales = instrument.scales
    known.know(instrument)
    codec.know(
        instrument_id=instrument.instrument_id,
        symbol=scales.symbol,
        price_scale=scales.price,
        quantity_scale=scales.quantity,
        quote_scale=scales.quote,
    )
