"""The only place where wallets is put together."""

from exchange.wallets.v1.sandbox_service_pb2_grpc import add_SandboxServiceServicer_to_server
from exchange.wallets.v1.wallets_service_pb2_grpc import add_WalletsServiceServicer_to_server
from services.runtime import grpc_client, postgres, redis
from services.runtime.consumer import Projection
from services.runtime.engine_stream import events_of
from services.runtime.outbox import Outbox
from services.runtime.run import Process
from services.runtime.sessions import SessionCheck
from services.runtime.submitter import Submitter
from services.runtime.tokens import keys_of_auth
from services.wallets.consumer import LedgerConsumer
from services.wallets.peers import EnginePeer
from services.wallets.server import Sandbox, Wallets
from services.wallets.settings import Settings
from services.wallets.store import ENGINE, LEDGER, WalletStore
from services.wallets.usecases.fund import Fund
from services.wallets.usecases.list_balances import ListBalances


async def build(process: Process, own: Settings) -> None:
    """Put the service together on the process."""
    pool = await process.open(postgres.connect(own.postgres_dsn))
    sessions = await process.open(redis.connect(own.redis_url))
    auth = await process.open(grpc_client.connect(own.auth_target, own.identity))
    channel = await process.open(grpc_client.connect(own.engine_target, own.identity))
    process.use_tokens(keys_of_auth(auth), SessionCheck(sessions, process.clock).is_live)

    submitter = Submitter(channel, process.clock, process.entropy)
    engine = EnginePeer(channel, submitter)
    store = WalletStore(pool, process.clock)
    registry = process.telemetry.registry
    ledger = LedgerConsumer(process.clock, registry)
    projection = Projection(
        LEDGER,
        ledger.apply,
        pool=pool,
        events=events_of(channel),
        clock=process.clock,
        entropy=process.entropy,
        registry=registry,
    )
    outbox = Outbox(pool, {ENGINE: engine.deliver}, process.clock, process.entropy, registry)

    process.background("submit", submitter.run)
    process.background("ledger", projection.run)
    process.background("outbox", outbox.run)
    process.check("postgres", lambda: postgres.check(pool))
    process.check("engine", submitter.check)
    process.check("redis", lambda: redis.check(sessions), needed=False)
    process.server.add(add_WalletsServiceServicer_to_server, Wallets(ListBalances(store, engine, store)))
    if own.sandbox:
        process.server.add(add_SandboxServiceServicer_to_server, Sandbox(Fund(store, store)))
