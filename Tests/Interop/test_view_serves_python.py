# SPDX-License-Identifier: Apache-2.0
"""The view as unmodified Python sees it: a name means the locked commit, offline, whatever happens upstream."""

import json
import os
import shlex
import shutil

import pytest

from harness import BINARY, HERE, PYTHONS, REAL_NAME, Box, Mirror, noise, sha256, snapshot, write_tree

VERSIONS = list(PYTHONS)
OFFLINE = {"HF_ENDPOINT": None, "HF_HUB_OFFLINE": "1"}

LOAD = """
import json, sys
from huggingface_hub import hf_hub_download, snapshot_download
from transformers import AutoConfig, AutoTokenizer
name = sys.argv[1]
commit = lambda path: path.split("/snapshots/")[1].split("/")[0]
config, tokenizer = AutoConfig.from_pretrained(name), AutoTokenizer.from_pretrained(name)
whole = snapshot_download(name)
print(json.dumps({
    "file": commit(hf_hub_download(name, "model.safetensors")), "whole": commit(whole + "/"), "layers": config.num_hidden_layers,
    "length": tokenizer.model_max_length, "words": tokenizer.tokenize("Canal Boats")}))
"""


class Story:
    """A project on the real model, with its upstream."""

    def __init__(self, place, root, first, changed):
        self.first = first
        self.changed = changed
        # A copy of its own, since the story commits to it; blobs are never written to, so links do.
        shutil.copytree(root, place / "mirror", copy_function=os.link)
        self.mirror = Mirror(place / "mirror", Box(place / "operator"))
        self.mirror.clock = 1
        self.mirror.start()
        self.box = Box(place, endpoint=self.mirror.url)

    def loaded(self, version, environment=None):
        return json.loads(self.box.python(LOAD, REAL_NAME, version=version, env=environment).out.splitlines()[-1])


@pytest.fixture(scope="module")
def story(tmp_path_factory, real_mirror_root):
    made = Story(tmp_path_factory.mktemp("story"), *real_mirror_root)
    box = made.box
    box.run("init")
    box.run("add", REAL_NAME)
    box.run("lock")
    assert not [row for row in made.mirror.requests() if "model.safetensors" in row[2]], "the lock downloaded weights"
    box.run("sync")
    assert box.lock["deliverables"][0]["sources"][0]["commit"] == made.first
    yield made
    made.mirror.stop()


def view_only(box):
    """What an application's environment has, and nothing more."""
    return {**OFFLINE, "HF_HUB_CACHE": box.view(), "WEIGHLOCK_HOME": None}


def expect_loaded(found, commit, length):
    assert found["file"] == found["whole"] == commit
    assert found["layers"] == 6 and found["length"] == length


@pytest.mark.parametrize("version", VERSIONS)
def test_a_name_without_a_revision_is_the_locked_commit(story, version):
    found = story.loaded(version, view_only(story.box))
    expect_loaded(found, story.first, 512)
    assert found["words"] == ["canal", "boats"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_offline_snapshot_is_complete_and_byte_for_byte_right(story, version):
    box = story.box
    found = box.python(
        "import hashlib, json, pathlib, sys\nfrom huggingface_hub import snapshot_download\n"
        "root = pathlib.Path(snapshot_download(sys.argv[1]))\n"
        "print(json.dumps({str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob('*') if p.is_file()}))",
        REAL_NAME, version=version, env=view_only(box)).out
    assert json.loads(found) == {file["path"]: file["sha256"] for file in box.lock["deliverables"][0]["sources"][0]["files"]}


def test_the_clients_tools_find_nothing_to_complain_about(story):
    box = story.box
    listed = box.hf("cache", "ls", "--show-warnings", "--no-truncate", env=view_only(box))
    assert REAL_NAME in listed.out
    assert "warning" not in (listed.out + listed.err).lower(), listed
    listed = json.loads(box.hf("cache", "ls", "--revisions", "--format", "json", env=view_only(box)).out)
    assert story.first in json.dumps(listed) and "main" in json.dumps(listed)
    scan = (
        "import json\nfrom huggingface_hub import scan_cache_dir\nfound = scan_cache_dir()\n"
        "print(json.dumps([[str(w) for w in found.warnings], [[r.repo_id, [c.commit_hash for c in r.revisions], sorted(r.refs)] for r in found.repos]]))")
    for version in VERSIONS:
        found = json.loads(box.python(scan, version=version, env=view_only(box)).out)
        # The old client does not know the tag that the new one puts into its own caches, and warns there too.
        warnings = [text for text in found[0] if not (version == "0.36.2" and text.endswith("CACHEDIR.TAG"))]
        assert [warnings, found[1]] == [[], [[REAL_NAME, [story.first], ["main"]]]], version


def test_the_client_verifies_the_view_against_the_server(story):
    verified = story.box.hf(
        "cache", "verify", REAL_NAME, "--fail-on-missing-files", "--fail-on-extra-files", env={"HF_HUB_CACHE": story.box.view()})
    files = len(story.box.lock["deliverables"][0]["sources"][0]["files"])
    assert f"{files} file" in verified.out + verified.err


def test_run_and_env_give_the_view_to_unmodified_programs(story):
    box = story.box
    code = "import os\nfrom huggingface_hub import hf_hub_download\nprint(hf_hub_download(os.environ['NAME'], 'config.json'))"
    ran = box.run("run", "--", "python", "-c", code, env={"NAME": REAL_NAME}).out.strip()
    assert f"/snapshots/{story.first}/" in ran and ran.startswith(str(box.view()))
    shell = f'eval "$(weighlock env)" && python -c {shlex.quote(code)}'
    (box.root / "bin").mkdir(exist_ok=True)
    link = box.root / "bin/weighlock"
    if not link.exists():
        link.symlink_to(BINARY)
    evaluated = box.command(
        ["sh", "-c", shell], env={"NAME": REAL_NAME, "PATH": f"{box.root / 'bin'}:{box.environment['PATH']}"}).out.strip()
    assert evaluated == ran
    # The child's own exit code, and no way out to the network.
    assert box.run("run", "--", "sh", "-c", "exit 7", expect=7).code == 7
    blocked = box.run(
        "run", "--", "python", "-c", "from huggingface_hub import HfApi\nHfApi().model_info('example/none')", expect=1)
    assert "OfflineModeIsEnabled" in blocked.err
    box.run("run", "--", "no-such-command", expect=2)


def test_the_whole_story_moves_only_when_it_is_told_to(story):
    """Upstream moves, the application does not; update and sync move it, rollback brings it back, offline."""
    box = story.box
    embed = HERE / "embed.py"

    def embedded():
        return json.loads(box.run("run", "--", "python", embed, "--json").out)

    before = embedded()
    assert before["commit"] == story.first and len(before["vector"]) == 384

    second = story.mirror.commit(story.changed, REAL_NAME, title="Update tokenizer settings")
    assert second != story.first
    drifted = box.run("outdated", "--json", expect=4).json
    (source,) = drifted["sources"]
    assert source["now"] == second and [c["path"] for c in source["changes"]] == ["tokenizer_config.json"]
    assert embedded() == before

    lock_before = box.lock_bytes
    box.run("update", expect=5)  # nobody is there to ask
    assert box.lock_bytes == lock_before
    box.run("update", "--yes", "--reason", "a test")
    sent = len(story.mirror.requests())
    box.run("sync")
    fetched = [row[2] for row in story.mirror.requests()[sent:] if "/resolve/" in row[2]]
    assert not [path for path in fetched if "model.safetensors" in path], "unchanged weights were fetched again"
    after = embedded()
    assert after["commit"] == second and after["vector"] != before["vector"]
    for version in VERSIONS:
        expect_loaded(story.loaded(version, view_only(box)), second, 128)

    story.mirror.stop()
    box.run("rollback")
    assert box.lock_bytes == lock_before
    box.run("verify", "--deep")
    assert embedded() == before
    expect_loaded(story.loaded("0.36.2", view_only(box)), story.first, 512)
    actions = [entry["action"] for entry in box.run("log", "--json").json["entries"]]
    assert actions == ["lock", "update", "rollback"] or actions == ["rollback", "update", "lock"]


# -- small models: the user's own cache


FILES = {
    "config.json": '{"model_type": "bert"}',
    "model.safetensors": noise(2_000_000, 11),
    "other.safetensors": noise(500_000, 12),
    "empty.txt": "",
}
NAME = "example/small"


@pytest.fixture
def small(mirror, box, tmp_path):
    """A mirror with a small model; the box follows it."""
    folder = write_tree(tmp_path / "upstream", FILES)
    mirror.first = mirror.commit(folder, NAME)
    mirror.other = mirror.commit(write_tree(tmp_path / "upstream-other", {"config.json": "{}", "note.md": "hello\n"}), "example/other")
    mirror.folder = folder
    mirror.start()
    box.environment["HF_ENDPOINT"] = mirror.url
    box.follow(NAME)
    return mirror


def gets(mirror, since=0):
    return [row for row in mirror.requests()[since:] if row[1] == "GET" and "/resolve/" in row[2]]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_users_cache_has_is_adopted_and_not_fetched(small, box, version):
    box.hf("download", NAME, version=version)
    before = snapshot(box.home)
    box.run("lock", env={"WEIGHLOCK_HOME": box.root / "home-of-another"})
    since = len(small.requests())
    done = box.run("sync", "--json").json
    assert gets(small, since) == []
    assert done["fetched"] == 0 and done["adopted"] == sum(len(data) for data in FILES.values())
    box.run("verify", "--deep")
    assert snapshot(box.home) == before, "the user's cache was changed"


def test_a_corrupt_blob_of_the_users_cache_is_not_adopted(small, box):
    box.hf("download", NAME)
    blob = box.home / f".cache/huggingface/hub/models--example--small/blobs/{sha256(FILES['model.safetensors'])}"
    data = bytearray(blob.read_bytes())
    data[1_000_000] ^= 1
    blob.write_bytes(data)
    box.run("lock", env={"WEIGHLOCK_HOME": box.root / "home-of-another"})
    since = len(small.requests())
    done = box.run("sync")
    assert "`model.safetensors` in the Hugging Face cache is not what the lock says" in done.err
    assert {row[2].rsplit("/", 1)[-1] for row in gets(small, since)} == {"model.safetensors"}
    assert sum(row[3] for row in gets(small, since)) == len(data)
    box.run("verify", "--deep")
    assert blob.read_bytes() == bytes(data), "the user's cache was changed"


def with_cache_dir(box, cache, revision="main"):
    box.manifest(
        "version: 1\ndeliverables:\n  m:\n    model:\n"
        f"      repo: {NAME}\n      revision: {revision}\n    cache_dir: {cache}\n")


def test_a_view_is_merged_into_a_living_cache(small, box, tmp_path):
    cache = tmp_path / "shared-cache"
    live = {"HF_HUB_CACHE": str(cache)}
    box.hf("download", "example/other", env=live)
    box.hf("download", NAME, "config.json", env=live)
    other = snapshot(cache / "models--example--other")
    theirs = snapshot(cache / "models--example--small/blobs")
    with_cache_dir(box, cache)
    box.run("lock")
    box.run("sync")
    box.run("verify", "--deep")
    assert snapshot(cache / "models--example--other") == other
    now = snapshot(cache / "models--example--small/blobs")
    assert {path: now[path] for path in theirs} == theirs
    box.run("sync")
    assert snapshot(cache / "models--example--other") == other

    # Both live on: ours offline, theirs against the server, and nobody warns.
    for version in VERSIONS:
        read = "import sys\nfrom huggingface_hub import snapshot_download\nprint(snapshot_download(sys.argv[1]))"
        for name, commit in ((NAME, small.first), ("example/other", small.other)):
            place = box.python(read, name, version=version, env={**OFFLINE, **live}).out.strip()
            assert place == str(cache / f"models--{name.replace('/', '--')}" / "snapshots" / commit)
            assert box.python(read, name, version=version, env=live).out.strip() == place
    listed = box.hf("cache", "ls", "--show-warnings", env=live)
    assert NAME in listed.out and "example/other" in listed.out
    assert "warning" not in (listed.out + listed.err).lower()
    box.hf("cache", "verify", NAME, env=live)


def test_a_name_that_another_program_wrote_is_not_moved(small, box, tmp_path):
    cache = tmp_path / "shared-cache"
    live = {"HF_HUB_CACHE": str(cache)}
    with_cache_dir(box, cache)
    box.run("lock")
    write_tree(small.folder, {"config.json": '{"model_type": "bert", "moved": true}'})
    second = small.commit(small.folder, NAME)
    box.hf("download", NAME, env=live)
    before = snapshot(cache / "models--example--small/refs")
    refused = box.run("sync", expect=5)
    assert "refs/main" in refused.err and second in refused.err and small.first in refused.err
    assert snapshot(cache / "models--example--small/refs") == before
    # The remedy that the hint names works.
    (cache / "models--example--small/refs/main").unlink()
    box.run("sync")
    box.run("verify")
    assert (cache / "models--example--small/refs/main").read_text() == small.first


def test_a_name_of_our_own_moves_with_the_lock(small, box, tmp_path):
    cache = tmp_path / "shared-cache"
    reference = cache / "models--example--small/refs/main"
    with_cache_dir(box, cache)
    box.run("lock")
    box.run("sync")
    assert reference.read_text() == small.first
    write_tree(small.folder, {"config.json": '{"model_type": "bert", "moved": true}'})
    second = small.commit(small.folder, NAME)
    box.run("update", "--yes")
    box.run("sync")
    assert reference.read_text() == second
    small.stop()
    box.run("rollback")
    assert reference.read_text() == small.first
    box.run("verify", "--deep")


def test_a_blob_that_is_wrong_in_a_living_cache_is_named_and_left_alone(small, box, tmp_path):
    cache = tmp_path / "shared-cache"
    live = {"HF_HUB_CACHE": str(cache)}
    box.hf("download", NAME, env=live)
    blob = cache / f"models--example--small/blobs/{sha256(FILES['model.safetensors'])}"
    wrong = bytes(len(FILES["model.safetensors"]))
    blob.write_bytes(wrong)
    with_cache_dir(box, cache)
    box.run("lock")
    failed = box.run("sync", expect=3)
    assert str(blob) in failed.err and blob.read_bytes() == wrong
    blob.unlink()
    box.run("sync")
    box.run("verify", "--deep")


def test_a_pinned_revision_is_found_by_its_name_and_as_main(small, box, tmp_path):
    """The application says `main`, or the tag, or the commit: all three are the locked one."""
    write_tree(small.folder, {"config.json": '{"model_type": "bert", "tagged": true}'})
    tagged = small.commit(small.folder, NAME, tag="v1")
    write_tree(small.folder, {"config.json": '{"model_type": "bert", "later": true}'})
    small.commit(small.folder, NAME)
    box.follow(NAME, "v1")
    box.run("lock")
    box.run("sync")
    small.stop()
    code = ("import sys\nfrom huggingface_hub import hf_hub_download\n"
            "print(len({hf_hub_download(sys.argv[1], 'config.json', revision=r) for r in (None, 'main', 'v1', sys.argv[2])}))\n"
            "print(hf_hub_download(sys.argv[1], 'config.json'))")
    for version in VERSIONS:
        count, place = box.python(code, NAME, tagged, version=version, env=view_only(box)).out.split()
        assert count == "1" and f"/snapshots/{tagged}/" in place
