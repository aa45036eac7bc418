#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tensor digests of docs/formats/tensor-digest.md, written from that page and from nothing else.

    python3 digests.py > digests.json           vectors for the tests
    python3 digests.py FILE.safetensors ...     the listing and the tensor digest of a model

Needs Python 3 alone. Reads whole tensors: it is meant to be short, not fast.
"""

import hashlib
import json
import struct
import sys


def tensor_digest(dtype, shape, data):
    prefix = b"weighlock/tensor" + struct.pack("<II16sQ", 1, len(shape), dtype.encode(), len(data))
    prefix += b"".join(struct.pack("<Q", n) for n in shape)
    prefix += bytes(-len(prefix) % 64)
    return hashlib.sha256(prefix + data).hexdigest()


def line(digest, name):
    if any(byte in name for byte in b"\\\n\r"):
        name = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
        return b"\\" + digest.encode() + b"  " + name + b"\n"
    return digest.encode() + b"  " + name + b"\n"


def listing(tensors):
    return b"".join(line(tensor_digest(*tensors[name]), name) for name in sorted(tensors))


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        tensors = {}
        for name, info in header.items():
            begin, end = info["data_offsets"]
            file.seek(8 + length + begin)
            tensors[name.encode()] = (info["dtype"], info["shape"], file.read(end - begin))
        return tensors


def stream(seed, count):
    block = b""
    while len(block) < min(count, 4099):  # a prime: no buffer has this period
        block += hashlib.sha256(f"{seed}/{len(block)}".encode()).digest()
    block = block[:4099]
    return (block * (count // len(block) + 1))[:count] if count else b""


SIZES = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
         "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}


def make(name, dtype, shape):
    bits = SIZES[dtype]
    for n in shape:
        bits *= n
    return name.encode(), (dtype, shape, stream(name, bits // 8))


MODELS = [
    [],
    [make("scalar", "F32", [])],
    [make(f"every.{dtype}", dtype, [4, 2]) for dtype in SIZES],
    [make("empty", "F16", [0, 5]), make("two", "BF16", [3, 7]), make("three", "I64", [2, 1, 3]), make("nine", "U8", [1] * 9 + [5])],
    [make("a\\b", "U8", [1]), make("a\nb", "U8", [2]), make("a\rb", "U8", [3]), make("", "U8", [4]), make("\u00e9", "U8", [5]), make("e\u0301", "U8", [6]),
     make("Z", "U8", [7]), make("\U0001f600", "U8", [8]), make("\uffff", "U8", [9])],
    [make("large", "F32", [300, 1111]), make("larger", "F16", [777, 1001]), make("small", "I8", [63])],
]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        tensors = {}
        for path in sys.argv[1:]:
            tensors.update(read(path))
        text = listing(tensors)
        sys.stdout.buffer.write(text)
        print(hashlib.sha256(text).hexdigest() + "  (model)")
    else:
        out = []
        for model in MODELS:
            tensors = dict(model)
            out.append({
                "tensors": [{"name": name.decode(), "dtype": dtype, "shape": shape, "bytes": len(data), "digest": tensor_digest(dtype, shape, data)}
                            for name, (dtype, shape, data) in model],
                "listing": listing(tensors).decode(), "model": hashlib.sha256(listing(tensors)).hexdigest(),
            })
        json.dump(out, sys.stdout, indent=1)
        sys.stdout.write("\n")
