# SPDX-License-Identifier: Apache-2.0
"""`inspect`, `digest` and `convert` on a real model, against the Python tools."""

import hashlib
import json
import shutil
import subprocess
import sys

import pytest
from safetensors import safe_open

from harness import BINARY, REAL_NAME, ROOT, Box, file_sha256

DIGESTS = ROOT / "Tests/SafetensorsTests/Vectors/digests.py"


@pytest.fixture
def model(box, real_model):
    """A copy of the real model in the box's project."""
    shutil.copytree(real_model, box.project / "model")
    return box.project / "model"


def listing(*paths):
    """What the independent script says of the tensors of some files."""
    out = subprocess.run([sys.executable, str(DIGESTS), *map(str, paths)], check=True, capture_output=True, text=True)
    return out.stdout.splitlines()


def tensors(path):
    """Name to (type, shape, bytes), as the reference reads them."""
    with safe_open(path, "np") as file:
        return {name: (str(v.dtype), v.shape, v.tobytes()) for name in file.keys() for v in [file.get_tensor(name)]}


def test_inspect_agrees_with_the_reference(box, model):
    report = json.loads(box.run("inspect", "model", "--tensors", "--strict", "--json").out)
    (found,) = report["targets"][0]["models"]
    (part,) = found["parts"]
    with safe_open(model / "model.safetensors", "np") as file:
        names = list(file.keys())
        shapes = {name: file.get_slice(name).get_shape() for name in names}
        types = {name: file.get_slice(name).get_dtype() for name in names}
        metadata = file.metadata()
    assert {t["name"]: t["shape"] for t in part["tensors"]} == shapes
    assert {t["name"]: t["type"] for t in part["tensors"]} == types
    assert {m["key"]: m["value"] for m in part["metadata"]} == metadata
    assert found["tensor_count"] == len(names)
    assert part["data_offset"] + found["size"] == (model / "model.safetensors").stat().st_size


def test_a_repository_is_read_in_kilobytes(box, mirror, real_model):
    mirror.commit(real_model, REAL_NAME)
    mirror.start()
    remote = json.loads(box.run("inspect", REAL_NAME, "--json", "--tensors", env={"HF_ENDPOINT": mirror.url}).out)
    local = json.loads(box.run("inspect", real_model, "--json", "--tensors").out)
    assert remote["targets"][0]["models"] == local["targets"][0]["models"]
    mirror.stop()
    requests = mirror.requests()
    assert [status for status, _, path, _ in requests if "/resolve/" in path] == [206]
    assert sum(count for _, _, _, count in requests) < 100_000


def test_digests_agree_with_sha256sum_and_the_script(box, model):
    box.project.joinpath("listing").write_text(box.run("digest", "model").out)
    box.command(["sha256sum", "--check", "--strict", "--quiet", "listing"])
    box.run("digest", "--check", "listing")
    printed = box.run("digest", "--tensors", "model").out
    *lines, last = listing(model / "model.safetensors")
    assert printed.splitlines() == lines
    assert hashlib.sha256(printed.encode()).hexdigest() == last.split()[0]


@pytest.mark.parametrize("count", [1, 3, 20])
def test_resharding_changes_no_tensor(box, model, count):
    before = box.run("digest", "--tensors", "model").out
    box.run("convert", "model", "out", "--shards", count)
    files = sorted((box.project / "out").glob("*.safetensors"))
    assert len(files) == count
    assert box.run("digest", "--tensors", "out").out == before
    assert listing(*files)[:-1] == before.splitlines()
    assert {k: v for f in files for k, v in tensors(f).items()} == tensors(model / "model.safetensors")
    box.run("inspect", "--strict", "out")
    box.run("convert", "out", "merged.safetensors")
    # The reference wrote the original, and its writer is what ours is measured by.
    assert file_sha256(box.project / "merged.safetensors") == file_sha256(model / "model.safetensors")


def test_one_bit_names_its_tensor(box, model):
    box.project.joinpath("tensors").write_text(box.run("digest", "--tensors", "model").out)
    report = json.loads(box.run("inspect", "model", "--tensors", "--json").out)
    tensor = report["targets"][0]["models"][0]["parts"][0]["tensors"][40]
    with open(model / "model.safetensors", "r+b") as file:
        file.seek(tensor["offset"] + tensor["size"] // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0x10]))
    found = json.loads(box.run("digest", "--tensors", "model", "--check", "tensors", "--json", expect=3).out)
    assert [problem["name"] for problem in found["problems"]] == [tensor["name"]]


def test_metadata_in_place_is_what_the_reference_reads(box, model):
    path = model / "model.safetensors"
    before = tensors(path)
    box.run("convert", "model/model.safetensors", "--in-place", "--metadata", "licence=apache-2.0", "--reserve", "1000")
    inode = path.stat().st_ino
    box.run("convert", "model/model.safetensors", "--in-place", "--metadata", "ünï=\"quoted\"\n", "--remove-metadata", "licence")
    assert path.stat().st_ino == inode
    with safe_open(path, "np") as file:
        assert file.metadata() == {"format": "pt", "ünï": "\"quoted\"\n"}
    assert tensors(path) == before
    assert [p.name for p in model.iterdir() if p.name.startswith(".model")] == []


def test_memory_is_bounded_by_buffers(tmp_path):
    """A sparse file of half a gigabyte is inspected, digested and split in tens of megabytes."""
    box = Box(tmp_path)
    size = 256 << 20
    header = json.dumps({
        "a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]},
        "b": {"dtype": "U8", "shape": [size], "data_offsets": [size, 2 * size]},
    }).encode()
    header += b" " * (-len(header) % 8)
    with open(box.project / "big.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 2 * size)
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    for command in (["inspect", "big.safetensors"], ["digest", "--file", "big.safetensors"], ["digest", "--tensors", "big.safetensors"],
                    ["digest", "big.safetensors"], ["convert", "big.safetensors", "split", "--shards", "2"]):
        peak = int(box.python(measure, BINARY, *command).out)
        assert peak < 64 << 10, f"{command}: {peak} KiB"
