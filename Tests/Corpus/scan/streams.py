# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/PickleTests/Vectors/streams.json: random pickles and what CPython says of them.

    streams.py [SEED [COUNT]] > streams.json

Each row is [hex, offsets, c, py]: the stream; the offsets of its instructions according to `pickletools.genops`, or null where
it refuses; whether the C unpickler and whether the Python unpickler accept it. Both unpicklers get a `find_class` that returns an
inert class whatever the name, and a `persistent_load` that returns an inert object: nothing that a stream names is ever looked up.
"""
import io
import json
import pickle
import pickletools
import random
import resource
import struct
import sys


class Inert:
    """Takes everything and does nothing."""

    def __new__(cls, *arguments, **keywords):
        return object.__new__(cls)

    def __init__(self, *arguments, **keywords):
        pass

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        hash(key)

    def append(self, value):
        pass

    def extend(self, values):
        pass

    def add(self, value):
        hash(value)


class Fast(pickle.Unpickler):
    def find_class(self, module, name):
        return Inert

    def persistent_load(self, identifier):
        return Inert()


class Slow(pickle._Unpickler):
    def find_class(self, module, name):
        return Inert

    def persistent_load(self, identifier):
        return Inert()


def accepts(kind, data):
    try:
        kind(io.BytesIO(data)).load()
        return True
    except RecursionError:
        raise
    except Exception:
        return False


def offsets(data):
    try:
        return [place for _, _, place in pickletools.genops(data)]
    except Exception:
        return None


PUSH = [
    lambda r: b"N", lambda r: b"\x88", lambda r: b"\x89", lambda r: b")", lambda r: b"]", lambda r: b"}", lambda r: b"\x8f",
    lambda r: b"K" + r.randbytes(1), lambda r: b"M" + r.randbytes(2), lambda r: b"J" + r.randbytes(4),
    lambda r: b"G" + r.randbytes(8), lambda r: b"I%d\n" % r.randint(-10**r.randint(1, 25), 10**r.randint(1, 25)),
    lambda r: r.choice([b"I00\n", b"I01\n", b"I7\n", b"I-3\n", b"I+4\n", b"I0x10\n", b"I010\n", b"I1_0\n", b"I 5\n", b"I\n", b"Ix\n"]),
    lambda r: b"L%dL\n" % r.randint(-10**30, 10**30), lambda r: r.choice([b"L5\n", b"L-0L\n", b"LL\n", b"L12LL\n"]),
    lambda r: b"F" + r.choice([b"1.5", b"-2e3", b"inf", b"nan", b"1e999", b".5", b"5.", b"1_0.0", b" 1", b"", b"0x1p3", b"x"]) + b"\n",
    lambda r: b"\x8a" + bytes([n := r.randint(0, 12)]) + r.randbytes(n), lambda r: b"\x8b" + struct.pack("<i", n := r.randint(-1, 12)) + r.randbytes(max(n, 0)),
    lambda r: b"S" + r.choice([b"'a'", b'"b"', b"'a\\x41'", b"'\\n\\101'", b"'\\q'", b"'", b"''", b"'a\"", b"x", b"'\\x4'", b"'\\'", b"'\xff'", b"''a'"]) + b"\n",
    lambda r: b"T" + struct.pack("<i", n := r.randint(-1, 6)) + bytes(r.choice(b"abcz") for _ in range(max(n, 0))),
    lambda r: b"U" + bytes([n := r.randint(0, 6)]) + bytes(r.choice(b"abcz") for _ in range(n)),
    lambda r: b"V" + r.choice([b"abc", b"\\u0041", b"\\U0001f600", b"\\ud800", b"\\u00", b"\\\\u0041", b"\xe9", b"", b"\\", b"\\U00110000", b"\\x41"]) + b"\n",
    lambda r: b"X" + struct.pack("<I", len(t := text(r))) + t, lambda r: b"\x8c" + bytes([len(t := text(r))]) + t,
    lambda r: b"\x8d" + struct.pack("<Q", len(t := text(r))) + t, lambda r: b"B" + struct.pack("<I", n := r.randint(0, 5)) + r.randbytes(n),
    lambda r: b"C" + bytes([n := r.randint(0, 5)]) + r.randbytes(n), lambda r: b"\x8e" + struct.pack("<Q", n := r.randint(0, 5)) + r.randbytes(n),
    lambda r: b"\x96" + struct.pack("<Q", n := r.randint(0, 5)) + r.randbytes(n), lambda r: b"Pid\n",
    lambda r: b"c" + r.choice([b"collections\nOrderedDict\n", b"m\nn.o\n", b"\nx\n", b"\xc3\xa9\nx\n", b"\xff\nx\n", b"os\nsystem\n"]),
    lambda r: b"h" + bytes([r.randint(0, 6)]), lambda r: b"g%d\n" % r.randint(0, 6), lambda r: b"j" + struct.pack("<I", r.randint(0, 6)),
    lambda r: b"\x82" + r.randbytes(1), lambda r: b"\x97",
]


def text(r):
    return r.choice([b"abc", b"", b"os", b"system", "é€😀".encode(), b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xff", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])


UNARY = [b"2", b"0", b"q\x01", b"q\x05", b"p3\n", b"r\x04\0\0\0", b"\x94", b"\x85", b"Q", b"b", b"\x98"]
BINARY = [b"\x86", b"R", b"\x81", b"a", b"b", b"\x93"]
MARKED = [b"t", b"l", b"d", b"e", b"u", b"\x90", b"\x91", b"1", b"o", b"im\nn\n"]


def piece(r, depth=0):
    """Instructions that leave one value, mostly."""
    kind = r.random()
    if depth > 3 or kind < 0.35:
        return r.choice(PUSH)(r)
    if kind < 0.5:
        return piece(r, depth + 1) + r.choice(UNARY)
    if kind < 0.62:
        return b"cm\nC\n" + r.choice([b")", piece(r, depth + 1) + b"\x85"]) + r.choice([b"R", b"\x81"]) + r.choice([b"", b"}b", b"Nb"])
    if kind < 0.7:
        return piece(r, depth + 1) + piece(r, depth + 1) + r.choice(BINARY)
    if kind < 0.75:
        return b"\x8c\x01m\x8c\x01n\x93"
    if kind < 0.79:
        return b"cm\nC\n" + b")}" + b"\x92"
    inner = b"".join(piece(r, depth + 1) for _ in range(r.randint(0, 4)))
    head = r.choice([b"", b"]", b"}", b"\x8f", b"]", b"}"])
    tail = {b"]": b"e", b"}": b"u", b"\x8f": b"\x90"}.get(head, r.choice(MARKED)) if r.random() < 0.8 else r.choice(MARKED)
    return head + b"(" + inner + tail


def stream(r):
    data = piece(r) + b"."
    if r.random() < 0.2:
        data = b"".join(piece(r) for _ in range(3)) + data
    if r.random() < 0.35:
        size = len(data) if r.random() < 0.6 else r.randint(0, len(data) + 2)
        data = b"\x95" + struct.pack("<Q", size) + data
    if r.random() < 0.7:
        data = b"\x80" + bytes([r.choice([0, 1, 2, 3, 4, 5, 5, 4, 2, 6])]) + data
    if r.random() < 0.35:
        data = bytearray(data)
        for _ in range(r.randint(1, 3)):
            what = r.randint(0, 3)
            place = r.randrange(len(data)) if data else 0
            if what == 0 and data:
                data[place] = r.randrange(256)
            elif what == 1 and data:
                del data[place]
            elif what == 2:
                data.insert(place, r.choice(b"(.0123)]}aebhqlt\x85\x86\x93\x94\x95\x80"))
            else:
                del data[place:]
        data = bytes(data)
    return data


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    # A memo entry or a length of four billion must not take the machine with it.
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    r = random.Random(seed)
    seen = set()
    rows = []
    while len(rows) < count:
        data = stream(r)
        if len(data) > 120 or data in seen:
            continue
        seen.add(data)
        rows.append([data.hex(), offsets(data), accepts(Fast, data), accepts(Slow, data)])
    print('{"python": "%s", "seed": %d, "rows": [' % (sys.version.split()[0], seed))
    print(",\n".join(json.dumps(row, separators=(",", ":")) for row in rows))
    print("]}")


main()
