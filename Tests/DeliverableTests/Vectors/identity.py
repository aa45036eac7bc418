#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the digests of a made-up project by the rules of docs/formats/identity.md and lock.md, with Python's own
hashing, sorting and JSON. Shares no code with the program. `python3 identity.py > identity.json`;
`python3 identity.py --lock > ../Samples/valid-project.lock`."""

import hashlib
import json
import sys


def sha(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode("utf-8")).hexdigest()


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def entry(path, component, content=None, size=None, lfs=False):
    """A file: of known content, or a large one of made-up digest."""
    if content is None:
        digest, pointer_size = sha("content of " + path), size
    else:
        content = content.encode("utf-8")
        digest, pointer_size = sha(content), len(content)
    if lfs:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {pointer_size}\n"
        git = git_blob(pointer.encode())
    else:
        git = git_blob(content) if content is not None else None
    return {"path": path, "size": pointer_size, "sha256": digest, "git": git, "lfs": lfs, "component": component}


def source(role, repository, revision, files, date="2024-01-01T00:00:00Z", include=(), exclude=(), kind="model"):
    return {
        "role": role, "kind": kind, "repository": repository, "revision": revision, "include": list(include),
        "exclude": list(exclude), "commit": hashlib.sha1((repository + revision).encode()).hexdigest(), "date": date,
        "files": sorted(files, key=lambda f: f["path"].encode()),
    }


def local(path, component, content):
    content = content.encode()
    return {"path": path, "size": len(content), "sha256": sha(content), "component": component}


COMPOSED, DECOMPOSED = "\u00e9", "e\u0301"

PROJECT = [
    {
        "name": "chat",
        "sources": [
            source("model", "example/chat", "main", [
                entry("config.json", "config", '{"torch_dtype": "bfloat16"}\n'),
                entry("model.safetensors", "weights", size=5_000_000_000, lfs=True),
                entry("README.md", "docs", "# Chat\n"),
                entry("a/b.json", "config", "{}"),
                entry("a.json", "config", "[]"),
                entry("a b.txt", "other", ""),
                entry("\u540d\u524d.json", "config", '{"\u540d": 1}'),
                entry("tokenizer.json", "tokenizer", "{}\n"),
                entry("Z.py", "code", "pass\n"),
                entry("chat_template.jinja", "chat-template", "{{ messages }}"),
                entry("generation_config.json", "generation", '{"temperature": 0.6}'),
                entry("quantize_config.json", "quantization", '{"bits": 4}'),
            ], include=["*.json", 'odd "quote" \\ * ' + DECOMPOSED], exclude=["original/*"]),
            source("tokenizer", "example/tokenizer", "v1", [
                entry("tokenizer.json", "tokenizer", '{"other": true}\n'),
                entry("tokenizer_config.json", "tokenizer", '{"add_bos_token": true}'),
            ]),
            source("adapters/0", "example/lora-a", "refs/pr/1", [entry("adapter_model.safetensors", "weights", size=10, lfs=True)]),
            source("adapters/1", "lora-b", "main", [entry("adapter_model.safetensors", "weights", size=0, lfs=True)], date=None),
            source("datasets/0", "example/eval", "main", [entry("test.jsonl", "datasets", '{"q": 1}\n'), entry("README.md", "datasets", "eval")],
                   kind="dataset"),
            source("base", "example/base", "main", [entry("config.json", "config", "base")]),
        ],
        "sets": [["adapters/1/", sha("set b")], ["adapters/0/", sha("set b")], ["", sha("set z")], ["", sha("set a")], ["", sha("set a")]],
        "others": [["adapters/0/optimizer.bin", sha("other")]],
        "scan": {"rules": 1, "files": [{"path": "Z.py", "verdict": "review", "rules": ["a", "b"]}]},
        "replacements": [
            {"role": "model", "path": "model.safetensors",
             "result": {"path": "other.safetensors", "size": 7, "sha256": sha("replaced")}},
            {"role": "adapters/1", "path": "adapter_model.safetensors", "result": None},
        ],
        "launch": {
            "command": ["vllm", "serve", "{model}", "--note", 'a "b" \\ c\td\ne/' + DECOMPOSED + "\U0001f600"],
            "env": [{"name": "A", "value": ""}, {"name": "B_2", "value": "1"}, {"name": "a", "value": COMPOSED}],
            "files": ["start.sh", "tools/warm.sh"],
        },
        "files": [
            local("start.sh", "launch", "#!/bin/sh\n"), local("tools/warm.sh", "launch", ":\n"),
            local("requirements.txt", "packages", "vllm==0.9.1\n"), local("prompts/a.jinja", "prompts", "Hi {{ name }}"),
        ],
        "defaults": [
            {"name": "temperature", "value": 0.6, "file": "generation_config.json", "key": "temperature"},
            {"name": "dtype", "value": "bfloat16", "file": "config.json", "key": "torch_dtype"},
            {"name": "rope-scaling", "value": {"factor": 8, "rope_type": "yarn", "x": None}, "file": "config.json", "key": "rope_scaling"},
            {"name": "add-bos-token", "value": True, "file": "tokenizer/tokenizer_config.json", "key": "add_bos_token"},
            {"name": "stop-token-ids", "value": [1, 2], "file": "generation_config.json", "key": "eos_token_id"},
            {"name": "chat-template", "value": sha("{{ messages }}"), "file": "chat_template.jinja", "key": None},
        ],
    },
    {
        "name": "Z.small", "launch": None, "files": [], "defaults": [],
        "sets": [["", sha("one set at the top")]], "others": [],
        "sources": [source("model", "gpt2", "main", [entry("model.safetensors", "weights", "x")], date=None)],
    },
    {
        "name": "env-only", "files": [], "defaults": [],
        "launch": {"command": [], "env": [{"name": "X", "value": "y"}], "files": []},
        "sources": [source("model", "example/docs", "main", [entry("README.md", "docs", "only docs")])],
    },
]


def tensor_digest(deliverable):
    """The tensor digest of the weights: sets as (directory, digest), other files as (path, digest)."""
    sets = {(directory + "tensors", digest) for directory, digest in deliverable.get("sets", [])}
    others = [tuple(row) for row in deliverable.get("others", [])]
    if not sets:
        return None
    if len(sets) == 1 and not others:
        return next(iter(sets))[1]
    rows = sorted(list(sets) + others, key=lambda r: (r[0].encode(), r[1]))
    return sha("".join(f"{digest}  {path}\n" for path, digest in rows))


def digests(deliverable):
    rows, sizes, counts = {}, {}, {}
    for s in deliverable["sources"]:
        if s["role"] == "base":
            continue
        prefix = "" if s["role"] == "model" else s["role"] + "/"
        for f in s["files"]:
            rows.setdefault(f["component"], []).append((prefix + f["path"], f["sha256"], f["size"]))
    for f in deliverable["files"]:
        rows.setdefault(f["component"], []).append((f["path"], f["sha256"], f["size"]))
    for name, files in rows.items():
        counts[name], sizes[name] = len(files), sum(size for _, _, size in files)
    launch = deliverable["launch"]
    if launch is not None:
        text = json.dumps({"command": launch["command"], "env": {v["name"]: v["value"] for v in launch["env"]}},
                          ensure_ascii=False, separators=(",", ":"))
        rows.setdefault("launch", []).append(("-", sha(text), 0))
    components, lines, behaviour = [], [], []
    for name in sorted(rows):
        listing = "".join(f"{digest}  {path}\n" for path, digest, _ in sorted(rows[name], key=lambda r: (r[0].encode(), r[1])))
        tensors = tensor_digest(deliverable) if name == "weights" else None
        components.append({"component": name, "sha256": sha(listing), "files": counts.get(name, 0), "size": sizes.get(name, 0),
                           "tensors": tensors})
        if name != "docs":
            behaviour.append(f"{tensors or sha(listing)}  {name}\n")
        lines.append((name, f"{sha(listing)}  {name}\n"))
    return {
        "components": components,
        "identity": sha("".join(line for _, line in lines)),
        "behaviour": sha("".join(behaviour)),
    }


def lock_text(project):
    one = lambda value: json.dumps(value, ensure_ascii=False)

    def many(items, indent, write=one):
        return "[\n" + ",\n".join(indent + "  " + write(item) for item in items) + "\n" + indent + "]" if items else "[]"

    def block(indent, members):
        return "{\n" + ",\n".join(f'{indent}  "{key}": {value}' for key, value in members) + "\n" + indent + "}"

    def write_source(s):
        members = [(key, one(s[key])) for key in ["role", "kind", "repository", "revision", "include", "exclude", "commit", "date"]]
        return block(" " * 8, members + [("files", many(s["files"], " " * 10))])

    def write_launch(launch):
        if launch is None:
            return "null"
        return block(" " * 6, [("command", one(launch["command"])), ("env", many(launch["env"], " " * 8)), ("files", one(launch["files"]))])

    def write_scan(scan):
        if scan is None:
            return "null"
        return block(" " * 6, [("rules", one(scan["rules"])), ("files", many(scan["files"], " " * 8))])

    def write(d):
        made = digests(d)
        defaults = sorted(d["defaults"], key=lambda e: (e["name"].encode(), e["file"].encode(), (e["key"] or "").encode()))
        return block(" " * 4, [
            ("name", one(d["name"])), ("identity", one(made["identity"])), ("behaviour", one(made["behaviour"])),
            ("components", many(made["components"], " " * 6)), ("sources", many(d["sources"], " " * 6, write_source)),
            ("image", "null"), ("launch", write_launch(d["launch"])), ("files", many(d["files"], " " * 6)), ("patches", "[]"),
            ("variants", "[]"), ("scan", write_scan(d.get("scan"))),
            ("replacements", many(d.get("replacements", []), " " * 6)), ("defaults", many(defaults, " " * 6)),
        ])

    project = sorted(project, key=lambda d: d["name"].encode())
    return block("", [("version", "1"), ("identity", one(identity(project))), ("deliverables", many(project, "  ", write))]) + "\n"


def identity(project):
    return sha("".join(f"{digests(d)['identity']}  {d['name']}\n" for d in sorted(project, key=lambda d: d["name"].encode())))


if __name__ == "__main__":
    if "--lock" in sys.argv:
        sys.stdout.write(lock_text(PROJECT))
    else:
        out = {"identity": identity(PROJECT), "lock": sha(lock_text(PROJECT)),
               "deliverables": [{**d, "expected": digests(d)} for d in PROJECT]}
        json.dump(out, sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
