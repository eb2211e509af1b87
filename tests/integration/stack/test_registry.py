import secrets
from typing import Any

import requests

from stack.launcher import Stack

TIMEOUT_S = 10
NOTE = 'syntax = "proto3"; message Note { string text = 1; }'
NOTE_WITH_TIME = 'syntax = "proto3"; message Note { string text = 1; int64 time = 2; }'
NOTE_OF_NUMBERS = 'syntax = "proto3"; message Note { int64 text = 1; }'


def test_a_schema_keeps_its_id_across_kill_and_restart(stack: Stack, schema_registry: str) -> None:
    subject = f"test-{secrets.token_hex(4)}-value"
    registered = register(schema_registry, subject, NOTE)

    stack.kill("registry")
    stack.restart("registry")

    assert register(schema_registry, subject, NOTE).json() == registered.json()
    schema = requests.get(f"{schema_registry}/schemas/ids/{registered.json()['id']}", timeout=TIMEOUT_S).json()
    assert schema == {"schemaType": "PROTOBUF", "schema": NOTE}


def test_it_goes_on_after_its_database_was_killed(stack: Stack, schema_registry: str) -> None:
    stack.kill("postgres")
    stack.restart("postgres")

    assert "id" in register(schema_registry, f"test-{secrets.token_hex(4)}-value", NOTE).json()


def test_a_change_that_breaks_readers_is_refused(schema_registry: str) -> None:
    subject = f"test-{secrets.token_hex(4)}-value"

    assert register(schema_registry, subject, NOTE).ok
    assert register(schema_registry, subject, NOTE_WITH_TIME).ok
    assert register(schema_registry, subject, NOTE_OF_NUMBERS).status_code == requests.codes.conflict


def register(registry: str, subject: str, schema: str) -> requests.Response:
    body: dict[str, Any] = {"schemaType": "PROTOBUF", "schema": schema}
    return requests.post(f"{registry}/subjects/{subject}/versions", json=body, timeout=TIMEOUT_S)
