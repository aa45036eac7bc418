# SPDX-License-Identifier: Apache-2.0
"""Writes the GGUF files of this directory and expected.json, what the PyPI package `gguf` reads from them.

Valid files are written by `gguf.GGUFWriter`; hostile ones are packed here by hand, byte by byte. The digests of tensors are
computed from docs/formats/tensor-digest.md with hashlib only. Run it in this directory with `gguf` and `numpy` installed.
"""
import hashlib, json, struct
import numpy as np
import gguf

OUT = {}


def digest(name, shape, raw):
    prefix = b"weighlock/tensor" + struct.pack("<II", 1, len(shape)) + name.encode().ljust(16, b"\0")
    prefix += struct.pack("<Q", len(raw)) + b"".join(struct.pack("<Q", d) for d in shape)
    prefix += b"\0" * (-len(prefix) % 64)
    return hashlib.sha256(prefix + raw).hexdigest()


def array_digest(kind, values):
    code = {"UINT8": "B", "INT8": "b", "UINT16": "H", "INT16": "h", "UINT32": "I", "INT32": "i", "FLOAT32": "f", "BOOL": "?",
            "UINT64": "Q", "INT64": "q", "FLOAT64": "d"}.get(kind.name)
    raw = struct.pack("<IQ", int(kind), len(values))
    for value in values:
        raw += struct.pack("<" + code, value) if code else string(value)
    return hashlib.sha256(raw).hexdigest()


def read(path):
    reader = gguf.GGUFReader(path)
    fields = {}
    for key, field in reader.fields.items():
        if key.startswith("GGUF."):
            continue
        value = field.contents()
        fields[key] = {"type": [t.name for t in field.types], "value": value}
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            fields[key]["digest"] = array_digest(field.types[-1], value)
            if len(value) > 100:
                fields[key]["value"] = value[:3]
            fields[key]["count"] = len(value)
    tensors = []
    for t in reader.tensors:
        shape = [int(d) for d in reversed(t.shape.tolist())]
        raw = t.data.tobytes()
        name = t.tensor_type.name
        block = gguf.GGML_QUANT_SIZES[t.tensor_type][0]
        plain = t.data.astype(t.data.dtype.newbyteorder("<")).tobytes() if block == 1 else raw
        tensors.append({
            "name": t.name, "shape": shape, "type": name, "begin": int(t.data_offset), "bytes": int(t.n_bytes),
            "digest": digest(name if block == 1 else "ggml/" + name, shape, plain),
        })
    return {"fields": fields, "tensors": tensors}


def valid(name, build, endian=gguf.GGUFEndian.LITTLE):
    writer = gguf.GGUFWriter(name, "llama", endianess=endian)
    build(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    OUT[name] = read(name)


def everything(w):
    w.add_name("Every value type")
    for kind, value in [("uint8", 200), ("int8", -100), ("uint16", 60000), ("int16", -30000), ("uint32", 4000000000),
                        ("int32", -2000000000), ("uint64", 1 << 63), ("int64", -(1 << 62)), ("float32", 0.5), ("float64", 0.1)]:
        getattr(w, "add_" + kind)("test." + kind, value)
    w.add_bool("test.true", True)
    w.add_bool("test.false", False)
    w.add_string("test.text", "Grüße \U0001F600\n")
    w.add_array("test.ints", [1, -2, 3])
    w.add_array("test.floats", [1.5, -2.25])
    w.add_array("test.strings", ["a", "", "ü"])
    w.add_array("test.bools", [True, False])
    w.add_chat_template([{"name": "default", "template": "{{ messages[0].content }}"},
                         {"name": "tool_use", "template": "{{ tools }}"}])
    rng = np.random.default_rng(7)
    w.add_tensor("a.weight", rng.standard_normal((3, 5), dtype=np.float32))
    w.add_tensor("b.half", rng.standard_normal((2, 2, 4)).astype(np.float16))
    w.add_tensor("c.double", rng.standard_normal(3))
    for kind in (np.int8, np.int16, np.int32, np.int64):
        w.add_tensor("d." + kind.__name__, np.arange(-3, 4, dtype=kind))


def quantized(w):
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    rng = np.random.default_rng(8)
    for kind in gguf.GGMLQuantizationType:
        block, size = gguf.GGML_QUANT_SIZES[kind]
        if block == 1 and kind != gguf.GGMLQuantizationType.BF16 or kind == gguf.GGMLQuantizationType.Q8_1:
            continue
        count = 2 * (block if block > 1 else 8)
        raw = rng.integers(0, 256, size=(2, count // block * size), dtype=np.uint8)
        w.add_tensor("blk." + kind.name, raw, raw_dtype=kind)


def vocabulary(w):
    w.add_token_list([f"token{i}" for i in range(3000)])
    w.add_token_scores([i / 4 for i in range(3000)])
    w.add_token_types([i % 6 for i in range(3000)])


def aligned(w):
    w.add_custom_alignment(128)
    w.add_tensor("x", np.ones((4,), dtype=np.float32))
    w.add_tensor("y", np.ones((4,), dtype=np.float32))


def big(w):
    w.add_uint32("test.uint32", 7)
    w.add_array("test.strings", ["a", "b"])
    w.add_array("test.longs", list(range(2000)))
    w.add_tensor("a", np.arange(6, dtype=np.float32).reshape(2, 3))


def string(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw)) + raw


def header(tensors, entries, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries)


def tensor(name, dims, kind, begin):
    return string(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims) + struct.pack("<IQ", kind, begin)


def padded(head, data=b"", alignment=32):
    return head + b"\0" * (-len(head) % alignment) + data


HOSTILE = {
    "empty.gguf": (b"", "bytes"),
    "other-magic.gguf": (b"GGML" + b"\0" * 20, "notGGUF"),
    "version-0.gguf": (header(0, 0, 0), "version"),
    "version-4.gguf": (header(0, 0, 4), "version"),
    "count-of-tensors.gguf": (header(1 << 63, 0), "overLimit"),
    "count-of-metadata.gguf": (header(0, (1 << 64) - 1), "overLimit"),
    "cut-in-key.gguf": (header(0, 1) + string("abc")[:9], "bytes"),
    "key-length.gguf": (header(0, 1) + struct.pack("<Q", (1 << 64) - 1) + b"x", "overLimit"),
    "string-length.gguf": (header(0, 1) + string("k") + struct.pack("<IQ", 8, (1 << 63)), "overLimit"),
    "string-longer-than-file.gguf": (header(0, 1) + string("k") + struct.pack("<IQ", 8, 1000) + b"x", "bytes"),
    "value-type.gguf": (header(0, 1) + string("k") + struct.pack("<I", 13), "valueType"),
    "array-length.gguf": (header(0, 1) + string("k") + struct.pack("<IIQ", 9, 10, (1 << 61)), "overLimit"),
    "array-longer-than-file.gguf": (header(0, 1) + string("k") + struct.pack("<IIQ", 9, 10, 1 << 20), "bytes"),
    "array-element-type.gguf": (header(0, 1) + string("k") + struct.pack("<IIQ", 9, 99, 0), "valueType"),
    "nested-9.gguf": (header(0, 1) + string("k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9 + struct.pack("<IQ", 0, 0), "overLimit"),
    "alignment-0.gguf": (header(0, 1) + string("general.alignment") + struct.pack("<II", 4, 0), "alignment"),
    "alignment-48.gguf": (header(0, 1) + string("general.alignment") + struct.pack("<II", 4, 48), "alignment"),
    "alignment-text.gguf": (header(0, 1) + string("general.alignment") + struct.pack("<I", 8) + string("32"), "alignment"),
    "rank-5.gguf": (header(1, 0) + tensor("t", [1] * 5, 0, 0), "rank"),
    "elements-overflow.gguf": (padded(header(1, 0) + tensor("t", [1 << 40, 1 << 40], 0, 0), bytes(64)), "overflow"),
    "bytes-overflow.gguf": (padded(header(1, 0) + tensor("t", [(1 << 62)], 0, 0), bytes(64)), "overflow"),
    "offset-overflow.gguf": (padded(header(1, 0) + tensor("t", [4], 0, (1 << 64) - 32), bytes(64)), "overflow"),
    "outside.gguf": (padded(header(1, 0) + tensor("t", [100], 0, 0), bytes(64)), "outsideFile"),
    "outside-by-one.gguf": (padded(header(1, 0) + tensor("t", [16], 0, 0), bytes(63)), "outsideFile"),
    "partial-block.gguf": (padded(header(1, 0) + tensor("t", [33], 2, 0), bytes(64)), "partialBlock"),
    "product-of-zero.gguf": (padded(header(1, 0) + tensor("t", [1 << 40, 0, 1 << 40], 0, 0), b""), "ok:"),
    "version-1.gguf": (b"GGUF" + struct.pack("<III", 1, 0, 1) + struct.pack("<I", 1) + b"k" + struct.pack("<I", 8) + struct.pack("<I", 2) + b"hi", "ok:oldVersion"),
    "version-2.gguf": (header(0, 0, 2), "ok:"),
    "duplicate-key.gguf": (header(0, 2) + (string("k") + struct.pack("<IB", 0, 1)) + (string("k") + struct.pack("<IB", 0, 2)), "ok:duplicateKey"),
    "duplicate-tensor.gguf": (padded(header(2, 0) + tensor("t", [8], 0, 0) + tensor("t", [8], 0, 32), bytes(64)), "ok:duplicateTensor"),
    "overlap.gguf": (padded(header(2, 0) + tensor("a", [16], 0, 0) + tensor("b", [8], 0, 32), bytes(64)), "ok:overlap"),
    "misaligned.gguf": (padded(header(1, 0) + tensor("a", [4], 0, 4), bytes(32)), "ok:misaligned,gap"),
    "gap.gguf": (padded(header(2, 0) + tensor("a", [8], 0, 0) + tensor("b", [8], 0, 96), bytes(128)), "ok:gap"),
    "gap-in-front.gguf": (padded(header(1, 0) + tensor("a", [8], 0, 64), bytes(96)), "ok:gap"),
    "trailing.gguf": (padded(header(1, 0) + tensor("a", [8], 0, 0), bytes(32) + b"#!/bin/sh"), "ok:trailing"),
    "trailing-no-tensors.gguf": (padded(header(0, 0), b"#!/bin/sh" + bytes(64)), "ok:trailing"),
    "unknown-type.gguf": (padded(header(1, 0) + tensor("a", [8], 77, 0), bytes(32)), "ok:unknownType"),
    "removed-type.gguf": (padded(header(1, 0) + tensor("a", [32], 31, 0), bytes(32)), "ok:unknownType"),
    "long-name.gguf": (padded(header(1, 0) + tensor("n" * 64, [8], 0, 0), bytes(32)), "ok:longName"),
    "not-utf8.gguf": (header(0, 1) + string(b"k\xff") + struct.pack("<I", 8) + string(b"\xfe"), "ok:notUTF8,notUTF8"),
    "boolean-2.gguf": (header(0, 1) + string("k") + struct.pack("<IB", 7, 2), "ok:boolean"),
    "nested-2.gguf": (header(0, 1) + string("k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 0, 2) + b"\1\2", "ok:nestedArray"),
}

valid("everything.gguf", everything)
valid("quantized.gguf", quantized)
valid("vocabulary.gguf", vocabulary)
valid("aligned-128.gguf", aligned)
valid("big-endian.gguf", big, gguf.GGUFEndian.BIG)
valid("no-tensors.gguf", lambda w: w.add_name("nothing"))
verdicts = {}
for name, (data, verdict) in HOSTILE.items():
    with open(name, "wb") as file:
        file.write(data)
    verdicts[name] = verdict
with open("expected.json", "w") as file:
    json.dump({"valid": OUT, "verdicts": verdicts}, file, ensure_ascii=False, indent=1, sort_keys=True)
    file.write("\n")
