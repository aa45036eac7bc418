# SPDX-License-Identifier: Apache-2.0
"""Round trips with the Python package: what it writes, this program reads and writes again, and it reads that."""

import json
import random
import struct

import pytest

from harness import Box

safetensors = pytest.importorskip("safetensors")
numpy = pytest.importorskip("numpy")
from safetensors.numpy import load_file, save_file  # noqa: E402

# Those of numpy; and those that only the file format has, as raw bytes.
NUMPY = ["bool", "uint8", "int8", "uint16", "int16", "float16", "uint32", "int32", "float32", "uint64", "int64", "float64", "complex64"]
BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4,
        "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64,
        "F64": 64, "I64": 64, "U64": 64}
NAMES = ["w", "layers.{}.weight", "", "a/../b", "é", "e\u0301", "名前", "a\"b\\c\n", "\u0000", "x" * 300]



@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return Box(tmp_path_factory.mktemp("safetensors"))


def listing(box, *paths):
    return box.run("digest", "--tensors", *map(str, paths)).out


def arrays(source):
    found = {}
    for index in range(source.randint(0, 30)):
        shape = [source.choice([0, 1, 2, 3, 7, 30]) for _ in range(source.randint(0, 3))]
        kind = numpy.dtype(source.choice(NUMPY))
        count = int(numpy.prod(shape, dtype=numpy.int64))
        noise = source.randbytes(count * kind.itemsize)
        if kind == bool:
            noise = bytes(byte & 1 for byte in noise)
        found[source.choice(NAMES).format(index) or f"t{index}"] = numpy.frombuffer(noise, kind).reshape(shape)
    return found


def same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].dtype == right[name].dtype and left[name].shape == right[name].shape, name
        assert left[name].tobytes() == right[name].tobytes(), name


@pytest.mark.parametrize("seed", range(12))
def test_what_python_writes_comes_back_from_one_file_and_from_many(box, tmp_path, seed):
    source = random.Random(seed)
    tensors = arrays(source)
    metadata = {"format": "pt"} if seed % 2 else None
    save_file(tensors, tmp_path / "in.safetensors", metadata)
    expected = listing(box, tmp_path / "in.safetensors")

    ours = tmp_path / "one.safetensors"
    box.run("convert", str(tmp_path / "in.safetensors"), str(ours), "--merge")
    same(load_file(ours), tensors)
    with safetensors.safe_open(ours, "np") as opened:
        assert opened.metadata() == metadata
    # The reference's writer is deterministic with at most one key of metadata: the same bytes.
    assert ours.read_bytes() == (tmp_path / "in.safetensors").read_bytes()

    count = source.randint(1, max(1, len(tensors)))
    box.run("convert", str(tmp_path / "in.safetensors"), str(tmp_path / "many"), "--shards", str(count))
    parts = sorted((tmp_path / "many").glob("*.safetensors"))
    assert len(parts) == count
    merged = {}
    for part in parts:
        merged |= load_file(part)
    same(merged, tensors)
    if count > 1:
        [index] = (tmp_path / "many").glob("*.safetensors.index.json")
        index = json.loads(index.read_text())
        assert index["weight_map"] == {name: part.name for part in parts for name in load_file(part)}
    assert listing(box, tmp_path / "many") == expected


@pytest.mark.parametrize("seed", range(6))
def test_types_that_numpy_does_not_know_keep_their_bits(box, tmp_path, seed):
    source = random.Random(seed)
    header, data, place = {}, b"", 0
    # The order of the reference: large elements first, so that nothing is out of line.
    for name, bits in sorted(BITS.items(), key=lambda item: -item[1]):
        shape = [source.randint(0, 5), 8]
        size = shape[0] * 8 * bits // 8
        header[f"t.{name}"] = {"dtype": name, "shape": shape, "data_offsets": [place, place + size]}
        data += source.randbytes(size)
        place += size
    text = json.dumps(header).encode()
    path = tmp_path / "in.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    box.run("convert", str(path), str(tmp_path / "out"), "--shards", "4")
    found = {}
    for part in (tmp_path / "out").glob("*.safetensors"):
        found |= dict(safetensors.deserialize(part.read_bytes()))
    theirs = dict(safetensors.deserialize(path.read_bytes()))
    assert found.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert found[name]["dtype"] == tensor["dtype"] and found[name]["shape"] == tensor["shape"], name
        assert bytes(found[name]["data"]) == bytes(tensor["data"]), name
    assert listing(box, tmp_path / "out") == listing(box, path)


def test_a_header_edited_in_place_is_read_by_python(box, tmp_path):
    tensors = {"w": numpy.arange(1000, dtype=numpy.float32), "b": numpy.zeros(3, numpy.int8)}
    path = tmp_path / "model.safetensors"
    save_file(tensors, path, {"format": "pt"})
    box.run("convert", str(path), "--in-place", "--metadata", "author=someone", "--reserve", "512")
    inode = path.stat().st_ino
    box.run("convert", str(path), "--in-place", "--metadata", "licence=mit", "--remove-metadata", "author")
    assert path.stat().st_ino == inode, "there was room, so only the header is written"
    same(load_file(path), tensors)
    with safetensors.safe_open(path, "np") as opened:
        assert opened.metadata() == {"format": "pt", "licence": "mit"}
    box.run("convert", str(path), "--in-place", "--align", "4096")
    (length,) = struct.unpack("<Q", path.read_bytes()[:8])
    assert (8 + length) % 4096 == 0
    same(load_file(path), tensors)
