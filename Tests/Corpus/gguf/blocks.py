# SPDX-License-Identifier: Apache-2.0
"""Writes blocks.json: blocks of every quantised type of ggml and the numbers that they stand for.

The numbers are those of `gguf.quants.dequantize` of the PyPI package `gguf`; `Q8_1`, `Q8_K` and `Q1_0`, which it does not know, are
computed here with numpy from the layout in ggml's headers. Half of the blocks are noise with scales that are finite, the others
are what the package itself quantises, where it can. Run it in this directory with `gguf` and `numpy` installed.
"""
import json
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

# Where the scales of half precision are in a block; MXFP4 and NVFP4 have bytes of exponents, IQ1_M spreads its scale.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q8_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "IQ2_XXS": [0], "IQ2_XS": [0], "IQ2_S": [0],
    "IQ3_XXS": [0], "IQ3_S": [0], "IQ1_S": [0], "TQ1_0": [52], "TQ2_0": [64], "Q1_0": [0],
}
# The package still has the sizes of older layouts for the first one.
SIZES = {"Q8_1": (32, 36), "Q8_K": (256, 292), "Q1_0": (128, 18)}


def own(name, blocks):
    """The numbers of the types that the package does not know."""
    if name == "Q8_K":
        return blocks[:, :4].copy().view("<f4") * blocks[:, 4:260].view(np.int8).astype(np.float32)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    if name == "Q8_1":
        return scale * blocks[:, 4:].view(np.int8).astype(np.float32)
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little")
    return np.where(bits == 1, scale, -scale)


def main():
    random = np.random.default_rng(20260)
    cases = []
    for kind in T:
        elements, size = SIZES.get(kind.name) or GGML_QUANT_SIZES[kind]
        if elements == 1:
            continue
        count = 8 if elements < 256 else 4
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        for place in HALVES.get(kind.name, []):
            scale = (random.standard_normal(count) * 0.01).astype("<f2")
            scale[-1] = np.float16(6e-8)  # subnormal
            blocks[:, place:place + 2] = scale.view(np.uint8).reshape(count, 2)
        if kind.name == "Q8_K":
            blocks[:, :4] = random.standard_normal(count).astype("<f4").view(np.uint8).reshape(count, 4)
        if kind.name == "IQ1_M":
            blocks[:, 55] &= 0x3F  # below the exponent of infinity
        if kind.name in ("MXFP4", "NVFP4"):
            blocks[0, 0], blocks[1, 0], blocks[2, 0] = 0, 1, 0x7F
        try:
            made = quantize(random.standard_normal((2, elements)).astype(np.float32), kind)
            blocks = np.concatenate([blocks, made.reshape(2, size)])
        except NotImplementedError:
            pass
        numbers = own(kind.name, blocks) if kind.name in SIZES else dequantize(blocks, kind)
        numbers = np.ascontiguousarray(numbers, dtype="<f4")
        assert numbers.size == blocks.shape[0] * elements and np.isfinite(numbers).all(), kind.name
        cases.append({"type": kind.name, "blocks": blocks.tobytes().hex(), "numbers": numbers.tobytes().hex()})
    with open("blocks.json", "w") as file:
        json.dump(cases, file, indent=0)
        file.write("\n")


main()
