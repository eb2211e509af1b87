"""What a unit of work leaves for others, and the schema it stands on."""

from pathlib import Path
from uuid import UUID

from exchange.auth.v1 import user_events_pb2 as events
from exchange.engine.v1.admin_service_pb2 import OpenAccountRequest
from services.auth.model import (
    AccountOpening,
    Scope,
    SessionEnded,
    SessionEndReason,
    SessionStarted,
    SubaccountCreated,
    UserEvent,
    UserRegistered,
)
from services.auth.store import ENGINE, REVOCATIONS, USER_EVENTS
from services.kernel.clock import ManualClock
from services.kernel.ids import AccountId, SessionId, UserId
from services.runtime import postgres, schema
from tests.contract.auth.databases import postgres_store

NOW = ManualClock().now()
COMMITTED = Path("services/auth/schema.sql")
USER, ACCOUNT, SESSION = UserId(UUID(int=1)), AccountId(2**63), SessionId(UUID(int=101))


async def outbox_rows(dsn: str) -> list[tuple[int, str, str, bytes]]:
    async with postgres.connect(dsn) as pool:
        rows = await pool.fetch("SELECT outbox_id, destination, key, payload FROM outbox ORDER BY outbox_id")
        return [tuple(row) for row in rows]


async def test_an_opening_waits_for_the_engine(postgres: str) -> None:
    async with postgres_store(postgres) as store, store.transaction() as transaction:
        await transaction.request_opening(AccountOpening(ACCOUNT, 1_000, 500, self_trade_group_id=ACCOUNT))
    [(_, destination, key, payload)] = await outbox_rows(postgres)
    assert (destination, key) == (ENGINE, str(ACCOUNT))
    request = OpenAccountRequest(
        account_id=ACCOUNT, self_trade_group_id=ACCOUNT, taker_fee_ppm=1_000, maker_fee_ppm=500
    )
    assert OpenAccountRequest.FromString(payload) == request


async def test_a_revocation_waits_for_the_gates(postgres: str) -> None:
    async with postgres_store(postgres) as store, store.transaction() as transaction:
        await transaction.request_revocation(SESSION)
    [(_, destination, _, payload)] = await outbox_rows(postgres)
    assert (destination, payload) == (REVOCATIONS, SESSION.bytes)


async def test_events_wait_for_their_topic_in_order_with_ids_of_their_own(postgres: str) -> None:
    happened = [
        UserRegistered(),
        SessionStarted(SESSION, (Scope("orders:read"), Scope("orders:write"))),
        SessionEnded(SESSION, SessionEndReason.LOGOUT),
        SessionEnded(SESSION, SessionEndReason.REFRESH_TOKEN_REUSED),
        SubaccountCreated(ACCOUNT),
    ]
    async with postgres_store(postgres) as store:
        for what in happened:
            async with store.transaction() as transaction:
                await transaction.announce(UserEvent(NOW, USER, ACCOUNT, what))
    rows = await outbox_rows(postgres)
    sent = [events.UserEvent.FromString(payload) for _, _, _, payload in rows]
    assert {(destination, key) for _, destination, key, _ in rows} == {(USER_EVENTS, str(ACCOUNT))}
    assert [event.header.event_id for event in sent] == [f"auth:{outbox_id}" for outbox_id, _, _, _ in rows]
    assert all(event.header.event_time.ToNanoseconds() == ManualClock().now_ns() for event in sent)
    assert all((event.user_id, event.account_id) == (str(USER), ACCOUNT) for event in sent)
    assert [event.WhichOneof("event") for event in sent] == [
        "registered",
        "session_started",
        "session_ended",
        "session_ended",
        "subaccount_created",
    ]
    assert sent[1].session_started == events.SessionStarted(
        session_id=str(SESSION), scopes=["orders:read", "orders:write"]
    )
    assert [event.session_ended.reason for event in sent[2:4]] == [
        events.SESSION_END_REASON_LOGOUT,
        events.SESSION_END_REASON_REFRESH_TOKEN_REUSED,
    ]
    assert sent[4].subaccount_created == events.SubaccountCreated(account_id=ACCOUNT)


async def test_the_dumped_schema_is_the_committed_one(postgres: str) -> None:
    async with postgres_store(postgres):
        assert schema.dump(postgres) == COMMITTED.read_text()  # noqa: ASYNC240 - a small file, nobody waits
