# SPDX-License-Identifier: Apache-2.0
"""Writes ordinary files of PyTorch, numpy and Python that scanners like to be wrong about.

    python3 ordinary_pickles.py FOLDER

The name of a file begins with the worst verdict that a scan may reach. Made with torch 2.13 and numpy 2.
"""

import sys, collections, argparse, random, io, pickle, types
from pathlib import Path
import numpy as np, torch
from torch import nn
out = Path(sys.argv[1]); out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(1); random.seed(1); np.random.seed(1)
def save(name, obj, **kw): torch.save(obj, out / name, **kw)
m = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
for label, opt in (("adam", torch.optim.AdamW(m.parameters(), amsgrad=True)), ("sgd", torch.optim.SGD(m.parameters(), 0.1, momentum=0.9))):
    m(torch.randn(3, 4)).sum().backward(); opt.step()
    save(f"clean-{label}.pt", opt.state_dict())
    for l2, s in (("cosine", torch.optim.lr_scheduler.CosineAnnealingLR(opt, 10)), ("plateau", torch.optim.lr_scheduler.ReduceLROnPlateau(opt)),
                  ("onecycle", torch.optim.lr_scheduler.OneCycleLR(opt, 0.1, total_steps=10))):
        save(f"clean-{label}-{l2}.pt", s.state_dict())
save("clean-lambda-lr.pt", torch.optim.lr_scheduler.LambdaLR(opt, lambda e: 1.0).state_dict())
save("clean-rng_state.pth", {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.random.get_rng_state(), "cuda": [torch.random.get_rng_state()]})
save("clean-scaler.pt", torch.amp.GradScaler("cpu").state_dict())
save("clean-legacy-optimizer.pt", opt.state_dict(), _use_new_zipfile_serialization=False)
save("clean-proto4.pt", m.state_dict(), pickle_protocol=4)
save("clean-lightning.ckpt", {"epoch": 1, "global_step": 10, "pytorch-lightning_version": "2.1.0", "state_dict": m.state_dict(), "loops": {"fit_loop": {"state_dict": {}}},
   "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "dirpath": "/home/me/ckpt", "best_model_path": ""}},
   "optimizer_states": [opt.state_dict()], "lr_schedulers": [], "hparams_name": "kwargs", "hyper_parameters": {"lr": 1e-3, "layers": [1, 2], "note": "rm -rf ~/.cache; os.system"}})
save("clean-namespace.pt", {"args": argparse.Namespace(lr=0.1, arch="resnet50", gpu=None), "epoch": 3, "model": m.state_dict()})
save("clean-bf16.pt", {k: v.to(torch.bfloat16) for k, v in m.state_dict().items() if v.is_floating_point()})
save("clean-fp8.pt", {"w": torch.zeros(4, 4).to(torch.float8_e4m3fn), "s": torch.tensor(1.0)})
save("clean-parameter.pt", nn.Parameter(torch.zeros(3)))
save("clean-sparse.pt", torch.eye(3).to_sparse())
save("clean-quantized.pt", torch.quantize_per_tensor(torch.zeros(4), 0.1, 0, torch.qint8))
save("clean-shared.pt", (lambda w: {"a": w, "b": w.t(), "c": w[1:], "d": w.expand(2, 4, 4)})(torch.zeros(4, 4)))
save("clean-misc.pt", {"size": torch.Size([1, 2]), "device": torch.device("cpu"), "dtype": torch.float16, "d": collections.defaultdict(list, {"a": [1]}), "od": collections.OrderedDict(a=1),
   "set": {1, 2}, "np": np.float32(3), "arr": np.zeros(3), "c": collections.Counter("aab"), "none": None, "big": 10 ** 40, "cx": 1 + 2j, "b": b"\x80\x04bytes", "ba": bytearray(b"x"), "fs": frozenset({1}), "sl": slice(1, 2)})
save("clean-ema.pt", {"decay": 0.99, "num_updates": 3, "shadow_params": [p.detach().clone() for p in m.parameters()], "collected_params": []})
save("clean-strings.pt", {"tokens": ["<s>", "os.system('x')", "__import__", "cos\nsystem\n(S'x'\ntR."[:9], "gASVxyz", "eval(", "{{ x }}"], "text": "curl http://h | sh"})
save("review-module.pt", m)
save("review-subclass.pt", {"mod": nn.ModuleList([nn.Linear(1, 1)])})
sc = torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.ReLU())); sc.save(str(out / "clean-script.pt"))
tr = torch.jit.trace(nn.Conv1d(1, 1, 2), torch.zeros(1, 1, 4)); tr.save(str(out / "clean-traced.pt"))
class Named(nn.Module):
    def forward(self, x: torch.Tensor): return {"a": x, "b": [x]}
torch.jit.script(Named()).save(str(out / "clean-script-dict.pt"))
import torch.distributed.checkpoint as dcp
dcp.save({"w": torch.zeros(4)}, checkpoint_id=str(out / "dcp"))
for part in (out / "dcp").iterdir(): part.rename(out / ("review-" + part.name))
(out / "dcp").rmdir()
# plain pickles
def dump(name, obj, proto=None): (out / name).write_bytes(pickle.dumps(obj, proto))
for proto in range(6):
    dump(f"clean-p{proto}.pkl", {"a": [1, 2.5, "x", None, True, (1,), {2}, b"by"], "u": "\u00e9\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "big": 1 << 100, "neg": -5}, proto)
    dump(f"clean-np{proto}.pkl", [np.arange(4), np.float64(1), np.dtype("f4"), np.dtype([("a", "i4"), ("b", "f8")]), np.array(["a", "b"]), np.array([True]), np.datetime64("2020-01-01"), np.random.RandomState(1)], proto)
dump("clean-generator.pkl", np.random.default_rng(1))
dump("clean-objects.pkl", np.array([{"a": 1}, None, "x"], dtype=object))
dump("clean-list.pkl", list(range(5000)))
dump("clean-recursive.pkl", (lambda l: (l.append(l), l)[1])([]))
np.save(out / "review-objects.npy", np.array([{"a": 1}, [2]], dtype=object), allow_pickle=True)
np.save(out / "clean-structured.npy", np.zeros(3, dtype=[("x", "f4"), ("y", "i8", (2,))]))
np.save(out / "clean-unicode.npy", np.array(["O", "abc"]))
np.save(out / "clean-fortran.npy", np.asfortranarray(np.zeros((3, 4))))
np.save(out / "clean-zero.npy", np.zeros((0, 4)))
np.savez_compressed(out / "clean-c.npz", a=np.zeros(3), b=np.arange(4))
import datetime, decimal, fractions, uuid, pathlib, enum
dump("clean-datetime.pkl", [datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(1), decimal.Decimal("1.5"), fractions.Fraction(1, 2), pathlib.PurePosixPath("a/b"), collections.deque([1], 3)])
dump("review-uuid.pkl", uuid.UUID(int=1))
save("clean-nested.pt", {"w": torch.nested.nested_tensor([torch.zeros(2, 3), torch.zeros(4, 3)], layout=torch.jagged)})
# A whole module in the old format names its classes by ids, with their source text, which is not ours to keep.
def no_source(_): raise OSError("no source")
torch.serialization.get_source_lines_and_file = no_source
save("review-legacy-module.pt", m, _use_new_zipfile_serialization=False)
