#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Embeds one sentence with a BERT encoder that is loaded by name, as an application would.

Nothing here knows of Weighlock. The name is given without a revision, so whatever the local cache
calls `main` is what gets loaded: run it under `weighlock run --` and that is the locked commit.

The forward pass is numpy, about forty lines, so that no deep-learning framework has to be installed
and the result depends on the model's files alone: embeddings, encoder layers, mean pooling over the
attention mask, L2 normalisation.
"""

import argparse
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoTokenizer

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
TEXT = "The Weighlock Building in Syracuse weighed canal boats."

# `erf` itself, not the tanh approximation of it: that is what `"hidden_act": "gelu"` means.
erf = np.frompyfunc(math.erf, 1, 1)


def gelu(x):
    return (0.5 * x * (1.0 + erf(x / math.sqrt(2.0)).astype(np.float64))).astype(np.float32)


def layer_norm(x, weight, bias, epsilon):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * weight + bias


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def encode(config, tensors, ids, mask, types):
    """The last hidden state of one sequence: an array [tokens, hidden]."""
    epsilon, heads = config.layer_norm_eps, config.num_attention_heads

    def dense(x, name):
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(x, name):
        return layer_norm(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], epsilon)

    def split(x):
        return x.reshape(len(ids), heads, -1).transpose(1, 0, 2)

    x = tensors["embeddings.word_embeddings.weight"][ids]
    x = x + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + tensors["embeddings.token_type_embeddings.weight"][types]
    x = norm(x, "embeddings.LayerNorm")
    hidden_from = np.where(mask > 0, 0.0, -1e9).astype(np.float32)[None, None, :]
    for layer in range(config.num_hidden_layers):
        at = f"encoder.layer.{layer}"
        q, k, v = (split(dense(x, f"{at}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]) + hidden_from
        context = (softmax(scores) @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + dense(context, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = gelu(dense(x, f"{at}.intermediate.dense"))
        x = norm(x + dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x


def embed(name, text):
    """Loads `name` from the local cache and returns (vector, facts about what was loaded)."""
    config = AutoConfig.from_pretrained(name)
    tokenizer = AutoTokenizer.from_pretrained(name)
    weights = Path(hf_hub_download(name, "model.safetensors"))
    tokens = tokenizer(text, truncation=True, return_tensors="np")
    ids, mask, types = (tokens[key][0] for key in ("input_ids", "attention_mask", "token_type_ids"))
    hidden = encode(config, load_file(weights), ids, mask, types)
    pooled = (hidden * mask[:, None]).sum(axis=0) / max(int(mask.sum()), 1)
    vector = pooled / np.linalg.norm(pooled)
    facts = {
        "model": name,
        "commit": weights.parent.name,
        "tokenizer": type(tokenizer).__name__,
        "model_max_length": int(tokenizer.model_max_length),
        "tokens": tokenizer.convert_ids_to_tokens(ids.tolist()),
    }
    return vector, facts


def main():
    parser = argparse.ArgumentParser(description="Embed one sentence with a model loaded by name.")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    vector, facts = embed(arguments.model, arguments.text)
    # Four decimals: well inside what float32 gives whatever BLAS adds it up, so equal means equal.
    rounded = " ".join(f"{value + 0.0:.4f}" for value in np.round(vector.astype(np.float64), 4))
    digest = hashlib.sha256(rounded.encode()).hexdigest()
    if arguments.json:
        json.dump({**facts, "vector": [float(v) for v in rounded.split()], "sha256": digest}, sys.stdout)
        print()
        return
    print(f"commit     {facts['commit']}")
    print(f"tokenizer  {facts['tokenizer']}, model_max_length {facts['model_max_length']}")
    print(f"tokens     {' '.join(facts['tokens'])}")
    print(f"embedding  {' '.join(rounded.split()[:4])} … ({len(vector)} numbers)")
    print(f"sha256     {digest}")


if __name__ == "__main__":
    main()
