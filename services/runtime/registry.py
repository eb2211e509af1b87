"""The schema registry: what gives a Kafka record's bytes their meaning to readers who have no contract of ours.

A value is written in the registry's wire format: byte 0, the schema's id (4 bytes, big endian), the index of the
message in its file, the message. Schemas are registered under `<topic>-value`, each file they need under its own name
with dots for slashes. The registry refuses a schema that would break readers of older records.
"""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.message import Message

from services.kernel.refusal import Unavailable
from services.runtime.schema_text import imports_of, schema_text

REQUEST_LIMIT = timedelta(seconds=5)
WELL_KNOWN = "google/protobuf/"
"""Files that every reader of protobuf has."""

_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_MAGIC = b"\x00"

M = TypeVar("M", bound=Message)


class SchemaRefused(Exception):  # noqa: N818 - named as what it says
    """The registry does not take the schema; the message says why. Nothing may be written with it."""


class SchemaRegistry:
    """A registry behind the API that Confluent's clients speak, at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def serializer(self, topic: str, message: type[M]) -> Callable[[M], bytes]:
        """Register the schema of a topic's values, and return what writes them.

        Raises `Unavailable` if the registry does not answer, `SchemaRefused` if it does not take the schema.
        """
        descriptor = cast("Descriptor", message.DESCRIPTOR)
        head = wire_head(await asyncio.to_thread(self._register, f"{topic}-value", descriptor.file), descriptor)

        def serialize(value: M) -> bytes:
            return head + value.SerializeToString()

        return serialize

    def _register(self, subject: str, file: FileDescriptor) -> int:
        """Register a file after those it imports; return its id."""
        imported = [each for each in imports_of(file) if not each.name.startswith(WELL_KNOWN)]
        references = [
            {"name": each.name, "subject": _subject(each), "version": self._version(each)} for each in imported
        ]
        return int(self._post(f"/subjects/{subject}/versions", _schema(file, references))["id"])

    def _version(self, file: FileDescriptor) -> int:
        """Register a file that others import; return its version under its subject."""
        subject = _subject(file)
        schema_id = self._register(subject, file)
        versions = self._get(f"/schemas/ids/{schema_id}/versions")
        return max(int(each["version"]) for each in versions if each["subject"] == subject)

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call(
            urllib.request.Request(  # noqa: S310 - the URL is the operator's
                self._url + path, json.dumps(body).encode(), {"Content-Type": _MEDIA_TYPE}, method="POST"
            )
        )

    def _get(self, path: str) -> Any:
        return self._call(urllib.request.Request(self._url + path))  # noqa: S310 - the URL is the operator's

    def _call(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_LIMIT.total_seconds()) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode(errors="replace")
            if error.code < 500:
                raise SchemaRefused(f"{request.full_url}: {said}") from error
            raise Unavailable("The schema registry fails; the same records may be sent later.") from error
        except OSError as error:
            raise Unavailable("The schema registry does not answer; the same records may be sent later.") from error


def wire_head(schema_id: int, message: Descriptor) -> bytes:
    """Return what stands before a message: magic, schema id, and the path of indices to the message in its file."""
    path = _path(message)
    indices = b"\x00" if path == [0] else b"".join(_zigzag(number) for number in (len(path), *path))
    return _MAGIC + schema_id.to_bytes(4, "big") + indices


def _path(message: Descriptor) -> list[int]:
    outer = message.containing_type
    if outer is None:
        return [list(message.file.message_types_by_name).index(message.name)]
    return [*_path(outer), [nested.name for nested in outer.nested_types].index(message.name)]


def _zigzag(number: int) -> bytes:
    value, out = number << 1, bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _subject(file: FileDescriptor) -> str:
    return file.name.replace("/", ".")


def _schema(file: FileDescriptor, references: list[dict[str, Any]]) -> Mapping[str, Any]:
    return {"schemaType": "PROTOBUF", "schema": schema_text(file), "references": references}
