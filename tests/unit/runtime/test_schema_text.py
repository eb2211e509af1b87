"""What a registry is told of a file is what the compiler reads back: the same types, numbers and order."""

from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from exchange.auth.v1 import user_events_pb2
from exchange.engine.v1 import admin_service_pb2, command_pb2, engine_events_pb2, engine_service_pb2
from services.runtime.registry import wire_head
from services.runtime.schema_text import imports_of, schema_text

FILES = [
    each.DESCRIPTOR for each in (admin_service_pb2, command_pb2, engine_events_pb2, engine_service_pb2, user_events_pb2)
]


def write(file: FileDescriptor, folder: Path) -> None:
    """Write a file and all that it needs."""
    if file.name.startswith("google/protobuf/"):
        return
    (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
    (folder / file.name).write_text(schema_text(file))
    for imported in imports_of(file):
        write(imported, folder)


def compiled(file: FileDescriptor, folder: Path) -> FileDescriptorProto:
    write(file, folder)
    out = folder / "out.binpb"
    well_known = Path(protoc.__file__).parent / "_proto"
    assert protoc.main(["", f"-I{folder}", f"-I{well_known}", f"--descriptor_set_out={out}", file.name]) == 0
    return FileDescriptorSet.FromString(out.read_bytes()).file[0]


def fields_of(message: DescriptorProto) -> dict[int, tuple[str, int, int, str, bool]]:
    return {
        field.number: (field.name, field.type, field.label, field.type_name, field.HasField("oneof_index"))
        for field in message.field
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_compiler_reads_back_the_same_types(file: FileDescriptor, tmp_path: Path) -> None:
    before, after = _proto(file), compiled(file, tmp_path)
    assert [each.name for each in after.message_type] == [each.name for each in before.message_type]
    for left, right in zip(after.message_type, before.message_type, strict=True):
        assert fields_of(left) == fields_of(right)
    values = [
        [(value.name, value.number) for enum in each.enum_type for value in enum.value] for each in (before, after)
    ]
    assert values[0] == values[1]


def test_the_head_names_the_schema_and_the_message() -> None:
    assert wire_head(258, engine_events_pb2.EventBlock.DESCRIPTOR) == b"\x00\x00\x00\x01\x02\x00"
    order_event = [each.name for each in _proto(engine_events_pb2.DESCRIPTOR).message_type].index("OrderEvent")
    assert wire_head(1, engine_events_pb2.OrderEvent.DESCRIPTOR) == bytes([0, 0, 0, 0, 1, 2, 2 * order_event])


def _proto(file: FileDescriptor) -> FileDescriptorProto:
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    return proto
