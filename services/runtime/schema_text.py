"""A protobuf file as text, for a schema registry: messages and enums, without comments, options and services.

What remains is what gives a record its meaning; rules of validation and routing are no business of its readers.
"""

from collections.abc import Iterable, Iterator

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor, OneofDescriptor

_SCALARS = {
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FIXED32: "fixed32",
    FieldDescriptor.TYPE_FIXED64: "fixed64",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_SFIXED32: "sfixed32",
    FieldDescriptor.TYPE_SFIXED64: "sfixed64",
    FieldDescriptor.TYPE_SINT32: "sint32",
    FieldDescriptor.TYPE_SINT64: "sint64",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}


def schema_text(file: FileDescriptor) -> str:
    """Return the proto3 source of a file's types, in their order: a type keeps its index."""
    lines = ['syntax = "proto3";', f"package {file.package};"]
    lines += [f'import "{imported.name}";' for imported in imports_of(file)]
    for message in file.message_types_by_name.values():  # in the order of the source
        lines += _message(message)
    for enum in file.enum_types_by_name.values():
        lines += _enum(enum)
    return "\n".join(lines) + "\n"


def imports_of(file: FileDescriptor) -> list[FileDescriptor]:
    """Return the files whose types the fields of this one have, by name; those imported for options are none."""
    found = {
        used.file.name: used.file
        for message in file.message_types_by_name.values()
        for field in _all_fields(message)
        if (used := field.message_type or field.enum_type) is not None and used.file.name != file.name
    }
    return [found[name] for name in sorted(found)]


def _all_fields(message: Descriptor) -> Iterator[FieldDescriptor]:
    yield from message.fields
    for nested in message.nested_types:
        yield from _all_fields(nested)


def _message(message: Descriptor) -> list[str]:
    assert not message.GetOptions().map_entry, "maps are not written"
    lines = [f"message {message.name} {{"]
    for enum in message.enum_types:
        lines += _indented(_enum(enum))
    for nested in message.nested_types:
        lines += _indented(_message(nested))
    for field in message.fields:
        if _choice(field) is None:
            lines += _indented([_field(field)])
    for choice in message.oneofs:
        if _is_choice(choice):
            lines += _indented([f"oneof {choice.name} {{", *_indented(map(_field, choice.fields)), "}"])
    return [*lines, "}"]


def _enum(enum: EnumDescriptor) -> list[str]:
    return [f"enum {enum.name} {{", *_indented(f"{value.name} = {value.number};" for value in enum.values), "}"]


def _field(field: FieldDescriptor) -> str:
    named = field.message_type or field.enum_type
    kind = named.full_name if named is not None else _SCALARS[field.type]
    return f"{_label(field)}{kind} {field.name} = {field.number};"


def _label(field: FieldDescriptor) -> str:
    if field.is_repeated:
        return "repeated "
    explicit = field.has_presence and field.message_type is None and _choice(field) is None
    return "optional " if explicit else ""


def _choice(field: FieldDescriptor) -> OneofDescriptor | None:
    choice = field.containing_oneof
    return choice if choice is not None and _is_choice(choice) else None


def _is_choice(choice: OneofDescriptor) -> bool:
    """Tell a oneof that was written from one that the compiler made for an `optional` field."""
    return choice.name != f"_{choice.fields[0].name}"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
