"""Writes down messages, fields and services as the servers' own packages describe them.

usage: pip install --no-deps -r requirements.txt && python make_descriptors.py > ../test/fixtures/official-protos.json

The packages are read, not imported: some would want all of TensorFlow or PyTorch. TensorFlow's own messages come from
TensorBoard, which carries copies of them under another package name.
"""

import ast
import json
import pathlib
import re
import struct
import sys
import sysconfig
import zipfile

from google.protobuf import descriptor_pb2

site = pathlib.Path(sysconfig.get_paths()["purelib"])
KINDS = {
    value.number: value.name.removeprefix("TYPE_")
    for value in descriptor_pb2.FieldDescriptorProto.Type.DESCRIPTOR.values
}


def from_python(path):
    """The descriptor that a generated Python module carries as a literal."""
    text = path.read_text(encoding="utf-8")
    # Older generators write a text whose characters are the bytes.
    new, old = "AddSerializedFile(b", "serialized_pb=_b("
    start = text.index(new) + len(new) - 1 if new in text else text.index(old) + len(old)
    literal = re.match(r"\s*b?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", text[start:], re.DOTALL)[0].strip()
    found = ast.literal_eval(literal)
    return descriptor_pb2.FileDescriptorProto.FromString(found if isinstance(found, bytes) else found.encode("latin-1"))


def constants(data):
    """Text constants of a Java class file, decoded to bytes; those beyond Latin-1 are no part of a descriptor."""
    count = struct.unpack(">H", data[8:10])[0]
    at, index = 10, 1
    sizes = {3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 9: 5, 10: 5, 11: 5, 12: 5, 15: 4, 16: 3, 17: 5, 18: 5, 19: 3, 20: 3}
    while index < count:
        tag = data[at]
        if tag == 1:
            length = struct.unpack(">H", data[at + 1 : at + 3])[0]
            raw = data[at + 3 : at + 3 + length].replace(b"\xc0\x80", b"\x00")
            try:
                yield raw.decode("utf-8").encode("latin-1")
            except UnicodeError:
                pass
            at += 3 + length
        else:
            at += sizes[tag]
            index += 1 if tag in (5, 6) else 0
        index += 1


def from_java(archive, name):
    """The descriptor that a generated Java class carries, in one constant or in several."""
    parts = list(constants(archive.read(name)))
    first = next(i for i, part in enumerate(parts) if part[:1] == b"\n" and b".proto" in part[:60])
    for end in range(first + 1, first + 6):
        try:
            found = descriptor_pb2.FileDescriptorProto.FromString(b"".join(parts[first:end]))
        except Exception:  # noqa: BLE001 - the next constant belongs to it
            continue
        if found.service:
            return found
    raise ValueError(name)


def describe(file, rename=lambda name: name):
    """Fields by message and methods by service, with full names."""
    messages, enums, services = {}, {}, {}

    def add(message, scope):
        name = f"{scope}.{message.name}"
        messages[rename(name)] = {
            field.name: {
                "number": field.number,
                "type": KINDS[field.type],
                "repeated": field.label == field.LABEL_REPEATED,
                **({"of": rename(field.type_name[1:])} if field.type_name else {}),
            }
            for field in message.field
        }
        for nested in message.nested_type:
            add(nested, name)
        for nested in message.enum_type:
            enums[rename(f"{name}.{nested.name}")] = {value.name: value.number for value in nested.value}

    for message in file.message_type:
        add(message, file.package)
    for enum in file.enum_type:
        enums[rename(f"{file.package}.{enum.name}")] = {value.name: value.number for value in enum.value}
    for service in file.service:
        services[f"{file.package}.{service.name}"] = {
            method.name: [rename(method.input_type[1:]), rename(method.output_type[1:])] for method in service.method
        }
    return {"messages": messages, "enums": enums, "services": services}


def main():
    serving = site / "tensorflow_serving" / "apis"
    tensorflow = site / "tensorboard" / "compat" / "proto"
    archive = zipfile.ZipFile(site / "ts" / "frontend" / "model-server.jar")
    described = [
        *(
            describe(from_python(site / "tritonclient" / "grpc" / f"{name}_pb2.py"))
            for name in ("service", "model_config")
        ),
        *(
            describe(from_python(serving / f"{name}_pb2.py"))
            for name in (
                "predict",
                "model",
                "get_model_metadata",
                "get_model_status",
                "status",
                "prediction_service",
                "model_service",
            )
        ),
        *(
            describe(from_python(tensorflow / f"{name}_pb2.py"), lambda name: re.sub(r"^tensorboard\.", "tensorflow.", name))
            for name in ("tensor", "types", "tensor_shape", "meta_graph")
        ),
        describe(from_java(archive, "org/pytorch/serve/grpc/inference/Inference.class")),
        describe(from_java(archive, "org/pytorch/serve/grpc/management/Management.class")),
    ]
    merged = {kind: {} for kind in ("messages", "enums", "services")}
    for each in described:
        for kind, entries in each.items():
            merged[kind].update(entries)
    json.dump(merged, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
