# SPDX-License-Identifier: Apache-2.0
"""`diff` of a real model and what becomes of it: verdicts, and the numbers that numpy finds."""

import json
import pickle
import shutil
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from harness import ROOT

SCHEMA = json.loads((ROOT / "docs/schemas/weighlock-diff-1.json").read_text())
NAMES = {"float32": "F32", "float16": "F16", "int64": "I64"}


@pytest.fixture(scope="module")
def tensors(real_model):
    return load_file(real_model / "model.safetensors")


@pytest.fixture
def child(box, real_model):
    """A copy of the real model, to be changed."""
    return shutil.copytree(real_model, box.project / "child")


@pytest.fixture
def compare(box, real_model, child):
    """Compares the real model with its child; every report has to fit the schema."""

    def run(before=real_model, after=child, expect=4):
        document = box.run("diff", before, after, "--json", expect=expect).json
        jsonschema.validate(document, SCHEMA)
        (report,) = document["reports"]
        assert report["unchecked"] == [] and "hidden" not in report
        return report

    return run


def shown(report):
    return [(change["rule"], change["severity"]) for change in report["changes"]]


def evidence(report, rule):
    """The tensors of the only change with this rule, by name."""
    (change,) = [change for change in report["changes"] if change["rule"] == rule]
    assert change["evidence"]["kind"] == "tensors"
    found = {tensor["name"]: tensor for tensor in change["evidence"]["tensors"]}
    assert len(found) == len(change["evidence"]["tensors"])
    return found


def save(path, tensors, metadata=None):
    """A safetensors file of arrays, or of (type, shape, bytes), without the library: numpy has no bfloat16."""
    header, data = {"__metadata__": metadata or {"format": "pt"}}, []
    place = 0
    for name, tensor in tensors.items():
        if isinstance(tensor, np.ndarray):
            tensor = (NAMES[str(tensor.dtype)], tensor.shape, tensor.tobytes())
        kind, shape, content = tensor
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [place, place + len(content)]}
        place += len(content)
        data.append(content)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(b"".join([struct.pack("<Q", len(text)), text, *data]))


def check_distance(found, before, after):
    """What a report says of a tensor, against numpy in double precision."""
    one, other = (side.astype(np.float64).ravel() for side in (before, after))
    difference = np.abs(one - other)
    assert found["maximum"] == difference.max()
    assert found["mean"] == pytest.approx(difference.mean(), rel=1e-9)
    moved, length = np.linalg.norm(difference), np.linalg.norm(one)
    # Of numbers that were all zero nothing is a part: that is not finite, and JSON has no such number.
    expected = pytest.approx(moved / length, rel=1e-9) if moved and length else 0 if not moved else None
    assert found["relative"] == expected
    assert found["share"] == pytest.approx(np.mean(one != other), rel=1e-12)
    assert found["non_finite"] == 0


# ---------------------------------------------------------------------------------------------------------------
# No number is another one


def test_the_same_model_is_the_same(compare):
    report = compare(expect=0)
    assert (report["verdict"], report["changes"], report["different_files"]) == ("unchanged", [], 0)


def test_shards_of_another_writer_are_packaging(compare, child, tensors):
    names = list(tensors)
    (child / "model.safetensors").unlink()
    weight_map = {}
    for number in range(3):
        part = f"model-{number + 1:05}-of-00003.safetensors"
        save_file({name: tensors[name] for name in names[number::3]}, child / part, {"format": "pt"})
        weight_map.update({name: part for name in names[number::3]})
    index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values())}, "weight_map": weight_map}
    (child / "model.safetensors.index.json").write_text(json.dumps(index))
    report = compare()
    assert report["verdict"] == "unchanged" and report["classes"] == ["packaging"]
    assert shown(report) == [("weights-repackaged", "cosmetic")]
    assert len(report["changes"][0]["after"]) == 3
    # One shard of the three holds another number.
    name = names[1]
    other = tensors[name].copy()
    other.flat[0] += 1
    save_file({n: other if n == name else tensors[n] for n in names[1::3]}, child / weight_map[name], {"format": "pt"})
    report = compare()
    assert report["verdict"] == "changed"
    assert list(evidence(report, "weights-changed")) == [name]


def test_our_own_shards_are_packaging(box, compare, child, real_model):
    box.run("convert", real_model, "shards", "--shards", "4")
    (child / "model.safetensors").unlink()
    for file in (box.project / "shards").glob("model*"):
        shutil.copy(file, child)
    report = compare()
    assert report["verdict"] == "unchanged" and shown(report) == [("weights-repackaged", "cosmetic")]


def write_checkpoint(path, tensors, monkeypatch):
    """What `torch.save` writes, without torch: a pickle that calls torch's functions by name, and storages beside it."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch._utils = utils

    def rebuild(*_):
        raise AssertionError("nothing is loaded here")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    class Storage:
        def __init__(self, key, array):
            kind = torch.LongStorage if array.dtype == np.int64 else torch.FloatStorage
            self.identity = ("storage", kind, key, "cpu", array.size)

    class Tensor:
        def __init__(self, key, array):
            steps = tuple(step // array.itemsize for step in array.strides)
            self.arguments = (Storage(key, array), 0, array.shape, steps, False, OrderedDict())

        def __reduce__(self):
            return rebuild, self.arguments

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.identity if isinstance(value, Storage) else None

    with monkeypatch.context() as patch, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        patch.setitem(sys.modules, "torch", torch)
        patch.setitem(sys.modules, "torch._utils", utils)
        with archive.open("pytorch_model/data.pkl", "w") as file:
            Pickler(file, protocol=2).dump(OrderedDict((n, Tensor(str(i), t)) for i, (n, t) in enumerate(tensors.items())))
        archive.writestr("pytorch_model/byteorder", "little")
        for number, tensor in enumerate(tensors.values()):
            # As it lies in memory: what is turned round is a view.
            archive.writestr(f"pytorch_model/data/{number}", tensor.tobytes("A"))
        archive.writestr("pytorch_model/version", "3\n")


@pytest.mark.parametrize("writer", ["by hand", "torch"])
def test_a_checkpoint_of_the_same_tensors_is_packaging(box, compare, child, real_model, tensors, writer, monkeypatch):
    place = child / "pytorch_model.bin"
    if writer == "torch":
        torch = pytest.importorskip("torch")
        torch.save(OrderedDict((name, torch.from_numpy(tensor)) for name, tensor in tensors.items()), place)
    else:
        write_checkpoint(place, tensors, monkeypatch)
    beside = compare()
    assert beside["verdict"] == "unchanged" and shown(beside) == [("weights-added", "security")]
    (child / "model.safetensors").unlink()
    # A pickle where none was: no output differs, but loading it can run code.
    instead = compare()
    assert instead["verdict"] == "unchanged" and shown(instead) == [("weights-repackaged", "security")]
    back = compare(before=child, after=real_model)
    assert back["verdict"] == "unchanged" and shown(back) == [("weights-repackaged", "cosmetic")]
    box.run("convert", "child", "converted")
    place.unlink()
    shutil.copy(box.project / "converted/model.safetensors", child)
    report = compare(expect=(0, 4))
    assert report["verdict"] == "unchanged"
    assert {change["class"] for change in report["changes"]} <= {"packaging"}


def test_other_metadata_are_no_other_model(compare, child, tensors):
    save(child / "model.safetensors", tensors, {"format": "pt", "note": "x"})
    report = compare()
    assert report["verdict"] == "unchanged"
    assert {rule for rule, _ in shown(report)} <= {"weights-metadata", "weights-repackaged"}
    assert {severity for _, severity in shown(report)} == {"cosmetic"}


# ---------------------------------------------------------------------------------------------------------------
# Other numbers


def bfloat16(array, rounds):
    """The upper halves of 32-bit numbers, rounded to the nearest, ties to even, or cut off."""
    bits = array.view(np.uint32).astype(np.uint64)
    if rounds:
        bits += 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))
    return (bits >> np.uint64(16)).astype(np.uint16)


def widened(halves):
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_a_cast_is_told_from_other_numbers(compare, child, tensors, kind):
    halves = {name: tensor.astype(np.float16) if kind == "F16" else bfloat16(tensor, True)
              for name, tensor in tensors.items() if tensor.dtype == np.float32}
    wide = {name: half.astype(np.float32) if kind == "F16" else widened(half) for name, half in halves.items()}
    save(child / "model.safetensors", {
        name: (kind, tensor.shape, halves[name].tobytes()) if name in halves else tensor for name, tensor in tensors.items()})
    report = compare()
    assert report["verdict"] == "changed" and report["severity"] == "behaviour"
    assert ("weights-cast", "behaviour") in shown(report) and report["counts"]["behaviour"] == 1
    found = evidence(report, "weights-cast")
    assert set(found) == set(halves)
    for name, tensor in found.items():
        shape = list(tensors[name].shape)
        assert tensor["change"] == "cast"
        assert tensor["before"] == {"type": "F32", "shape": shape} and tensor["after"] == {"type": kind, "shape": shape}
        check_distance(tensor["distance"], tensors[name], wide[name])


def test_numbers_cut_off_are_no_cast(compare, child, tensors):
    halves = {name: bfloat16(tensor, False) for name, tensor in tensors.items() if tensor.dtype == np.float32}
    save(child / "model.safetensors", {
        name: ("BF16", tensor.shape, halves[name].tobytes()) if name in halves else tensor for name, tensor in tensors.items()})
    report = compare()
    # Where cutting and rounding give the same, as of ones and zeros, nobody can tell.
    rounded = {name for name in halves if np.array_equal(halves[name], bfloat16(tensors[name], True))}
    found = evidence(report, "weights-changed")
    assert set(found) == set(halves) - rounded and {tensor["change"] for tensor in found.values()} == {"requantised"}
    for name, tensor in found.items():
        check_distance(tensor["distance"], tensors[name], widened(halves[name]))


def test_one_layer_is_named_with_its_distance(compare, child, tensors):
    random = np.random.default_rng(20260101)
    layer = {name for name in tensors if name.startswith("encoder.layer.3.")}
    other = {name: tensor + random.normal(0, 1e-3, tensor.shape).astype("f4") if name in layer else tensor
             for name, tensor in tensors.items()}
    save_file(other, child / "model.safetensors", {"format": "pt"})
    report = compare()
    assert report["verdict"] == "changed" and report["counts"]["behaviour"] == 1
    (change,) = [change for change in report["changes"] if change["severity"] == "behaviour"]
    assert (change["rule"], change["class"]) == ("weights-changed", "weights")
    assert change["summary"].startswith(f"{len(layer)} of {len(tensors)} tensors changed, the most `encoder.layer.3.")
    found = evidence(report, "weights-changed")
    assert set(found) == layer and {tensor["change"] for tensor in found.values()} == {"changed"}
    for name, tensor in found.items():
        check_distance(tensor["distance"], tensors[name], other[name])
    worst = max(found.values(), key=lambda tensor: tensor["distance"]["relative"])
    assert f"`{worst['name']}`" in change["summary"]


def test_one_bit_is_found(compare, child, tensors):
    other = dict(tensors)
    name = "embeddings.word_embeddings.weight"
    other[name] = tensors[name].copy()
    other[name].view(np.uint32)[30000, 7] ^= 1
    save_file(other, child / "model.safetensors", {"format": "pt"})
    found = evidence(compare(), "weights-changed")
    assert list(found) == [name]
    assert found[name]["distance"]["share"] == pytest.approx(1 / tensors[name].size, rel=1e-12)
    check_distance(found[name]["distance"], tensors[name], other[name])


def test_a_tensor_that_is_missing_is_breaking(compare, child, tensors):
    other = {name: tensor for name, tensor in tensors.items() if name != "pooler.dense.bias"}
    save_file(other, child / "model.safetensors", {"format": "pt"})
    report = compare()
    assert report["verdict"] == "changed" and report["severity"] == "breaking" and report["counts"]["breaking"] == 1
    found = evidence(report, "weights-removed")
    assert found == {"pooler.dense.bias": {
        "name": "pooler.dense.bias", "change": "removed", "before": {"type": "F32", "shape": [384]}}}


@pytest.mark.parametrize("before", ["checkpoint", "safetensors"])
def test_one_layer_of_a_checkpoint_is_named_with_its_distance(box, compare, child, real_model, tensors, before, monkeypatch):
    random = np.random.default_rng(20260102)
    layer = {name for name in tensors if name.startswith("encoder.layer.3.")}
    other = {name: tensor + random.normal(0, 1e-3, tensor.shape).astype("f4") if name in layer else tensor
             for name, tensor in tensors.items()}
    # Half of the matrices are views that do not lie in their storage row by row.
    turned = {name: np.asfortranarray(tensor) if number % 2 else tensor for number, (name, tensor) in enumerate(other.items())}
    (child / "model.safetensors").unlink()
    write_checkpoint(child / "pytorch_model.bin", turned, monkeypatch)
    former = real_model
    if before == "checkpoint":
        former = shutil.copytree(child, box.project / "former")
        write_checkpoint(former / "pytorch_model.bin", tensors, monkeypatch)
    report = compare(before=former)
    assert report["verdict"] == "changed" and report["counts"]["behaviour"] == 1
    assert ("weights-repackaged" in dict(shown(report))) == (before == "safetensors")
    found = evidence(report, "weights-changed")
    assert set(found) == layer and {tensor["change"] for tensor in found.values()} == {"changed"}
    for name, tensor in found.items():
        assert tensor["before"] == tensor["after"] == {"type": "F32", "shape": list(tensors[name].shape)}
        check_distance(tensor["distance"], tensors[name], other[name])


def quantised(gguf, path, tensors, kinds):
    """A GGUF file of some matrices of a model, each in the type that `kinds` says, and what their blocks stand for."""
    writer, numbers = gguf.GGUFWriter(path, "bert"), {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2 or not name.startswith(("encoder.layer.2.", "embeddings.position")):
            continue
        kind = kinds(name)
        blocks = gguf.quants.quantize(tensor, kind)
        numbers[name] = gguf.quants.dequantize(blocks, kind)
        writer.add_tensor(name, blocks, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return numbers


def test_quantised_models_have_distances(box, compare, tensors):
    gguf = pytest.importorskip("gguf")
    kind = gguf.GGMLQuantizationType
    one, other = (box.project / name for name in ("one", "other"))
    for folder in (one, other):
        folder.mkdir()
    name = "encoder.layer.2.attention.self.query.weight"
    before = quantised(gguf, one / "model.gguf", tensors, lambda _: kind.Q8_0)
    # One tensor with other numbers in the same type.
    random = np.random.default_rng(20260103)
    moved = {**tensors, name: tensors[name] + random.normal(0, 1e-2, tensors[name].shape).astype("f4")}
    after = quantised(gguf, other / "model.gguf", moved, lambda _: kind.Q8_0)
    found = evidence(compare(one, other), "weights-changed")
    assert list(found) == [name]
    check_distance(found[name]["distance"], before[name], after[name])
    # One tensor, then all of them in another type.
    for wanted in ({name}, set(before)):
        after = quantised(gguf, other / "model.gguf", tensors, lambda tensor: kind.Q4_0 if tensor in wanted else kind.Q8_0)
        report = compare(one, other)
        found = evidence(report, "gguf-requantised")
        assert set(found) == wanted and {tensor["change"] for tensor in found.values()} == {"requantised"}
        for tensor in found.values():
            assert (tensor["before"]["type"], tensor["after"]["type"]) == ("Q8_0", "Q4_0")
            check_distance(tensor["distance"], before[tensor["name"]], after[tensor["name"]])
    (change,) = [change for change in report["changes"] if change["rule"] == "gguf-requantised"]
    assert change["before"] == {"Q8_0": len(before)} and change["after"] == {"Q4_0": len(before)}
    # Halves of the same numbers: what the blocks stand for, rounded.
    quantised(gguf, other / "model.gguf", before, lambda _: kind.F16)
    found = evidence(compare(one, other), "weights-cast")
    assert set(found) == set(before)
    check_distance(found[name]["distance"], before[name], before[name].astype(np.float16))
    # The safetensors that it replaces have tensors of the same names.
    (other / "model.gguf").unlink()
    save_file({name: tensors[name] for name in before}, other / "model.safetensors", {"format": "pt"})
    found = evidence(compare(other, one), "gguf-requantised")
    assert set(found) == set(before)
    for name, tensor in found.items():
        check_distance(tensor["distance"], tensors[name], before[name])


def test_a_repository_is_compared_by_ranges_and_what_is_left_out_is_not_called_equal(box, mirror, real_model, child, tensors):
    mirror.commit(real_model, "org/model")
    name = "pooler.dense.bias"
    other = {**tensors, name: tensors[name] + np.float32(1)}
    save_file(other, child / "model.safetensors", {"format": "pt"})
    (child / "README.md").write_text((child / "README.md").read_text() + "\nOne more line.\n")
    mirror.commit(child, "org/model")
    mirror.start()

    def report(*arguments):
        return box.run("diff", real_model, "org/model", "--json", *arguments, expect=4,
                       env={"HF_ENDPOINT": mirror.url}).json["reports"][0]

    header = report("--no-measure")
    some = report()
    mirror.stop()
    sizes = [size for _, _, _, size in mirror.requests()]
    # Numbers are read up to 64 MiB, the smallest tensors first; the embeddings have 46 of the 91 megabytes.
    assert max(sizes) < 5 << 20 and sum(sizes) < 66 << 20
    for found in (header, some):
        jsonschema.validate({"schema": "weighlock/diff/1", "reports": [found]}, SCHEMA)
        assert found["verdict"] == "changed" and {"weights", "docs"} <= set(found["classes"])
        assert found["unchecked"] and "weighlock sync" in found["unchecked"][0]["hint"]
    assert "evidence" not in next(change for change in header["changes"] if change["rule"] == "weights-changed")
    moved = evidence(some, "weights-changed")
    assert list(moved) == [name]
    check_distance(moved[name]["distance"], tensors[name], other[name])
    assert some["unchecked"][0]["reason"].startswith("the numbers of 1 tensor ")


def test_a_checkpoint_in_a_repository_is_compared_by_ranges(box, mirror, tensors, monkeypatch):
    names = ["encoder.layer.1.output.dense.weight", "encoder.layer.1.output.dense.bias", "embeddings.word_embeddings.weight",
             "embeddings.position_embeddings.weight"]
    some = {name: tensors[name] for name in names}
    sides = []
    for number, model in enumerate([some, {**some, names[0]: some[names[0]] * np.float32(1.5), names[1]: some[names[1]] + 1}]):
        folder = box.project / f"side-{number}"
        folder.mkdir()
        write_checkpoint(folder / "pytorch_model.bin", model, monkeypatch)
        mirror.commit(folder, "org/model")
        sides.append((folder, model))
    mirror.start()
    document = box.run("diff", sides[0][0], "org/model", "--json", expect=4, env={"HF_ENDPOINT": mirror.url}).json
    mirror.stop()
    jsonschema.validate(document, SCHEMA)
    (report,) = document["reports"]
    assert report["unchecked"] == [] and shown(report) == [("weights-changed", "behaviour")]
    found = evidence(report, "weights-changed")
    assert set(found) == set(names[:2])
    for name, tensor in found.items():
        check_distance(tensor["distance"], some[name], sides[1][1][name])
    sizes = [size for _, _, _, size in mirror.requests()]
    assert max(sizes) < 5 << 20 and sum(sizes) < 66 << 20 and len(sizes) < 120


# ---------------------------------------------------------------------------------------------------------------
# Documents


def test_a_typo_in_the_card_changes_no_behaviour(compare, child):
    card = child / "README.md"
    before = card.read_text()
    start = before.index("\n# ")
    after = before[:start] + before[start:].replace("sentence", "sentense", 1)
    card.write_text(after)
    report = compare()
    assert report["verdict"] == "unchanged" and shown(report) == [("docs-changed", "cosmetic")]
    (change,) = report["changes"]
    ((old, new),) = [(a, b) for a, b in zip(before.split("\n"), after.split("\n")) if a != b]
    (hunk,) = change["evidence"]["diff"]["hunks"]
    assert [line for line in hunk["lines"] if line[0] in "+-"] == ["-" + old, "+" + new]


def test_another_writer_of_json_changes_nothing(compare, child):
    files = sorted(child.rglob("*.json"))
    for file in files:
        values = json.loads(file.read_text(encoding="utf-8"))
        text = json.dumps(values, indent="\t", sort_keys=isinstance(values, dict), ensure_ascii=True) + "\r\n"
        file.write_text(text, encoding="utf-8", newline="")
    report = compare()
    assert report["verdict"] == "unchanged" and report["different_files"] == len(files)
    assert {severity for _, severity in shown(report)} == {"cosmetic"}
    places = {place["file"] for change in report["changes"] for place in change["places"]}
    assert places == {str(file.relative_to(child)) for file in files}


def test_torch_dtype_is_dtype(box, compare, child, real_model):
    parent = shutil.copytree(real_model, box.project / "parent")
    values = json.loads((parent / "config.json").read_text())
    (parent / "config.json").write_text(json.dumps({**values, "torch_dtype": "float32"}))
    (child / "config.json").write_text(json.dumps({**values, "dtype": "float32"}))
    report = compare(before=parent)
    assert report["verdict"] == "unchanged" and shown(report) == [("key-renamed", "cosmetic")]
    (child / "config.json").write_text(json.dumps({**values, "dtype": "bfloat16"}))
    report = compare(before=parent)
    assert report["verdict"] == "changed" and ("dtype-changed", "behaviour") in shown(report)
    (change,) = [change for change in report["changes"] if change["rule"] == "dtype-changed"]
    assert (change["before"], change["after"]) == ("float32", "bfloat16")


def test_everything_that_does_not_matter_at_once_does_not_matter(compare, child, tensors):
    save(child / "model.safetensors", dict(reversed(tensors.items())))
    for name, change in {
        "config.json": lambda values: values.update(transformers_version="5.23.0", use_cache=False),
        "tokenizer_config.json": lambda values: None,
    }.items():
        values = json.loads((child / name).read_text())
        change(values)
        (child / name).write_text(json.dumps(values))
    (child / "README.md").write_text((child / "README.md").read_text() + "\nThanks to all.\n")
    report = compare()
    assert report["verdict"] == "unchanged", report["changes"]
    assert report["counts"] == {"breaking": 0, "behaviour": 0, "security": 0, "cosmetic": len(report["changes"]), "unchecked": 0}
