#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks the reference (Python `safetensors` 0.8.0, a wrapper of the Rust crate) about many small files.

    python verdicts.py > verdicts.json

Writes [hex of the file, verdict] pairs; the verdict is "" or the reference's message, cut after 120 characters. The
cases: a table of single edits that touch one rule each, and seeded mutations of valid files.
"""

import json
import random
import struct
import sys

import safetensors

DATA = bytes(range(16))
REST = '"shape":[2,2],"data_offsets":[0,16]}}'


def file(header, data=DATA, length=None):
    header = header.encode("utf-8", "surrogatepass") if isinstance(header, str) else header
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def table():
    for kind in ['{"I32":{}}', '{"I32":[]}', '{"I32":null,"F32":null}', '{"I32":0}', "{}", '{"I32":{"a":1}}', '{"I32":null}',
                 '["I32"]', '{"I\\u00332":null}', '"I\\u00332"', '{"I32":null,}', '{"X":null}', "null", "1", '"i32"', '"I32 "', '""']:
        yield file('{"a":{"dtype":' + kind + "," + REST)
    for value in ["1e400", "1e308", "1e309", "-1e309", "123456789012345678901234567890e290", "0e999999999999", "1e-999999999999", "-1", "-0",
                  "0.1", "1.", ".5", "01", "-01", "00", "[1,]", "[,1]", '{"a":1,}', "tru", "true", "truee", "nul", '"\\x"', "0e400", "1E+5", "1e", "1e+",
                  "-", "+1", "1e99999999999", "0.0000001e315", "9" * 400, "1" + "0" * 308, "1" + "0" * 309, "1." + "9" * 400, "9" * 30 + "." + "5" * 30 + "e270",
                  "18446744073709551615e289", "18446744073709551616e289", "17976931348623157e292", "17976931348623159e292", "1797693134862315807e290",
                  "1797693134862315808e290", "1844674407370955161.5e290", "18446744073709551614.5e289", "0x10", "NaN", "Infinity", "'a'", "[[]]", "[{}]",
                  '{"a":[1,{"b":null}]}', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\n"', '"\\u12"', '"\\u12G4"', '"a\tb"', '"\x7f"', '"é"', "{1:2}", "[1 2]", '{"a" 1}', '{"a":}']:
        yield file('{"a":{"x":' + value + ',"dtype":"I32",' + REST)
    for number in ["0", "16", "16.0", "1.6e1", "-0", "-16", "016", "+16", '"16"', "null", "true", "18446744073709551615", "18446744073709551616",
                   "99999999999999999999", "184467440737095516150", "[16]", "1e400"]:
        yield file('{"a":{"dtype":"U8","shape":[' + number + '],"data_offsets":[0,16]}}')
        yield file('{"a":{"dtype":"U8","shape":[16],"data_offsets":[0,' + number + "]}}")
        yield file('{"a":{"dtype":"U8","shape":[16],"data_offsets":[' + number + ",16]}}")
    for text in ["", " ", "{", "}", "{}", "{}x", "{} {}", " {}", "\t\r\n{}\n", "\ufeff{}", "{},", "[]", "null", '""', "{\"a\"}", "{,}", '{"a":1}', '{"a":{}}', '{"a":[]}',
                 '{"__metadata__":null}', '{"__metadata__":{}}', '{"__metadata__":null,"__metadata__":null}', '{"__metadata__":{"a":null}}', '{"__metadata__":{"a":1}}',
                 '{"__metadata__":{"a":"b","a":"c"}}', '{"__metadata__":{"a":"b",}}', '{"__metadata__":"x"}', '{"__metadata__":[]}', '{"__metadat\\u0061__":{"a":"b"}}',
                 '{"__metadat\\u0061__":{},"__metadata__":{}}', '{"__metadata__":{"a":"\\ud800"}}', '{"__metadata__":{"\\u0000":"\\u0000"}}', "{}\x00", "{}\x0b", "{}\u00a0"]:
        yield file(text, b"")
    for text in ['{"a":[1,2],"a":{"dtype":"I32",' + REST, '{"a":{"dtype":"U8","shape":[],"data_offsets":[5,2]},"a":{"dtype":"I32",' + REST,
                 '{"a":{"dtype":"I32","dtyp\\u0065":"I32",' + REST, '{"a":["I32",[2,2],[0,16]]} \n\t\r', '{"a":[["I32"],[2,2],[0,16]]}',
                 '{"a":[{"I32":null},[2,2],[0,16]]}', '{"a":["I32",[2,2]]}', '{"a":["I32",[2,2],[0,16],0]}', '{"a":["I32",[2,2],[0,16,0]]}', '{"a":["I32",[2,2],[0]]}',
                 '{"a":{"dtype":"I32","shape":[2,2],"data_offsets":[]}}', '{"a":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16,]}}',
                 '{"a":{"dtype":"I32","shape":[2,2,],"data_offsets":[0,16]}}', '{"a":{"dtype":"I32","shape":[,2],"data_offsets":[0,16]}}',
                 '{"a":{"dtype":"U8","shape":[9223372036854775808,2],"data_offsets":[0,16]}}', '{"a":{"dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,16]}}',
                 '{"a":{"dtype":"I32","shape":[4611686018427387908],"data_offsets":[0,16]}}', '{"a":{"dtype":"U8","shape":[0,9223372036854775808,2],"data_offsets":[0,0]},"b":{"dtype":"I32",' + REST,
                 '{"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}',
                 '{"z":{"dtype":"U8","shape":[0],"data_offsets":[16,16]},"a":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]},"y":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}',
                 '{"z":{"dtype":"U8","shape":[0],"data_offsets":[17,17]},"a":{"dtype":"I32",' + REST, '{"a":{"dtype":"I32","shape":[2,2],"data_offsets":[16,0]}}']:
        yield file(text)
    for depth in [1, 124, 125, 126, 127, 128]:
        yield file('{"a":{"x":' + "[" * depth + "]" * depth + ',"dtype":"I32",' + REST)
        yield file('{"a":{"x":' + '{"a":' * depth + "1" + "}" * depth + ',"dtype":"I32",' + REST)
        yield file('{"a":{"x":' + '[{"a":' * (depth // 2) + "1" + "}]" * (depth // 2) + ',"dtype":"I32",' + REST)
    for length in [0, 1, 60, 61, 62, 63, 100_000_000, 100_000_001, 2**31, 2**32, 2**63 - 8, 2**63 - 1, 2**63, 2**64 - 8, 2**64 - 1]:
        yield file('{"a":{"dtype":"I32",' + REST, length=length)
    for bad in [b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x82", b"\xc3",
                b"\xc3\xa9", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xf0\x90\x80\x80"]:
        yield file(b'{"n' + bad + b'":{"dtype":"I32",' + REST.encode())


def mutations(count, seed):
    generator = random.Random(seed)
    seeds = [
        file('{"__metadata__":{"format":"pt"},"w":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"F16","shape":[4],"data_offsets":[8,16]}}'),
        file('{"a":{"dtype":"I32",' + REST),
        file(' {"a\\u0041\\n":["BF16",[2,4],[0,16]] , "b":{"dtype":{"U8":null},"shape":[0],"data_offsets":[16,16],"x":[1.5e3,{"y":null}]}}\n'),
        file('{"é":{"data_offsets":[4,16],"dtype":"F32","shape":[3]},"x":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}'),
    ]
    alphabet = b'{}[]",:\\ue0123456789-+. \n\t\x00\x80\xc3\xa9abnulltrfs_'
    for index in range(count):
        bytes_ = bytearray(seeds[index % len(seeds)])
        for _ in range(generator.choice([1, 1, 1, 2, 3])):
            place = generator.randrange(8, len(bytes_) - 12) if generator.random() < 0.97 else generator.randrange(0, len(bytes_))
            what = generator.random()
            if what < 0.5:
                bytes_[place] = generator.choice(alphabet)
            elif what < 0.7:
                del bytes_[place]
            elif what < 0.9:
                bytes_.insert(place, generator.choice(alphabet))
            else:
                cut = bytes_[place:place + generator.randrange(1, 12)]
                bytes_[place:place] = cut
        if generator.random() < 0.8:
            # Keep the length honest, so that the parser is what decides.
            bytes_[0:8] = struct.pack("<Q", max(0, len(bytes_) - 8 - 16))
        yield bytes(bytes_)


def verdict(case):
    try:
        safetensors.deserialize(case)
        return ""
    except Exception as error:  # SafetensorError
        return str(error).removeprefix("Error while deserializing: ")[:120]


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20260112
    cases = list(table()) + list(mutations(count, seed))
    sys.stdout.write("[\n" + ",\n".join(json.dumps([case.hex(), verdict(case)], ensure_ascii=False) for case in cases) + "\n]\n")
