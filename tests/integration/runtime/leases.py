"""Taking a lease from its holder."""

from services.runtime.postgres import Pool


async def end_lease(pool: Pool) -> None:
    """Cut the connections that hold a lease, as a lost server does; returns when they are gone."""
    await pool.execute(
        """
        SELECT pg_terminate_backend(pid, 10000)
        FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
        """
    )
