# SPDX-License-Identifier: Apache-2.0
"""Python's side: `python rival.py WORK ROUNDS FILE [ARGUMENT]` prints the seconds of each repetition, one a line."""

import sys
import time

import safetensors.numpy
from safetensors import safe_open


def main():
    work, rounds, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if work == "open":
        def once():
            return safe_open(path, "np")
    elif work == "load":
        def once():
            return safetensors.numpy.load_file(path)
    elif work in ("row", "columns"):
        opened = safe_open(path, "np", backend=sys.argv[5] if len(sys.argv) > 5 else "mmap")
        part = opened.get_slice(sys.argv[4])
        middle = part.get_shape()[0] // 2

        def once():
            return part[middle] if work == "row" else part[:, 128:192]
    elif work == "write":
        tensors = safetensors.numpy.load_file(path)

        def once():
            safetensors.numpy.save_file(tensors, sys.argv[4])
    else:
        sys.exit(f"no such work: {work}")
    for _ in range(rounds):
        began = time.perf_counter()
        result = once()
        print(time.perf_counter() - began, flush=True)
        del result


if __name__ == "__main__":
    main()
