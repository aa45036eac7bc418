#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes `weights.json`: pairs of tensors and what numpy says of their distance, and of one being the other rounded.

    python3 weights.py > weights.json

Written from the definitions in docs/formats/diff.md, with numpy alone; shares no code with the program. Types that numpy
does not have are decoded and rounded here, value by value, from their definitions.
"""

import json
import sys

import numpy as np

RANDOM = np.random.default_rng(20261121)


def floating(exponent_bits, mantissa_bits, bias, has_infinity, nans):
    """The values of all codes of a floating type of at most 8 bits."""
    width = 1 + exponent_bits + mantissa_bits
    values = []
    for code in range(1 << width):
        sign = -1.0 if code >> (width - 1) else 1.0
        exponent = code >> mantissa_bits & ((1 << exponent_bits) - 1)
        mantissa = code & ((1 << mantissa_bits) - 1)
        if code in nans:
            values.append(float("nan"))
        elif has_infinity and exponent == (1 << exponent_bits) - 1 and mantissa == 0:
            values.append(sign * float("inf"))
        elif exponent == 0:
            values.append(sign * mantissa * 2.0 ** (1 - bias - mantissa_bits))
        else:
            values.append(sign * (1 + mantissa / (1 << mantissa_bits)) * 2.0 ** (exponent - bias))
    return np.array(values)


SMALL = {
    "F8_E4M3": floating(4, 3, 7, False, {0x7F, 0xFF}),
    "F8_E5M2": floating(5, 2, 15, True, {0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF}),
    "F8_E4M3FNUZ": floating(4, 3, 8, False, {0x80}),
    "F8_E5M2FNUZ": floating(5, 2, 16, False, {0x80}),
    "F8_E8M0": np.array([2.0 ** (code - 127) for code in range(255)] + [float("nan")]),
    "F4": floating(2, 1, 1, False, set()),
    "F6_E2M3": floating(2, 3, 1, False, set()),
    "F6_E3M2": floating(3, 2, 3, False, set()),
}
PLAIN = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I8": "i1", "U8": "u1", "BOOL": "u1", "I16": "<i2", "U16": "<u2",
    "I32": "<i4", "U32": "<u4", "I64": "<i8", "U64": "<u8", "C64": "<c8",
}
WIDTH = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}


def values(kind, raw):
    """The numbers behind codes or plain arrays."""
    if kind == "BF16":
        return (raw.astype("<u4") << 16).view("<f4").astype("f8")
    if kind in SMALL:
        return SMALL[kind][raw]
    return raw.astype("c16") if kind == "C64" else raw if kind in ("I64", "U64") else raw.astype("f8")


def stored(kind, raw):
    """The bytes in a file."""
    if kind in WIDTH:
        bits = 0
        for place, code in enumerate(raw):
            bits |= int(code) << (place * WIDTH[kind])
        return bits.to_bytes(len(raw) * WIDTH[kind] // 8, "little")
    return raw.tobytes()


def to_bfloat(numbers):
    """Rounds F32 to the upper half of its bits, ties to even."""
    bits = numbers.astype("<f4").view("<u4").astype("u8")
    rounded = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")
    return np.where(np.isnan(numbers), np.uint16(0x7FC0), rounded).astype("<u2")


def to_small(kind, numbers):
    """Rounds to the nearest value of a small type, ties to the even code, values beyond the last one to the last one."""
    table = SMALL[kind]
    half = len(table) // 2
    finite = [code for code in range(half) if np.isfinite(table[code])]
    codes = []
    for number in numbers:
        distances = np.abs(table[finite] - abs(number))
        best = [code for code in finite if distances[code] == distances.min()]
        code = next((c for c in best if c % 2 == 0), best[0])
        codes.append(code + (half if number < 0 and table[code] != 0 else 0))
    return np.array(codes, dtype="u1")


def distance(before, after):
    """What numpy says of two arrays of numbers."""
    with np.errstate(all="ignore"):
        finite = np.isfinite(before) & np.isfinite(after)
        x, y = before[finite], after[finite]
        if before.dtype.kind in "iu":
            apart = np.array([abs(int(a) - int(b)) for a, b in zip(x, y)], dtype="f8")
            x = x.astype("f8")
        else:
            apart = np.abs(x - y)
        both_nan = np.isnan(before) & np.isnan(after) if before.dtype.kind in "fc" else np.zeros(before.shape, bool)
        norm = np.sqrt((np.abs(x) ** 2).sum())
        return {
            "maximum": float(apart.max(initial=0)), "mean": float(apart.mean()) if apart.size else 0.0,
            "relative": float(np.sqrt((apart ** 2).sum()) / norm) if norm else 0.0,
            "share": float(((before != after) & ~both_nan).mean()),
            "nonFinite": int((~np.isfinite(before)).sum() + (~np.isfinite(after)).sum()),
        }


def case(name, kind, before, other, after, cast=None):
    entry = {
        "name": name, "before": {"type": kind, "bytes": stored(kind, before).hex()},
        "after": {"type": other, "bytes": stored(other, after).hex()}, "count": len(before),
        "distance": distance(values(kind, before), values(other, after)),
    }
    if cast is not None:
        entry["cast"] = cast
    return entry


def perturbed(kind, count):
    """Two tensors of one type, of which some elements differ."""
    change = RANDOM.random(count) < 0.3
    if kind in SMALL:
        size = len(SMALL[kind])
        before = RANDOM.integers(0, size, count).astype("u1")
        return before, np.where(change, RANDOM.integers(0, size, count), before).astype("u1")
    if kind == "BF16":
        before = to_bfloat(RANDOM.standard_normal(count))
        return before, np.where(change, to_bfloat(RANDOM.standard_normal(count)), before).astype("<u2")
    kind_of = np.dtype(PLAIN[kind])
    if kind_of.kind in "iu":
        limits = np.iinfo(kind_of) if kind != "BOOL" else np.iinfo("u1")
        low, high = (0, 1) if kind == "BOOL" else (limits.min, limits.max)
        before = RANDOM.integers(low, high, count, dtype=kind_of, endpoint=True)
        return before, np.where(change, RANDOM.integers(low, high, count, dtype=kind_of, endpoint=True), before)
    before = RANDOM.standard_normal(count) * 3
    after = before + change * RANDOM.standard_normal(count) * 0.01
    if kind == "C64":
        before, after = before + 1j * RANDOM.standard_normal(count), after + 2j
    return before.astype(kind_of), after.astype(kind_of)


def main():
    cases = []
    for kind in list(PLAIN) + ["BF16"] + list(SMALL):
        # 8 to a byte at most: whole bytes for every type; around the kernel's blocks and lanes.
        for count in (8, 520) if kind in WIDTH else (1, 7, 513):
            before, after = perturbed(kind, count)
            cases.append(case(f"{kind} × {count}", kind, before, kind, after))
    special = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, np.nan, 2.0, np.inf, 5e-324], "<f8")
    against = np.array([-0.0, 0.0, np.nan, np.inf, 1.0, np.inf, 1.0, 2.0, -np.inf, 0.0], "<f8")
    for kind in ("F64", "F32", "F16"):
        with np.errstate(all="ignore"):
            cases.append(case(f"{kind} special", kind, special.astype(PLAIN[kind]), kind, against.astype(PLAIN[kind])))
    numbers = np.concatenate([
        RANDOM.standard_normal(400) * 10.0 ** RANDOM.integers(-8, 5, 400),
        # Ties of F16 and BF16, small numbers of either, and the ends.
        np.array([1 + 2.0 ** -11, 1 + 3 * 2.0 ** -11, 1 + 2.0 ** -8, 1 + 3 * 2.0 ** -8, 2.0 ** -25, 3 * 2.0 ** -25, 6e-8, 65519.0, 0.0, -0.0]),
    ])
    single = numbers.astype("<f4")
    wide = numbers + np.array([2.0 ** -40] * len(numbers)) * numbers
    with np.errstate(all="ignore"):
        cases += [
            case("F32 to BF16", "F32", single, "BF16", to_bfloat(single), True),
            case("F32 to BF16 by cutting", "F32", single, "BF16", (single.view("<u4") >> 16).astype("<u2"), False),
            case("F32 to F16", "F32", single, "F16", single.astype("<f2"), True),
            case("F32 to F16 that overflows", "F32", single * np.float32(1e4), "F16", (single * np.float32(1e4)).astype("<f2"), True),
            case("F64 to F32", "F64", wide, "F32", wide.astype("<f4"), True),
            case("F64 to F16", "F64", wide, "F16", wide.astype("<f2"), True),
            case("F64 to F16 through F32", "F64", wide, "F16", wide.astype("<f4").astype("<f2"), True),
            case("F64 to BF16 through F32", "F64", wide, "BF16", to_bfloat(wide.astype("<f4")), True),
            case("F16 to F32", "F16", single.astype("<f2"), "F32", single.astype("<f2").astype("<f4"), True),
            case("BF16 to F32", "BF16", to_bfloat(single), "F32", (to_bfloat(single).astype("<u4") << 16).view("<f4"), True),
            case("F16 to BF16", "F16", single.astype("<f2"), "BF16", to_bfloat(single.astype("<f2").astype("<f4")), True),
            case("I32 to I64", "I32", np.arange(-9, 9, dtype="<i4"), "I64", np.arange(-9, 9, dtype="<i8"), True),
            case("F32 to F16, one off", "F32", single, "F16", (single.astype("<f2").view("<u2") ^ (np.arange(len(single)) == 5)).astype("<u2").view("<f2"), False),
        ]
        modest = (RANDOM.standard_normal(256) * 2).astype("<f4")
        for kind in ("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F4", "F6_E2M3", "F6_E3M2"):
            codes = to_small(kind, modest)
            cases.append(case(f"F32 to {kind}", "F32", modest, kind, codes, True))
            cases.append(case(f"F32 to {kind}, one off", "F32", modest, kind, np.where(np.arange(256) == 9, codes ^ 1, codes).astype("u1"), False))
            numbers = values(kind, codes)
            cases.append(case(f"{kind} to F32", kind, codes, "F32", numbers.astype("<f4"), True))
    json.dump({"numpy": np.__version__, "cases": cases}, sys.stdout, indent=None, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
