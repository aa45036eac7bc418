# SPDX-License-Identifier: Apache-2.0
"""What is on disk against the documents that describe it, with nothing but the standard tools."""

import copy
import hashlib
import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from harness import ROOT, Box, file_sha256, sha256, tiny_model, write_tree
from lying_hub import LyingHub

SAMPLES = ROOT / "Tests/DeliverableTests/Samples"
MODEL = {
    **tiny_model(5, weights=300_000),
    "tokenizer/inner.json": "{}",
    "modeling_custom.py": "x = 1\n",
    "chat_template.jinja": "{{ messages }}",
    "generation_config.json": '{"temperature": 0.7}',
    "ünïcode 名.txt": "a name\n",
    "Z.json": "{}",
    "a b.json": "[]",
}
ADAPTER = {"adapter_config.json": '{"peft_type": "LORA", "r": 8}', "adapter_model.safetensors": b"\1" * 1000}
DATASET = {"test.jsonl": '{"a": 1}\n', "README.md": "data\n"}


@pytest.fixture(scope="module")
def validators(tmp_path_factory):
    box = Box(tmp_path_factory.mktemp("schema"))
    found = {}
    for name, suffix in (("manifest", ".yaml"), ("lock", ".lock")):
        schema = json.loads(box.run("schema", name).out)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema.Draft202012Validator.check_schema(schema)
        found[suffix] = jsonschema.Draft202012Validator(schema)
    return found


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A lock with everything this version can lock, and its files in the view."""
    place = tmp_path_factory.mktemp("locked")
    with LyingHub() as hub:
        hub.commit("example/model", MODEL)
        hub.commit("example/other", {"tokenizer.json": '{"other": 1}', "tokenizer_config.json": "{}"}, branch="v1")
        hub.commit("example/lora", ADAPTER)
        box = Box(place, endpoint=hub.url)
        write_tree(box.project, {"start.sh": "#!/bin/sh\nexec serve\n", "requirements.txt": "numpy==2.4.6\n", "prompts/a.jinja": "hello"})
        box.manifest("""\
version: 1
deliverables:
  chat:
    model:
      repo: example/model
      exclude: ["nested/*"]
    tokenizer:
      repo: example/other
      revision: v1
    adapters:
      - repo: example/lora
    packages: requirements.txt
    prompts: ["prompts/*.jinja"]
    launch:
      command: [serve, "{model}", "--text", "quote \\" and \\\\ back"]
      env: {B_VARIABLE: "2", A_VARIABLE: "ü"}
      files: [start.sh]
  plain:
    model:
      repo: example/model
""")
        box.run("lock")
        box.run("sync")
        yield box


def load(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".lock" else yaml.safe_load(text)


@pytest.mark.parametrize("path", sorted(p for p in SAMPLES.iterdir() if p.suffix in (".yaml", ".lock")), ids=lambda p: p.name)
def test_schemas_judge_the_samples_as_they_are_called(validators, path):
    try:
        value = load(path)
    except (yaml.YAMLError, ValueError):
        assert path.name.startswith("refused-"), "a sample for a schema must be YAML or JSON"
        return
    errors = list(validators[path.suffix].iter_errors(value))
    assert bool(errors) == path.name.startswith("invalid-"), errors[:3]


def test_schemas_accept_what_the_program_writes(validators, locked, box):
    assert not list(validators[".lock"].iter_errors(locked.lock))
    assert not list(validators[".yaml"].iter_errors(load(locked.project / "weighlock.yaml")))
    box.run("init")
    box.run("add", "example/model@v1", "--include", "*.json")
    box.run("add", "gpt2")
    assert not list(validators[".yaml"].iter_errors(load(box.project / "weighlock.yaml")))


def test_schemas_refuse_every_key_that_is_not_theirs(validators, locked):
    def objects(value, trail=()):
        if isinstance(value, dict):
            yield trail
            for key, inner in value.items():
                yield from objects(inner, (*trail, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from objects(inner, (*trail, index))

    lock = locked.lock
    # One place of each shape will do. The value of an effective default may be any JSON.
    shapes = {}
    for trail in objects(lock):
        if "value" not in trail:
            shapes.setdefault(tuple(step for step in trail if isinstance(step, str)), trail)
    places = list(shapes.values())
    assert len(places) >= 8, shapes
    for trail in places:
        changed = copy.deepcopy(lock)
        target = changed
        for step in trail:
            target = target[step]
        target["surprise"] = 1
        assert list(validators[".lock"].iter_errors(changed)), f"an unknown key at {trail} is accepted"
        del target["surprise"]
        for key in list(target):
            kept = target.pop(key)
            assert list(validators[".lock"].iter_errors(changed)), f"{trail} without `{key}` is accepted"
            target[key] = kept


def recomputed(lock):
    """Components, behaviour and identity of each deliverable, and of the project, by docs/formats/identity.md."""
    result, project = {}, []
    for deliverable in lock["deliverables"]:
        rows = {}
        for source in deliverable["sources"]:
            if source["role"] == "base":
                continue
            prefix = "" if source["role"] == "model" else source["role"] + "/"
            for file in source["files"]:
                rows.setdefault(file["component"], []).append((prefix + file["path"], file["sha256"]))
        for file in deliverable["files"]:
            rows.setdefault(file["component"], []).append((file["path"], file["sha256"]))
        launch = deliverable["launch"]
        if launch:
            environment = {item["name"]: item["value"] for item in sorted(launch["env"], key=lambda item: item["name"].encode())}
            text = json.dumps({"command": launch["command"], "env": environment}, ensure_ascii=False, separators=(",", ":"))
            rows.setdefault("launch", []).append(("-", sha256(text.encode())))
        components = {}
        for name, files in rows.items():
            listing = "".join(f"{digest}  {path}\n" for path, digest in sorted(files, key=lambda row: (row[0].encode(), row[1])))
            components[name] = sha256(listing.encode())
        lines = [f"{components[name]}  {name}\n" for name in sorted(components, key=str.encode)]
        identity = sha256("".join(lines).encode())
        behaviour = sha256("".join(line for line in lines if not line.endswith("  docs\n")).encode())
        result[deliverable["name"]] = (components, behaviour, identity)
        project.append((deliverable["name"], identity))
    text = "".join(f"{identity}  {name}\n" for name, identity in sorted(project, key=lambda row: row[0].encode()))
    return result, sha256(text.encode())


def test_digests_can_be_recomputed_from_the_lock_alone(locked):
    lock = locked.lock
    deliverables, identity = recomputed(lock)
    assert lock["identity"] == identity
    for deliverable in lock["deliverables"]:
        components, behaviour, own = deliverables[deliverable["name"]]
        assert {c["component"]: c["sha256"] for c in deliverable["components"]} == components
        assert (deliverable["behaviour"], deliverable["identity"]) == (behaviour, own)
    chat = deliverables["chat"][0]
    assert {"weights", "tokenizer", "config", "code", "chat-template", "generation", "docs", "launch", "packages", "prompts"} <= set(chat)
    assert locked.run("sync", "--print-cache-key").out.strip() == identity


def test_the_script_in_the_document_says_the_same(locked):
    text = (ROOT / "docs/formats/identity.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"python3 - weighlock\.lock <<'PY'\n(.*?)\nPY\n", text, re.S)
    lines = locked.python(script, "weighlock.lock").out.splitlines()
    assert f"identity {locked.lock['identity']}" in lines
    for deliverable in locked.lock["deliverables"]:
        assert f"{deliverable['name']} behaviour {deliverable['behaviour']}" in lines
        for component in deliverable["components"]:
            assert f"{deliverable['name']} {component['component']} {component['sha256']}" in lines


def test_component_digests_are_what_sha256sum_prints_for_the_view(locked):
    (plain,) = [d for d in locked.lock["deliverables"] if d["name"] == "plain"]
    (source,) = plain["sources"]
    place = locked.view() / "models--example--model/snapshots" / source["commit"]
    for component in plain["components"]:
        paths = [f["path"] for f in source["files"] if f["component"] == component["component"]]
        assert len(paths) == component["files"]
        # The whole pipeline of the document, with the shell's own sort.
        found = subprocess.run(
            "LC_ALL=C sort -u | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum", shell=True, cwd=place, check=True,
            input="\n".join(reversed(paths)) + "\n", capture_output=True, text=True).stdout.split()[0]
        assert found == component["sha256"], component["component"]


def test_files_in_the_view_are_what_the_lock_says(locked):
    for deliverable in locked.lock["deliverables"]:
        for source in deliverable["sources"]:
            folder = f"{source['kind']}s--" + source["repository"].replace("/", "--")
            place = locked.view() / folder / "snapshots" / source["commit"]
            for file in source["files"]:
                path = place / file["path"]
                assert (path.stat().st_size, file_sha256(path)) == (file["size"], file["sha256"]), file["path"]
                oid = subprocess.run(["git", "hash-object", "--no-filters", path], check=True, capture_output=True, text=True).stdout.strip()
                if file["lfs"]:
                    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{file['sha256']}\nsize {file['size']}\n".encode()
                    oid = hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
                assert oid == file["git"], file["path"]


def test_local_files_in_the_lock_are_those_of_the_project(locked):
    (chat,) = [d for d in locked.lock["deliverables"] if d["name"] == "chat"]
    assert {f["path"] for f in chat["files"]} == {"start.sh", "requirements.txt", "prompts/a.jinja"}
    for file in chat["files"]:
        path = locked.project / file["path"]
        assert (path.stat().st_size, file_sha256(path)) == (file["size"], file["sha256"])


# -- what must not be read

DAMAGE = {
    "a wrong digest": lambda text: re.sub(r'"sha256": "(.)', lambda m: '"sha256": "' + ("0" if m[1] != "0" else "1"), text, count=1),
    "a wrong identity": lambda text: re.sub(r'"identity": "(.)', lambda m: '"identity": "' + ("0" if m[1] != "0" else "1"), text, count=1),
    "an unknown version": lambda text: text.replace('"version": 1', '"version": 2', 1),
    "a conflict": lambda text: text.replace('  "version": 1', '<<<<<<< ours\n  "version": 1\n=======\n>>>>>>> theirs', 1),
    "an unknown key": lambda text: text.replace('  "version": 1,', '  "version": 1,\n  "surprise": 1,', 1),
    "a key twice": lambda text: text.replace('  "version": 1,', '  "version": 1,\n  "version": 1,', 1),
    "CRLF line ends": lambda text: text.replace("\n", "\r\n"),
    "another indent": lambda text: json.dumps(json.loads(text), indent=4) + "\n",
    "no end": lambda text: text[: len(text) // 2],
    "nothing": lambda text: "",
    "a path that leaves": lambda text: text.replace('"path": "config.json"', '"path": "../config.json"'),
    "brackets, 100000 deep": lambda text: "[" * 100_000,
    "a huge number": lambda text: re.sub(r'"size": \d+', '"size": 99999999999999999999', text, count=1),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_lock_is_refused_by_every_command_and_left_as_it_is(locked, tmp_path, name):
    box = Box(tmp_path, endpoint="http://127.0.0.1:9", WEIGHLOCK_HOME=str(locked.store_home))
    for path in ("weighlock.yaml", "start.sh", "requirements.txt", "prompts/a.jinja"):
        write_tree(box.project, {path: (locked.project / path).read_bytes()})
    damaged = DAMAGE[name](locked.lock_path.read_bytes().decode()).encode()
    assert damaged != locked.lock_path.read_bytes()
    box.lock_path.write_bytes(damaged)
    for command in (("verify",), ("sync",), ("lock",), ("run", "--", "true"), ("update", "--yes"), ("outdated",), ("rollback",), ("env",)):
        result = box.run(*command, expect=(1, 2, 3))
        assert "error:" in result.err and "hint:" in result.err, result
        assert "weighlock.lock" in result.err, result
        assert box.lock_bytes == damaged
    assert not (box.project / ".weighlock/history.jsonl").exists()


MANIFESTS = {
    "an unknown key": ("version: 1\ndeliverables:\n  m:\n    model:\n      repo: a/b\n      revison: main\n", "revision"),
    "a key twice": ("version: 1\nversion: 1\n", "version"),
    "a wrong type": ("version: 1\ndeliverables: 3\n", "deliverables"),
    "another version": ("version: 2\n", "version"),
    "a tab": ("version: 1\n\tdeliverables: {}\n", "weighlock.yaml"),
    "an alias": ("version: 1\ndeliverables: &a\n  m: *a\n", ""),
    "two documents": ("version: 1\n---\nversion: 1\n", ""),
    "a repository that is none": ("version: 1\ndeliverables:\n  m:\n    model:\n      repo: ../../etc\n", "etc"),
    "not UTF-8": (b"version: 1\n# \xff\n", "UTF-8"),
    "brackets, 50000 deep": ("a: " + "[" * 50_000, ""),
    "an endpoint that is none": ("version: 1\nendpoint: ftp://example.org\n", "endpoint"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_wrong_manifest_is_an_error_that_changes_nothing(box, name):
    text, word = MANIFESTS[name]
    path = box.project / "weighlock.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in (("lock",), ("sync",), ("add", "example/model")):
        result = box.run(*command, expect=(1, 2) if command == ("sync",) else 2, env={"HF_ENDPOINT": "http://127.0.0.1:9"})
        assert "error:" in result.err and word in result.err, result
    assert path.read_bytes() == (text if isinstance(text, bytes) else text.encode())
    assert [p.name for p in box.project.iterdir()] == ["weighlock.yaml"]
