from pathlib import Path

import pytest

from stack.failure import StackError
from stack.site import PORT_OFFSETS, PORTS_IN_USE, Site, required


def test_secrets_are_kept_and_private(tmp_path: Path) -> None:
    site = Site(tmp_path, 9000)

    first = site.secret("postgres")

    assert site.secret("postgres") == first != site.secret("redis")
    assert (tmp_path / "secrets" / "postgres").stat().st_mode & 0o777 == 0o600


def test_no_two_listeners_share_a_port() -> None:
    site = Site(Path("unused"), 9000)
    services = ("auth", "orders", "wallets", "market_data", "engine", "relay", "order_entry")

    ports = [site.port(name) for name in PORT_OFFSETS] + [site.metrics_port(name) for name in services]

    assert len(set(ports)) == len(ports)
    assert max(ports) == 9000 + PORTS_IN_USE - 1


def test_a_missing_program_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"^Redis 7 is missing \(.*/redis-server\); run stack/setup\.sh, which"):
        required(tmp_path / "redis-server", "Redis 7")
