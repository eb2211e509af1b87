import asyncpg

from stack.launcher import Stack


async def test_each_test_owns_an_empty_database(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        tables = await connection.fetchval(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        )
        await connection.execute("CREATE TABLE note (text text)")
        assert tables == 0
    finally:
        await connection.close()


async def test_acknowledged_rows_survive_kill_and_restart(stack: Stack, postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE TABLE note (text text)")
    await connection.execute("INSERT INTO note VALUES ('kept')")
    await connection.close()

    stack.kill("postgres")
    stack.restart("postgres")

    connection = await asyncpg.connect(postgres)
    try:
        assert await connection.fetchval("SELECT text FROM note") == "kept"
    finally:
        await connection.close()
