# SPDX-License-Identifier: Apache-2.0
"""`convert` on checkpoints: the numbers are those that the libraries load which wrote them."""

import hashlib
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file

from harness import ROOT

CORPUS = ROOT / "Tests/Corpus/checkpoint"
ROWS = [line.split("\t") for line in CORPUS.joinpath("expected.tsv").read_text().splitlines()]
# What PyTorch itself said of each tensor when the corpus was made.
CONVERTIBLE = sorted({row[0] for row in ROWS} - {row[0] for row in ROWS if row[2] == "refused" or not row[1]})


def read(path):
    """Name to (type, shape, SHA-256 of the bytes), and the metadata, without any library."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    found = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        found[name] = (entry["dtype"], entry["shape"], hashlib.sha256(data[8 + length + begin:8 + length + end]).hexdigest())
    return found, metadata


@pytest.mark.parametrize("name", CONVERTIBLE)
def test_every_tensor_is_what_its_library_loads(box, name):
    report = json.loads(box.run("convert", CORPUS / name, "out.safetensors", "--json").out)
    found, metadata = read(box.project / "out.safetensors")
    assert metadata["format"] == "pt"
    places = {row[1].split(".")[0] for row in ROWS if row[0] == name}
    prefix = next((place + "." for place in ("state_dict", "model_state_dict") if place in places), "")
    expected = {row[1][len(prefix):]: row for row in ROWS if row[0] == name and row[1].startswith(prefix)}
    shared = {entry["name"]: entry["kept"] for entry in report["shared"]}
    assert {key: metadata[key] for key in shared} == shared
    assert set(found) == set(expected) - set(shared)
    for key, row in expected.items():
        assert found[shared.get(key, key)] == (row[2], [int(size) for size in row[3].split("x") if size], row[4])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_numpy_archives_keep_every_number(box, save):
    random = np.random.default_rng(20260101)
    arrays = {
        "c": random.standard_normal((7, 5, 3)), "fortran": np.asfortranarray(random.standard_normal((4, 9)).astype("f4")),
        "big": random.integers(-9, 9, (6, 2)).astype(">i2"), "half": random.standard_normal(11).astype("f2"),
        "scalar": np.float32(2.5), "empty": np.zeros((0, 4), "i8"), "flags": random.integers(0, 2, 9).astype(bool),
        "complex": (random.standard_normal(3) + 1j).astype("c8"), "bytes": np.arange(256, dtype="u1"),
        "long": random.integers(0, 1 << 60, 5).astype("u8"),
    }
    save(box.project / "arrays.npz", **arrays)
    box.run("convert", "arrays.npz", "arrays.safetensors")
    # The reference's numpy reader has no complex numbers.
    found, _ = read(box.project / "arrays.safetensors")
    assert found["complex"][2] == hashlib.sha256(arrays.pop("complex").tobytes()).hexdigest()
    path = box.project / "arrays.npz"
    save(path, **arrays)
    box.run("convert", "arrays.npz", "arrays.safetensors", "--force")
    loaded = load_file(box.project / "arrays.safetensors")
    assert set(loaded) == set(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == np.asarray(array).dtype.newbyteorder("=") and loaded[name].shape == np.shape(array)
        assert loaded[name].tobytes() == np.ascontiguousarray(array).astype(loaded[name].dtype).tobytes()


def test_torch_loads_the_same_before_and_after(box):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file as load_torch

    torch.manual_seed(7)
    base = torch.randn(64, 48)
    state = {
        "embed.weight": base, "head.weight": base, "slice": base[3:9, ::2], "turned": base.t(),
        "spread": torch.randn(1, 5).expand(4, 5), "bf16": torch.randn(9).bfloat16(), "steps": torch.tensor(5),
    }
    for options in ({}, {"_use_new_zipfile_serialization": False}):
        torch.save({"state_dict": state, "epoch": 3}, box.project / "model.ckpt", **options)
        box.run("convert", "model.ckpt", "model.safetensors", "--force")
        loaded = load_torch(box.project / "model.safetensors")
        assert set(loaded) == set(state) - {"head.weight"}
        for name, tensor in loaded.items():
            assert torch.equal(tensor, state[name]) and tensor.dtype == state[name].dtype


def odd_checkpoints(torch, np):
    """Objects that people save, each with the place of its tensors, or with words of the reason for which it is refused."""
    import argparse
    import collections

    torch.manual_seed(5)
    linear, base, tied = torch.nn.Linear(3, 2), torch.randn(6, 4, 5), torch.randn(5, 4)
    state = linear.state_dict()
    optimizer = torch.optim.AdamW(linear.parameters())
    linear(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    spread = collections.defaultdict(list)
    spread["w"] = torch.ones(2)
    attribute = torch.nn.Parameter(torch.randn(3))
    attribute.tag = "x"
    return {
        "ordered": (collections.OrderedDict(b=torch.ones(2), a=torch.zeros(2)), ""), "defaultdict": (spread, ""),
        "nested": ({"epoch": 1, "state_dict": state, "args": argparse.Namespace(lr=0.1)}, "state_dict"),
        "model": ({"model": state, "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()[:1][0]}, "model"),
        "module": ({"module." + key: value for key, value in state.items()}, ""),
        "loss": ({"model_state_dict": state, "loss": torch.tensor(0.5)}, "model_state_dict"),
        "types": ({str(kind): torch.arange(1, 7).float().to(kind) for kind in (
            torch.bfloat16, torch.float16, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int64, torch.uint16,
            torch.float8_e4m3fn, torch.float8_e5m2, torch.bool, torch.complex64)}, ""),
        "no dimensions": ({"a": torch.tensor(3.5), "b": torch.tensor(True)}, ""),
        "empty": ({"a": torch.zeros(0), "b": torch.zeros(3, 0, 2), "c": torch.ones(1)}, ""),
        "offsets": ({"a": base[2:], "b": base[1, 1:, 2], "c": base.flatten()[7:]}, ""),
        "expanded": ({"a": torch.randn(1, 5).expand(7, 5), "b": torch.tensor(2.0).expand(3, 3)}, ""),
        "turned": ({"a": base.transpose(0, 2), "b": torch.randn(700, 300).t(), "c": torch.randn(3, 70, 30).double().permute(2, 0, 1)}, ""),
        "channels last": ({"a": torch.randn(8, 3, 5, 5).to(memory_format=torch.channels_last)}, ""),
        "strided": ({"a": torch.randn(100).as_strided((5, 5), (3, 7), 4), "b": torch.randn(50).unfold(0, 8, 3)}, ""),
        "tied": ({"wte": tied, "head": tied, "turned": tied.t(), "part": tied[1:3]}, ""),
        "parameters": ({"p": attribute, "q": torch.nn.Parameter(torch.randn(2), requires_grad=False), "r": torch.randn(3, requires_grad=True)}, ""),
        "numbers as keys": ({0: torch.ones(2), 1: torch.zeros(3)}, ""), "list": ([torch.ones(2), torch.zeros(3)], ""),
        "long names": ({"x" * 5000: torch.ones(2), "y." * 1000: torch.ones(1)}, ""),
        "two forms": ({"\u00e9": torch.ones(2), "e\u0301": torch.zeros(3)}, ""),
        "strange names": ({'a b/c\\d"\n\t\x01': torch.zeros(3), "\U0001f600": torch.ones(1), "format": torch.ones(1)}, ""),
        "beside": ({"w": torch.ones(2), "loss": np.float32(0.5), "shape": torch.Size([1]), "type": torch.float16, "set": {1}}, ""),
        "signs": ({"c": torch.randn(3, 4, dtype=torch.complex64).mH, "n": torch._neg_view(torch.randn(4))}, ""),
        "complex128": ({"a": torch.ones(2, dtype=torch.complex128)}, "complex128"),
        "sparse": ({"a": torch.eye(3).to_sparse(), "w": torch.ones(1)}, "to_dense()"),
        "meta": ({"a": torch.empty(3, device="meta")}, "without data"),
        "bare": (torch.ones(3), "without a name"), "odd keys": ({None: torch.ones(1)}, "neither text"),
        "one name": ({1: torch.ones(2), "1": torch.zeros(2)}, "two tensors would have this name"),
        "nothing": ({}, "holds no tensors"), "a module": (linear, "torch.nn.modules.linear.Linear"),
        "an optimizer": (optimizer.state_dict(), "--key"),
    }


def tensors_below(torch, value, path=()):
    if isinstance(value, torch.Tensor):
        yield ".".join(path), value
    elif isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from tensors_below(torch, part, (*path, str(key)))


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}], ids=["zip", "legacy", "protocol 4"])
def test_odd_checkpoints_are_converted_to_the_bit_or_refused_with_a_reason(box, options):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file as load_torch

    def bits(tensor):
        tensor = tensor.detach().resolve_conj().resolve_neg().contiguous().clone()
        return tensor.flatten().view(torch.uint8).numpy().tobytes() if tensor.numel() else b""

    for name, (value, wanted) in odd_checkpoints(torch, np).items():
        torch.save(value, box.project / "odd.pt", **options)
        box.project.joinpath("odd.safetensors").unlink(missing_ok=True)
        place = wanted if isinstance(value, dict) and wanted in value else None
        if wanted and place is None:
            said = box.run("convert", "odd.pt", "odd.safetensors", expect=None)
            assert said.code in (1, 5) and "hint:" in said.err, (name, said.err)
            # Of old files with whole modules the scan speaks first.
            assert wanted in said.err or "the scan does not clear" in said.err, (name, said.err)
            assert not (box.project / "odd.safetensors").exists()
            continue
        report = json.loads(box.run("convert", "odd.pt", "odd.safetensors", "--json").out)
        shared = {entry["name"]: entry["kept"] for entry in report["shared"]}
        found = load_torch(box.project / "odd.safetensors")
        expected = dict(tensors_below(torch, value[place] if place else value))
        assert set(found) | set(shared) == set(expected), name
        for key, tensor in expected.items():
            got = found[shared.get(key, key)]
            assert got.dtype == tensor.dtype and got.shape == tensor.shape and bits(got) == bits(tensor), (name, key)


def test_transformers_computes_the_same_from_a_converted_model(box):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(11)
    model = transformers.BertForMaskedLM(transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=40)).eval()
    source = box.project / "source"
    model.config.save_pretrained(source)
    # Tied: the decoder's weight is that of the embedding.
    torch.save(model.state_dict(), source / "pytorch_model.bin")
    report = json.loads(box.run("convert", "source", "model", "--json").out)
    assert {"cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"} & {
        name for entry in report["shared"] for name in entry.values()}
    for count in (None, 3):
        if count:
            box.run("convert", "source", "sharded", "--shards", count)
        place = box.project / ("sharded" if count else "model")
        model.config.save_pretrained(place)
        found = transformers.BertForMaskedLM.from_pretrained(place).eval()
        words = torch.arange(20).reshape(2, 10)
        with torch.no_grad():
            assert torch.equal(found(words).logits, model(words).logits)


def test_a_directory_of_shards_is_what_transformers_looks_for(box):
    source = box.project / "source"
    source.mkdir()
    parts = {"pytorch_model-00001-of-00002.bin": "state_dict.pt", "pytorch_model-00002-of-00002.bin": "tied.pt"}
    weight_map = {}
    for name, file in parts.items():
        source.joinpath(name).write_bytes(CORPUS.joinpath(file).read_bytes())
        weight_map |= {row[1]: name for row in ROWS if row[0] == file}
    source.joinpath("pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    box.run("convert", "source", "model")
    index = json.loads((box.project / "model/model.safetensors.index.json").read_text())
    loaded = {}
    for file in sorted(set(index["weight_map"].values())):
        assert file in {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
        tensors = load_file(box.project / "model" / file)
        assert all(index["weight_map"][name] == file for name in tensors)
        loaded |= tensors
    assert set(loaded) == set(weight_map) - {"wte.weight"} == set(index["weight_map"])
    assert index["metadata"]["total_size"] == sum(array.nbytes for array in loaded.values())
    assert list(index["weight_map"]) == sorted(index["weight_map"])
    box.run("inspect", "--strict", "model")


def test_nothing_in_a_pickle_runs(box):
    proof = box.project / "ran"
    box.project.joinpath("attack.bin").write_bytes(
        b"cos\nsystem\n(S'touch " + str(proof).encode() + b"'\ntR.")
    said = box.run("convert", "attack.bin", "out.safetensors", expect=5)
    assert "pickle-global-dangerous" in said.err and not proof.exists()
    assert not (box.project / "out.safetensors").exists()


def test_memory_is_bounded_by_buffers(box):
    """A sparse archive of half a gigabyte is converted in tens of megabytes."""
    count = 64 << 20
    np.savez(box.project / "big.npz", a=np.zeros(count, "f4"), b=np.zeros(count, "f4"))
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    from harness import BINARY
    peak = int(box.python(measure, BINARY, "convert", "big.npz", "big.safetensors").out)
    assert peak < 64 << 10, f"{peak} KiB"
