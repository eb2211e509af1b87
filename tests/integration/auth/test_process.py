"""The process itself: `python -m services.auth`, told by its environment, stopped by a signal."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from stack.launcher import Stack
from tests.integration.auth.site import EMAIL, PASSWORD, Client, Site, reason

ROOT = Path(__file__).resolve().parents[3]
PYTHON_PATH = f"{ROOT / 'gen/python'}:{ROOT}"
LIMIT_S = 30
GRACE_S = 10


@asynccontextmanager
async def auth_process(environment: dict[str, str]) -> AsyncIterator[Process]:
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH} | environment
    command = (sys.executable, "-m", "services.auth")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=told, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def listening(process: Process, log: list[str]) -> int:
    """Return the port that the process says it listens on; what it logs until then goes to `log`."""
    assert process.stdout is not None
    async for line in process.stdout:
        log.append(line.decode())
        said = json.loads(line)
        if said["event"] == "started":
            return int(said["port"])
    raise AssertionError("".join(log))


async def test_it_starts_serves_and_stops_without_telling_secrets(site: Site) -> None:
    log: list[str] = []
    async with site.engine_up(), auth_process(site.environment(log_level="debug")) as process:
        async with asyncio.timeout(LIMIT_S):
            port = await listening(process, log)
        async with site.mesh.channel("edge", port) as channel:
            secrets = await use(Client.on(channel, port))
        process.terminate()
        async with asyncio.timeout(LIMIT_S):
            rest, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (os.EX_OK, "")
    log += rest.decode().splitlines()
    assert json.loads(log[-1])["event"] == "stopped"
    kept = b"".join(await site.outbox()).decode(errors="replace")
    assert kept
    assert [secret for secret in secrets if secret in kept or any(secret in line for line in log)] == []


async def test_it_stops_when_told_though_postgres_is_lost(site: Site, stack: Stack) -> None:
    async with auth_process(site.environment(grace=timedelta(seconds=GRACE_S))) as process:
        async with asyncio.timeout(LIMIT_S):
            await listening(process, [])
        stack.kill("postgres")
        try:
            process.terminate()
            async with asyncio.timeout(GRACE_S):
                _, errors = await process.communicate()
        finally:
            stack.restart("postgres")
    assert (process.returncode, errors.decode()) == (os.EX_OK, "")


async def use(client: Client) -> list[str]:
    """Do everything that touches secrets, and return the secrets."""
    await client.register()
    assert await reason(client.register()) == "EMAIL_TAKEN"
    assert await reason(client.login(password="a wrong password")) == "INVALID_CREDENTIALS"
    first = await client.login()
    second = await client.refresh(first.refresh_token)
    assert await reason(client.refresh(first.refresh_token)) == "REFRESH_TOKEN_REUSED"
    assert await reason(client.me(second.access_token)) == "SESSION_REVOKED"
    tokens = [token for pair in (first, second) for token in (pair.access_token, pair.refresh_token)]
    return [EMAIL, PASSWORD, "a wrong password", *tokens]


async def test_it_says_in_one_sentence_what_keeps_it_from_starting(site: Site) -> None:
    for changed, sentence in {
        ("vault_secret_id", "wrong"): "auth cannot start: the vault at ",
        ("postgres_dsn", "postgresql://127.0.0.1:1/auth"): "auth cannot start: PostgreSQL cannot be used: ",
    }.items():
        async with auth_process(site.environment(**dict([changed]))) as process, asyncio.timeout(LIMIT_S):
            _, errors = await process.communicate()
        assert process.returncode == os.EX_UNAVAILABLE
        assert errors.decode().startswith(sentence)
        assert errors.decode().count("\n") == 1
