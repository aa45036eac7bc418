#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What numpy makes of some slices: the oracle for lazy reads.

    python slices.py > slices.json          needs numpy

The array of a shape holds 0, 1, 2 … as 16-bit numbers. An index is null (:), a number, or [start, stop, step] with
nulls. The result is a shape and its numbers, or null where numpy raises IndexError.
"""

import json
import random
import sys

import numpy


def result(shape, indices):
    array = numpy.arange(int(numpy.prod(shape, dtype=numpy.int64)), dtype=numpy.uint16).reshape(shape)
    key = tuple(slice(None) if i is None else slice(*i) if isinstance(i, list) else i for i in indices)
    try:
        taken = array[key]
    except IndexError:
        return None
    return {"shape": list(taken.shape), "values": numpy.ascontiguousarray(taken).ravel().tolist()}


def main():
    generator = random.Random(11)
    cases = []
    for _ in range(1200):
        shape = [generator.randrange(0, 6) if generator.random() < 0.1 else generator.randrange(1, 7) for _ in range(generator.randrange(0, 5))]
        indices = []
        for size in shape[: generator.randrange(0, len(shape) + 1)]:
            kind = generator.random()
            if kind < 0.2:
                indices.append(None)
            elif kind < 0.45:
                indices.append(generator.randrange(-size - 1, size + 1))
            else:
                place = lambda: None if generator.random() < 0.25 else generator.randrange(-size - 3, size + 4)
                indices.append([place(), place(), generator.choice([1, 1, 1, 2, 3, 7])])
        cases.append({"shape": shape, "indices": indices, "result": result(shape, indices)})
    sys.stdout.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
