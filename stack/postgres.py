"""PostgreSQL 15: a database and a role for each service that keeps tables."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import asyncpg

from stack.failure import StackError
from stack.part import Command
from stack.site import Site, required

BINARIES = Path("/usr/lib/postgresql/15/bin")
SUPERUSER = "postgres"
SYSTEM_USER = "postgres"


class Postgres:
    """The server process; see `ensure_database` for what services get from it."""

    name = "postgres"
    needs: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        self._site = site

    def ports(self) -> Mapping[str, int]:
        """Name the one SQL port."""
        return {"SQL": self._site.port("postgres")}

    def prepare(self) -> None:
        """Make the cluster at the first start."""
        initdb = required(BINARIES / "initdb", "PostgreSQL 15")
        folder = self._folder()
        if not (folder / "PG_VERSION").exists():
            initialise(initdb, folder, self._site.secret("postgres"))

    def command(self) -> Command:
        """Listen on loopback only, without a Unix socket; SIGINT is its fast shutdown."""
        folder = self._folder()
        options = {"port": self._site.port("postgres"), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings = [f"--{name}={value}" for name, value in options.items()]
        return Command(
            (*as_system_user(folder), str(BINARIES / "postgres"), "-D", str(folder), *settings),
            stop_signal=signal.SIGINT,
        )

    def ready(self) -> bool:
        """Tell whether a superuser can log in and ask."""
        try:
            run_as_superuser(self._site, "SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    def settle(self) -> None:
        """Do nothing: each service makes its own database when it prepares."""

    def describe(self) -> str:
        """Name host and port."""
        return self._site.address("postgres")

    def _folder(self) -> Path:
        folder = self._site.folder("postgres")
        if os.geteuid() == 0:
            shutil.chown(folder, system_user(), system_user())
        return folder


def ensure_database(site: Site, name: str) -> str:
    """Give the DSN of a service's own database, made with its own role if absent; the role can touch nothing else."""
    password = site.secret(f"postgres-{name}")
    asyncio.run(_ensure_database(dsn(site, SUPERUSER, site.secret("postgres"), "postgres"), name, password))
    return dsn(site, name, password, name)


async def _ensure_database(admin_dsn: str, name: str, password: str) -> None:
    admin = await asyncpg.connect(admin_dsn)
    try:
        if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await admin.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await admin.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
            await admin.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    finally:
        await admin.close()


def drop_database(site: Site, name: str) -> None:
    """Drop a database made by `ensure_database`, and its role; connections to it are cut."""
    run_as_superuser(site, f'DROP DATABASE "{name}" WITH (FORCE)')
    run_as_superuser(site, f'DROP ROLE "{name}"')


def run_as_superuser(site: Site, statement: str) -> None:
    """Execute one statement in the `postgres` database."""

    async def run() -> None:
        admin = await asyncpg.connect(dsn(site, SUPERUSER, site.secret("postgres"), "postgres"))
        try:
            await admin.execute(statement)
        finally:
            await admin.close()

    asyncio.run(run())


def dsn(site: Site, user: str, password: str, database: str) -> str:
    """Give the connection string of one user and database."""
    return f"postgresql://{quote(user)}:{quote(password)}@{site.address('postgres')}/{quote(database)}"


def initialise(initdb: Path, folder: Path, password: str) -> None:
    """Make an empty cluster with password logins; raises StackError with initdb's last line if it fails."""
    with tempfile.NamedTemporaryFile("w") as password_file:
        password_file.write(password)
        password_file.flush()
        os.chmod(password_file.name, 0o600)
        if os.geteuid() == 0:
            shutil.chown(password_file.name, system_user())
        options = ["--auth=scram-sha-256", f"--username={SUPERUSER}", "--encoding=UTF8", "--no-locale"]
        made = subprocess.run(
            [*as_system_user(folder), initdb, "-D", folder, *options, f"--pwfile={password_file.name}"],
            capture_output=True,
            text=True,
            check=False,
        )
    if made.returncode != 0:
        raise StackError(f"PostgreSQL's initdb failed: {made.stderr.strip().splitlines()[-1]}")


def as_system_user(folder: Path) -> tuple[str, ...]:
    """Give the prefix that runs a command as PostgreSQL's own user; empty unless we are root, whom it refuses.

    A change of user clears the death signal, so it is set again. Where a parent of the data folder is closed to that
    user (a clone in /root), the process keeps the one capability that lets it through.
    """
    if os.geteuid() != 0:
        return ()
    user = system_user()
    prefix = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL")
    reachable = subprocess.run([*prefix, "--", "test", "-w", folder], check=False).returncode == 0
    passage = () if reachable else ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return (*prefix, *passage, "--")


def system_user() -> str:
    """Give the system user that owns the cluster when we are root; raises StackError if the package is not there."""
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_name
    except KeyError:
        raise StackError("PostgreSQL's system user `postgres` is missing; run stack/setup.sh.") from None
