"""What becomes of those who were there before a migration."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest

from services.auth.model import DEFAULT_SCOPES, FIRM_SCOPES, TokenDigest
from services.auth.store import PostgresStore
from services.kernel.ids import UserId
from services.runtime import migrate, postgres

FIRST, SECOND = "0001_users_and_sessions.sql", "0002_subaccounts.sql"
OLD_SCOPES = [scope for scope in DEFAULT_SCOPES if scope not in FIRM_SCOPES]
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
USER, SESSION, DIGEST = UserId(UUID(int=1)), UUID(int=2), bytes(32)


@pytest.fixture(name="postgres_dsn")
def dsn_of(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres"))


def copied(folder: Path, name: str) -> Path:
    """Copy a migration, beside what it includes, and return the folder of migrations."""
    migrations, shared = folder / "auth" / "migrations", folder / "runtime" / "sql"
    migrations.mkdir(parents=True, exist_ok=True)
    shutil.copytree("services/runtime/sql", shared, dirs_exist_ok=True)
    shutil.copy(migrate.folder_of("auth") / name, migrations)
    return migrations


async def log_in_before(dsn: str) -> None:
    """Keep a user and a narrow session as the first release did."""
    async with postgres.connect(dsn) as pool:
        await pool.execute(
            "INSERT INTO users (user_id, email, password_hash, scopes, create_time) VALUES ($1, $2, $3, $4, now())",
            USER,
            "ada@example.com",
            HASH,
            OLD_SCOPES,
        )
        await pool.execute(
            "INSERT INTO sessions (session_id, user_id, scopes, start_time) VALUES ($1, $2, '{orders:read}', now())",
            SESSION,
            USER,
        )
        await pool.execute(
            "INSERT INTO refresh_tokens (digest, session_id, expire_time) VALUES ($1, $2, now())", DIGEST, SESSION
        )


async def test_a_user_from_before_sub_accounts_may_make_some_and_sessions_act_as_before(
    tmp_path: Path, postgres_dsn: str
) -> None:
    await migrate.apply(postgres_dsn, copied(tmp_path, FIRST))
    await log_in_before(postgres_dsn)
    await migrate.apply(postgres_dsn, copied(tmp_path, SECOND))
    async with postgres.connect(postgres_dsn) as pool:
        store = PostgresStore(pool)
        user, session = await store.user(USER), await store.session_of(TokenDigest(DIGEST))
    assert user is not None
    assert user.scopes == DEFAULT_SCOPES
    assert session is not None
    assert (session.account_id, session.scopes) == (user.account_id, ("orders:read",))
