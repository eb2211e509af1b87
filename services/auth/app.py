"""The only place where auth is put together."""

from exchange.auth.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server
from services.auth.hasher import Argon2Hasher, hashing_pool
from services.auth.peers import AccountOpener, OutboxOpenings
from services.auth.publisher import publishing
from services.auth.server import AuthServicer, UseCases
from services.auth.sessions import RedisSessions
from services.auth.settings import Settings
from services.auth.signer import TransitSigner
from services.auth.store import ENGINE, REVOCATIONS, USER_EVENTS, PostgresStore
from services.auth.throttle import MemoryThrottle, RedisThrottle
from services.auth.usecases.create_subaccount import CreateSubaccount
from services.auth.usecases.get_current_user import GetCurrentUser
from services.auth.usecases.issue_tokens import IssueTokens
from services.auth.usecases.list_subaccounts import ListSubaccounts
from services.auth.usecases.login import Login
from services.auth.usecases.logout import Logout
from services.auth.usecases.refresh_token import Refresh
from services.auth.usecases.register import Register
from services.kernel.refusal import Unavailable
from services.runtime import grpc_client, postgres, redis
from services.runtime.outbox import Outbox
from services.runtime.postgres import Pool
from services.runtime.run import Process
from services.runtime.sessions import SessionCheck
from services.runtime.vault import AppRole, Vault


async def build(process: Process, own: Settings) -> None:
    """Put the service together on the process."""
    clock, ids = process.clock, process.ids
    pool = await process.open(postgres.connect(own.postgres_dsn))
    cache = await process.open(redis.connect(own.redis_url))
    signer = await _signer(process, own)
    sessions = RedisSessions(cache, own.lifetimes, clock)
    openings = OutboxOpenings(await _outbox(process, own, pool, sessions))
    hasher = Argon2Hasher(await process.open(hashing_pool()), process.entropy, own.hash_cost)
    store = PostgresStore(pool)
    throttle = RedisThrottle(cache, own.throttle_limits, MemoryThrottle(clock, own.throttle_limits))
    issue_tokens = IssueTokens(signer, process.entropy, own.lifetimes)
    use_cases = UseCases(
        register=Register(store, hasher, openings, clock, ids),
        login=Login(store, hasher, throttle, sessions, issue_tokens, clock, ids),
        refresh=Refresh(store, sessions, issue_tokens, clock),
        logout=Logout(store, sessions, clock),
        get_current_user=GetCurrentUser(store),
        create_subaccount=CreateSubaccount(store, openings, clock),
        list_subaccounts=ListSubaccounts(store),
    )
    process.check("postgres", lambda: postgres.check(pool))
    process.check("redis", lambda: redis.check(cache), needed=False)
    process.use_tokens(signer.by_key_id, SessionCheck(cache, clock).is_live)
    process.server.add(add_AuthServiceServicer_to_server, AuthServicer(use_cases, signer))


async def _signer(process: Process, own: Settings) -> TransitSigner:
    role = AppRole(own.vault_role_id, own.vault_secret_id)
    vault = Vault(own.vault_url, role, process.clock, process.entropy)
    try:
        await vault.login()
    except Unavailable as error:
        raise ConnectionError(f"the vault at {own.vault_url} gives no token: {error.__cause__}") from error
    process.check("vault", vault.check)
    process.background("vault", vault.run)
    return TransitSigner(vault, own.vault_signing_key, process.clock, own.signing_key_lead)


async def _outbox(process: Process, own: Settings, pool: Pool, sessions: RedisSessions) -> Outbox:
    engine = await process.open(grpc_client.connect(own.engine_target, own.identity, own.engine_server_name))
    events = await process.open(publishing(own.kafka_servers, own.registry_url))
    deliveries = {
        ENGINE: AccountOpener(engine).deliver,
        USER_EVENTS: events.deliver,
        REVOCATIONS: sessions.deliver,
    }
    outbox = Outbox(pool, deliveries, process.clock, process.entropy, process.telemetry.registry)
    process.background("outbox", outbox.run)
    return outbox
