import base64

import hvac
import pytest
from hvac.exceptions import Forbidden

from stack.launcher import Stack
from tests.servers import Vault


def test_auth_signs_and_can_do_nothing_else(vault: Vault) -> None:
    client = log_in(vault, "auth")

    assert sign(client, b"claims").startswith("vault:v1:")
    assert client.secrets.transit.read_key("jwt")["data"]["exportable"] is False
    with pytest.raises(Forbidden):
        client.secrets.transit.rotate_key("jwt")
    with pytest.raises(Forbidden):
        client.secrets.transit.create_key("other", key_type="ed25519")
    with pytest.raises(Forbidden):
        client.sys.list_policies()


def test_the_key_survives_kill_and_restart_and_is_unsealed_again(stack: Stack, vault: Vault) -> None:
    before = sign(log_in(vault, "auth"), b"claims")

    stack.kill("openbao")
    stack.restart("openbao")

    assert sign(log_in(vault, "auth"), b"claims") == before


def log_in(vault: Vault, service: str) -> hvac.Client:
    client = hvac.Client(url=vault.url)
    role = vault.approle(service)
    client.auth.approle.login(role.role_id, role.secret_id)
    return client


def sign(client: hvac.Client, message: bytes) -> str:
    answer = client.secrets.transit.sign_data("jwt", hash_input=base64.b64encode(message).decode())
    return str(answer["data"]["signature"])
