#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the checkpoints of `checkpoints/` and `checkpoints/expected.json`: one model before and after, in every layout.

    python3 checkpoints.py

Saved by PyTorch (the deflated one is packed again with zipfile), the safetensors file by its library; the distances are numpy's. Shares
no code with the program.
"""

import json
import pathlib
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent / "checkpoints"


def model(after):
    torch.manual_seed(20261121)
    embed, first = torch.randn(24, 16), torch.randn(16, 16)
    turned, sliced = torch.randn(40, 24), torch.randn(16, 40)
    cast, norm, ids = torch.randn(8, 8), torch.randn(16).to(torch.bfloat16), torch.arange(10)
    if after:
        first = first + torch.randn(16, 16) * 1e-3
        turned = turned.clone()
        turned[7, 3] += 1
        sliced = sliced.clone()
        sliced[:, 4] *= 2
        norm = norm + torch.tensor(0.5, dtype=torch.bfloat16)
        ids = ids + torch.tensor([0] * 9 + [3])
        cast = cast.half()
    # What is turned or cut out does not lie in its storage in one stretch; the head is the embedding.
    return {
        "cast.weight": cast, "embed.weight": embed, "first.weight": first, "head.weight": embed, "ids": ids, "norm.weight": norm,
        "sliced.weight": sliced[:, 3:9], "turned.weight": turned.T,
    }


def distance(before, after):
    one, other = (t.to(torch.float64).numpy().ravel() for t in (before, after))
    apart = np.abs(one - other)
    return {
        "maximum": apart.max(), "mean": apart.mean(), "relative": float(np.linalg.norm(apart) / np.linalg.norm(one)),
        "share": float((one != other).mean()), "nonFinite": 0,
    }


def deflated(path, target):
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as other:
        for name in archive.namelist():
            member = zipfile.ZipInfo(name)
            other.writestr(member, archive.read(name), compress_type=zipfile.ZIP_DEFLATED)


def main():
    HERE.mkdir(exist_ok=True)
    models = {"before": model(False), "after": model(True)}
    for side, tensors in models.items():
        torch.save(tensors, HERE / f"{side}.bin")
        torch.save({"state_dict": tensors, "epoch": 3}, HERE / f"{side}-legacy.bin", _use_new_zipfile_serialization=False)
        deflated(HERE / f"{side}.bin", HERE / f"{side}-deflated.bin")
        # The library refuses shared memory: one of the tied names is left out, as programs do.
        save_file({n: t.contiguous() for n, t in tensors.items() if n != "head.weight"}, HERE / f"{side}.safetensors")
    changed = {
        name: distance(tensor, models["after"][name])
        for name, tensor in models["before"].items() if name not in ("embed.weight", "head.weight")
    }
    (HERE / "expected.json").write_text(json.dumps(changed, indent=1) + "\n")


main()
