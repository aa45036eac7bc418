#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the reference's writer (Python `safetensors` 0.8.0) makes of some tensors.

    python writer.py > writer.json

Each case: the tensors in the order given, the metadata (at most one entry: the reference orders more of them at
random), and the file in hex.
"""

import ctypes
import json
import random
import sys

from safetensors import SafetensorError, TensorSpec, deserialize, serialize

# The reference's names for its writer, and the file's.
TYPES = {
    "bool": ("BOOL", 8), "uint8": ("U8", 8), "int8": ("I8", 8), "uint16": ("U16", 16), "int16": ("I16", 16), "uint32": ("U32", 32),
    "int32": ("I32", 32), "uint64": ("U64", 64), "int64": ("I64", 64), "float16": ("F16", 16), "float32": ("F32", 32),
    "float64": ("F64", 64), "bfloat16": ("BF16", 16), "float8_e4m3fn": ("F8_E4M3", 8), "float8_e5m2": ("F8_E5M2", 8),
    "float8_e8m0fnu": ("F8_E8M0", 8), "float8_e4m3fnuz": ("F8_E4M3FNUZ", 8), "float8_e5m2fnuz": ("F8_E5M2FNUZ", 8),
    "complex64": ("C64", 64),
}


def case(tensors, metadata):
    keep, specs, described = [], {}, []
    for name, dtype, shape, data in tensors:
        buffer = ctypes.create_string_buffer(bytes(data), max(1, len(data)))
        keep.append(buffer)
        specs[name] = TensorSpec(dtype=dtype, shape=shape, data_ptr=ctypes.addressof(buffer), data_len=len(data))
        described.append({"name": name, "dtype": TYPES[dtype][0], "shape": shape, "data": bytes(data).hex()})
    out = bytes(serialize(specs, metadata))
    try:
        deserialize(out)
        readable = True
    except SafetensorError:  # an empty `__metadata__` without tensors: the reference cannot read what it wrote
        readable = False
    return {"tensors": described, "metadata": metadata, "file": out.hex(), "readable": readable}


def tensor(generator, name, dtype, shape):
    count = TYPES[dtype][1] // 8
    for dimension in shape:
        count *= dimension
    return (name, dtype, shape, generator.randbytes(count))


def cases():
    generator = random.Random(7)
    yield case([], None)
    yield case([], {})
    yield case([], {"framework": "pt"})
    yield case([tensor(generator, "attn.0", "float32", [1, 2, 3])], None)
    yield case([tensor(generator, "attn0", "float32", [1, 1, 2, 3])], None)
    yield case([tensor(generator, "test2", "float16", [2, 2]), tensor(generator, "test1", "int32", [2, 2])], None)
    yield case([tensor(generator, "test", "int32", [2, 2])], {"framework": "pt"})
    yield case([tensor(generator, name, dtype, [3]) for name, dtype in zip("zyxwvutsrqponmlkjih", TYPES)], {"format": "pt"})
    odd = ["", "a\"b", "back\\slash", "new\nline", "tab\t", "\u0000\u0001\u001f\u007f", "\u00e9", "e\u0301", "\U0001f600", "../..", "A", "a", "\b\f\r", "\u2028"]
    yield case([tensor(generator, name, "uint8", [1]) for name in odd], {"k\"\\\n\u0007é": "v\u001f\u2029\"/"})
    yield case([tensor(generator, "scalar", "float64", []), tensor(generator, "empty", "int64", [0, 3]), tensor(generator, "z", "bool", [0])], None)
    for _ in range(30):
        names = list({"".join(generator.choice("ab.09_é") for _ in range(generator.randrange(1, 12))) for _ in range(generator.randrange(1, 20))})
        yield case(
            [tensor(generator, name, generator.choice(list(TYPES)), [generator.randrange(0, 4) for _ in range(generator.randrange(0, 4))])
             for name in sorted(names, key=lambda _: generator.random())],
            generator.choice([None, {}, {"format": "pt"}]))


if __name__ == "__main__":
    json.dump(list(cases()), sys.stdout, indent=0, ensure_ascii=True)
    sys.stdout.write("\n")
