#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes `blocks.json`: pairs of tensors of which at least one is in ggml's blocks, and what numpy says of their distance.

    python3 blocks.py > blocks.json

Blocks are decoded by the PyPI package `gguf` and compared with numpy alone; shares no code with the program.
"""

import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

RANDOM = np.random.default_rng(20261122)
HALVES = {"Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q2_K": [80, 82], "IQ4_XS": [0], "IQ2_XXS": [0]}
PLAIN = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}
cases = []


def noise(kind, count):
    """Blocks of any bits, with scales that are finite."""
    elements, size = GGML_QUANT_SIZES[kind]
    blocks = RANDOM.integers(0, 256, (count // elements, size), dtype=np.uint8)
    for place in HALVES[kind.name]:
        scale = (RANDOM.standard_normal(len(blocks)) * 0.01).astype("<f2")
        blocks[:, place:place + 2] = scale.view(np.uint8).reshape(-1, 2)
    return blocks


def decoded(name, raw):
    if name in PLAIN:
        return raw.ravel().astype(np.float64)
    if name == "BF16":
        return (raw.astype("<u4") << 16).view("<f4").astype(np.float64).ravel()
    return dequantize(raw, T[name]).astype(np.float64).ravel()


def add(name, before, after, cast, same=False):
    one, other = decoded(*before), decoded(*after)
    assert one.size == other.size
    finite = np.isfinite(one) & np.isfinite(other)
    apart = np.abs(one[finite] - other[finite])
    squares, reference = float((apart ** 2).sum()), float((one[finite] ** 2).sum())
    differ = (one != other) & ~(np.isnan(one) & np.isnan(other))
    cases.append({
        "name": name, "count": int(one.size), "cast": cast, "same": same,
        "before": {"type": before[0], "bytes": before[1].tobytes().hex()},
        "after": {"type": after[0], "bytes": after[1].tobytes().hex()},
        "distance": {
            "maximum": float(apart.max()), "mean": float(apart.mean()),
            "relative": (squares / reference) ** 0.5 if squares else 0, "share": float(differ.mean()),
            "nonFinite": int((~np.isfinite(one)).sum() + (~np.isfinite(other)).sum()),
        },
    })


def main():
    numbers = RANDOM.standard_normal((2, 256)).astype("<f4") * 0.05
    made = {name: quantize(numbers, T[name]) for name in ("Q4_0", "Q4_1", "Q5_0", "Q8_0", "MXFP4", "TQ2_0")}
    for name, blocks in made.items():
        exact = dequantize(blocks, T[name]).astype("<f4")
        add(f"F32 to {name}", ("F32", numbers), (name, blocks), False)
        add(f"{name} to the numbers in F32", (name, blocks), ("F32", exact), True)
        add(f"{name} to the numbers in F16", (name, blocks), ("F16", exact.astype("<f2")), True)
        add(f"{name} to other numbers", (name, blocks), ("F32", numbers), False)
        add(f"the numbers in F64 to {name}", ("F64", exact.astype("<f8")), (name, blocks), True)
    bits = dequantize(made["Q8_0"], T.Q8_0).astype("<f4").view("<u4").astype("<u8")
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    add("Q8_0 to the numbers in BF16", ("Q8_0", made["Q8_0"]), ("BF16", rounded), True)
    add("Q8_0 cut off to BF16", ("Q8_0", made["Q8_0"]), ("BF16", (bits >> 16).astype("<u2")), False)
    add("Q8_0 to Q4_0", ("Q8_0", made["Q8_0"]), ("Q4_0", made["Q4_0"]), False)
    for one, other in [("Q4_K", "Q5_K"), ("Q6_K", "IQ4_XS"), ("Q2_K", "Q2_K"), ("IQ2_XXS", "Q4_0"), ("Q8_0", "Q6_K")]:
        before = made[one] if one in made else noise(T[one], 512)
        after = made[other] if other in made else noise(T[other], 512)
        add(f"{one} and {other}", (one, before), (other, after), False)
    moved = made["Q8_0"].copy()
    moved[1, 40] ^= 1
    add("one number of Q8_0 is another", ("Q8_0", made["Q8_0"]), ("Q8_0", moved), False)
    add("the same blocks", ("Q8_0", made["Q8_0"]), ("Q8_0", made["Q8_0"].copy()), True, same=True)
    zero, odd = np.zeros((2, 34), dtype=np.uint8), np.zeros((2, 34), dtype=np.uint8)
    odd[:, 2:] = RANDOM.integers(0, 256, (2, 32), dtype=np.uint8)
    add("zeros with a scale of zero, written otherwise", ("Q8_0", zero), ("Q8_0", odd), True)
    infinite = made["Q8_0"].copy()
    infinite[0, :2] = [0, 0x7C]
    add("a scale that is infinite", ("Q8_0", made["Q8_0"]), ("Q8_0", infinite), False)
    json.dump({"cases": cases}, sys.stdout, indent=0)
    print()


main()
