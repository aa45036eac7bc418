#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes shards.json: how huggingface_hub divides tensors among files. Needs huggingface_hub; run from this folder."""

import json
import random
import re

from huggingface_hub import split_state_dict_into_shards_factory


def natural(name):
    return [(0, int(part), b"") if part.isdigit() else (1, 0, part.encode()) for part in re.findall(r"\d+|\D", name)]


def main():
    source = random.Random(1825)
    cases = []
    for number in range(40):
        names = []
        for layer in range(source.randint(0, 12)):
            names += [f"layers.{layer}.{part}" for part in ("q.weight", "k.weight", "norm", "mlp.up")]
        names += ["embed", "head", "norm"][: source.randint(1, 3)]
        tensors = {name: source.choice([0, 1, 5, 40, 100, 101, 250, source.randint(0, 400)]) for name in sorted(names, key=natural)}
        limit = source.choice([1, 100, 250, 400, 1000, 100000])
        split = split_state_dict_into_shards_factory(
            tensors, get_storage_size=lambda size: size, filename_pattern="model{suffix}.safetensors", max_shard_size=limit)
        index = {"metadata": {"total_size": split.metadata["total_size"]}, "weight_map": split.tensor_to_filename}
        cases.append({
            "tensors": [{"name": name, "size": size} for name, size in tensors.items()],
            "limit": limit,
            "files": [{"name": name, "tensors": keys} for name, keys in split.filename_to_tensors.items()],
            "index": json.dumps(index, indent=2, sort_keys=True) + "\n" if split.is_sharded else None,
        })
    with open("shards.json", "w") as out:
        json.dump(cases, out, indent=None, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main()
