#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the checkpoints of this directory with PyTorch and numpy, and expected.tsv with what they load.

expected.tsv: file, path of the tensor (keys joined by dots), dtype in safetensors' words, shape, SHA-256 of the packed little-endian
bytes. A line with `refused` in the third column names a tensor that must be refused, and the word that the reason begins with.
"""
import collections, hashlib, io, os, pickle, struct, tarfile, zipfile, zlib
import numpy as np
import torch

here = os.path.dirname(os.path.abspath(__file__))
rows = []
NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
    torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL", torch.complex64: "C64", torch.uint16: "U16",
    torch.uint32: "U32", torch.uint64: "U64", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ", torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.float8_e8m0fnu: "F8_E8M0",
}


def raw(t):
    t = t.detach().resolve_conj().resolve_neg().contiguous().clone()
    return bytes(t.flatten().view(torch.uint8).numpy()) if t.numel() else b""


def walk(o, path, out):
    if isinstance(o, torch.Tensor):
        out.append((path, o))
    elif isinstance(o, dict):
        for k, v in o.items():
            walk(v, path + [str(k)], out)
    elif isinstance(o, (list, tuple)) and not isinstance(o, torch.Size):
        for i, v in enumerate(o):
            walk(v, path + [str(i)], out)
    return out


def expect(name, obj, refused=()):
    for path, t in walk(obj, [], []):
        key = ".".join(path)
        if path and path[0] in refused:
            continue
        rows.append((name, key, NAMES[t.dtype], "x".join(map(str, t.shape)), hashlib.sha256(raw(t)).hexdigest()))


def save(name, obj, refused=None, **kw):
    torch.save(obj, os.path.join(here, name), **kw)
    expect(name, obj, refused or {})
    for key, word in (refused or {}).items():
        rows.append((name, key, "refused", "", word))


torch.manual_seed(0)
base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
every = {str(d).split(".")[1]: (torch.arange(6) % 2).to(d) if d in (torch.bool,) else torch.arange(1, 7).to(torch.float32).to(d) for d in NAMES}
every["bool"] = torch.tensor([True, False, True])
views = {
    "whole": base, "transposed": base.transpose(0, 2), "slice": base[1:, 1:3, ::2], "expanded": base[0, :1].expand(7, 5),
    "scalar": torch.tensor(3.5), "empty": torch.zeros(0, 4), "row": base[2, 3], "permuted": base.permute(1, 2, 0), "column": base[:, 0, 0],
}
tied = torch.randn(5, 3)
tied = {"wte.weight": tied, "lm_head.weight": tied, "part": tied[1:3], "other": torch.ones(2)}
nested = {
    "epoch": 3, "lr": 1e-3, "name": "x", "state_dict": model.state_dict(),
    "optimizer": {"state": {0: {"step": torch.tensor(4.0), "exp_avg": torch.randn(3, 4)}}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]},
    "list": [torch.ones(2), torch.zeros(3)],
}
conj = torch.complex(torch.arange(4.0), torch.arange(4.0) + 1)
signs = {"conj": conj.conj(), "neg": torch._neg_view(torch.arange(4.0)), "plain": conj}
parameter = {"p": torch.nn.Parameter(torch.randn(3)), "q": torch.nn.Parameter(torch.randn(2), requires_grad=False)}

save("state_dict.pt", model.state_dict())
save("every.pt", every)
save("views.pt", views)
save("tied.pt", tied)
save("nested.pt", nested)
save("signs.pt", signs)
save("parameter.pt", parameter)
save("bare.pt", base)
save("protocol4.pt", views, pickle_protocol=4)
old = dict(_use_new_zipfile_serialization=False)
save("state_dict-legacy.pt", model.state_dict(), **old)
save("every-legacy.pt", every, **old)
save("views-legacy.pt", views, **old)
save("tied-legacy.pt", tied, **old)
save("nested-legacy.pt", nested, **old)

refused = {"fine": torch.ones(3), "sparse": torch.eye(3).to_sparse(), "meta": torch.empty(3, device="meta"),
           "c128": torch.ones(2, dtype=torch.complex128)}
words = {"sparse": "a sparse", "meta": "a tensor without", "c128": "elements of type"}
try:
    refused["quantized"] = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    words["quantized"] = "a quantised"
except Exception as error:
    print("no quantised sample:", error)
class Other(torch.Tensor):
    pass
Other.__module__, Other.__qualname__, Other.__name__ = "torch", "Size", "Size"   # importable by pickle; never loaded
save("refused.pt", refused, words)

# Keys that are no text: whole numbers are written out, as the places of a list are; the others give no name. And two keys of one name.
odd = {0: torch.ones(2), 7: torch.zeros(3), None: torch.ones(1), 1.5: torch.ones(1), ("a", 1): torch.ones(1), ("b", 2): torch.zeros(1)}
torch.save(odd, os.path.join(here, "odd-keys.pt")); expect("odd-keys.pt", {k: odd[k] for k in (0, 7)})
rows += [("odd-keys.pt", key, "refused", "", "its key is neither") for key in ("(none)", "(1.5)", "(a tuple of 2)")]
torch.save({"w": torch.ones(1), 1: torch.ones(2), "1": torch.zeros(2)}, os.path.join(here, "one-name.pt"))

# A single number beside a state dict of a usual name is not what the file is about.
save("beside.pt", {"model_state_dict": model.state_dict(), "loss": torch.tensor(0.5), "epoch": 3})

# Big-endian by hand: the storages of `views` turned around, member by member.
def members(name):
    with zipfile.ZipFile(os.path.join(here, name)) as z:
        return [(i.filename, z.read(i)) for i in z.infolist()]

def rewrite(name, items, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(os.path.join(here, name), "w") as z:
        for n, d in items:
            i = zipfile.ZipInfo(n, (2020, 1, 1, 0, 0, 0)); i.compress_type = method
            z.writestr(i, d)

out = []
for n, d in members("views.pt"):
    if "/data/" in n: d = np.frombuffer(d, "<u4").astype(">u4").tobytes()
    if n.endswith("byteorder"): d = b"big"
    out.append((n, d))
rewrite("big-endian.pt", out); expect("big-endian.pt", views)
rewrite("deflated.pt", members("nested.pt"), zipfile.ZIP_DEFLATED); expect("deflated.pt", nested)

# The tar of PyTorch 0.1, from torch's reader of it.
class Global:
    def __init__(self, name): self.name = name
class Pickler(pickle._Pickler):
    def persistent_id(self, obj):
        return obj.key if isinstance(obj, Key) else None
    def save_global(self, obj, name=None): super().save_global(obj, name)
class Key:
    def __init__(self, key): self.key = key
def dump(obj):
    b = io.BytesIO(); p = Pickler(b, 2); p.dump(obj); return b.getvalue()
def storage_pickle(key, kind):
    # (key, 'cpu', torch.<kind>) with the class as a GLOBAL, written by hand.
    return b"\x80\x02J" + struct.pack("<i", key) + b"X\x03\x00\x00\x00cpuctorch\n" + kind + b"\n\x87."
def tensor_pickle(key, storage, kind):
    return b"\x80\x02J" + struct.pack("<i", key) + b"J" + struct.pack("<i", storage) + b"ctorch\n" + kind + b"\n\x87."
data = np.arange(12, dtype="<f4"); more = np.arange(5, dtype="<i8")
storages = pickle.dumps(2, 2) + storage_pickle(11, b"FloatStorage") + struct.pack("<q", 12) + data.tobytes() \
    + storage_pickle(12, b"LongStorage") + struct.pack("<q", 5) + more.tobytes() + pickle.dumps([(13, 11, 4, 6)], 2)
def geometry(shape, stride, offset):
    return struct.pack("<i4x", len(shape)) + struct.pack(f"<{2*len(shape)+1}q", *shape, *stride, offset)
tensors = pickle.dumps(3, 2) + tensor_pickle(1, 11, b"FloatTensor") + geometry((3, 4), (4, 1), 0) \
    + tensor_pickle(2, 12, b"LongTensor") + geometry((5,), (1,), 0) + tensor_pickle(3, 13, b"FloatTensor") + geometry((3, 2), (1, 3), 0)
obj = dump(collections.OrderedDict([("a", Key(1)), ("b", Key(2)), ("t", Key(3))]))
with tarfile.open(os.path.join(here, "tar.pt"), "w") as t:
    for n, d in (("sys_info", pickle.dumps({"little_endian": True}, 2)), ("pickle", obj), ("tensors", tensors), ("storages", storages)):
        i = tarfile.TarInfo(n); i.size = len(d); t.addfile(i, io.BytesIO(d))
x = torch.from_numpy(data.copy())
expect("tar.pt", {"a": x.reshape(3, 4), "b": torch.from_numpy(more.copy()), "t": x[4:10].reshape(2, 3).t()})

# What Python 2 wrote: `OrderedDict([[name, tensor]])`, byte strings, `long` sizes, `_rebuild_tensor`.
def short(text): return b"U" + bytes([len(text)]) + text
def long1(n): return b"\x8a\x01" + bytes([n])
python2 = b"\x80\x02ccollections\nOrderedDict\n](](" + short(b"lin.weight") + b"ctorch._utils\n_rebuild_tensor\n((" + short(b"storage") \
    + b"ctorch\nFloatStorage\n" + short(b"1153679344") + short(b"cuda:0") + long1(12) + b"NtQK\x00(" + long1(3) + long1(4) + b"t(" \
    + long1(4) + long1(1) + b"ttReeq\x01\x85R."
python2 = python2.replace(b"eeq\x01\x85R.", b"ee\x85R.")
head = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e80024de9032e") + pickle.dumps({"little_endian": True, "protocol_version": 1001}, 2)
with open(os.path.join(here, "python2.pt"), "wb") as f:
    f.write(head + python2 + b"\x80\x02](" + short(b"1153679344") + b"e." + struct.pack("<q", 12) + data.tobytes())
expect("python2.pt", torch.load(os.path.join(here, "python2.pt"), map_location="cpu"))

arrays = {"c": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(12, dtype="f4").reshape(3, 4)),
          "big": np.arange(5, dtype=">i4"), "scalar": np.float32(2), "flags": np.array([True, False]), "empty": np.zeros((0, 3), "f2"),
          "complex": np.arange(3, dtype="c8")}
np.savez(os.path.join(here, "arrays.npz"), **arrays, objects=np.array([{}, 1], dtype=object))
np.savez_compressed(os.path.join(here, "packed.npz"), **arrays)
plain = {k: torch.from_numpy(np.ascontiguousarray(np.asarray(v)).astype(np.asarray(v).dtype.newbyteorder("<")).reshape(np.shape(v))) for k, v in arrays.items()}
expect("arrays.npz", plain); expect("packed.npz", plain)
rows.append(("arrays.npz", "objects", "refused", "", "an array of Python"))
for k in ("c", "fortran", "big"):
    np.save(os.path.join(here, f"{k}.npy"), arrays[k]); expect(f"{k}.npy", plain[k])
np.lib.format.write_array(open(os.path.join(here, "v3.npy"), "wb"), arrays["c"], version=(3, 0)); expect("v3.npy", plain["c"])

with open(os.path.join(here, "expected.tsv"), "w") as f:
    for row in rows:
        f.write("\t".join(row) + "\n")
