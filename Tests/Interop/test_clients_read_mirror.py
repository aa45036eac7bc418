# SPDX-License-Identifier: Apache-2.0
"""`weighlock serve` as the real clients see it: the newest huggingface_hub and an old one, with Xet enabled in both."""

import hashlib
import json
import subprocess
import urllib.error
import urllib.request

import pytest

from harness import HERE, PYTHONS, REAL_NAME, Box, Mirror, file_sha256, git_id, noise, outcome, run_all, sha256, write_tree

TINY = "example/tiny"
UNICODE = "ünïcode/名前 %2F+#.txt"
LARGE = noise(200_000, 7)
FIRST = {
    "config.json": '{"model_type": "bert"}',
    "model.safetensors": LARGE,
    "nested/deep/notes.txt": "notes\n",
    "empty.txt": "",
    UNICODE: "名\n",
}
SECOND = {**FIRST, "config.json": '{"model_type": "bert", "second": true}', "added.json": "{}"}
MANY = {f"part-{i // 100:02d}/file-{i:04d}.txt": "the same\n" for i in range(1500)}
TOKEN = "hf_goodtoken"
VERSIONS = list(PYTHONS)


class Published:
    pass


def git_tree(files):
    """git's id of a tree of {path: git id}, computed here from git's own rules."""
    entries, below = {}, {}
    for path, oid in files.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = oid
        else:
            entries[name.encode()] = (b"100644", oid)
    for name, inside in below.items():
        entries[name.encode() + b"/"] = (b"40000", git_tree(inside))
    data = b"".join(
        mode + b" " + name.rstrip(b"/") + b"\0" + bytes.fromhex(oid) for name, (mode, oid) in sorted(entries.items()))
    return hashlib.sha1(b"tree %d\0" % len(data) + data).hexdigest()


def written_by_hand(mirror, repository, files):
    """Publishes a repository by writing the mirror's directory as docs/formats/mirror.md says, without the program."""
    contents = {path: data.encode() for path, data in files.items()}
    tree = git_tree({path: git_id(data) for path, data in contents.items()})
    text = (f"tree {tree}\nauthor Ada <ada@example.org> 1704067200 +0000\n"
            "committer Ada <ada@example.org> 1704067200 +0000\n\nBy hand\n").encode()
    commit = hashlib.sha1(b"commit %d\0" % len(text) + text).hexdigest()
    record = {
        "version": 1, "id": commit, "tree": tree, "parents": [], "title": "By hand", "message": "",
        "author": {"name": "Ada", "email": "ada@example.org"}, "date": "2024-01-01T00:00:00Z",
        "files": [{"path": path, "size": len(contents[path]), "git": git_id(contents[path]), "sha256": sha256(contents[path])}
                  for path in sorted(contents, key=str.encode)],
    }
    write_tree(mirror.root / f"repositories/models/{repository}", {
        "repository.json": json.dumps({"version": 1, "access": "public", "created": "2024-01-01T00:00:00Z"}),
        "refs/heads/main": commit + "\n",
        f"commits/{commit}.json": json.dumps(record),
    })
    for data in set(contents.values()):
        write_tree(mirror.root / "store/blobs/sha256", {f"{sha256(data)[:2]}/{sha256(data)}": data})
    return commit


@pytest.fixture(scope="module")
def published(tmp_path_factory, real_mirror_root):
    """One mirror with repositories of every kind, and the commits in it."""
    place = tmp_path_factory.mktemp("published")
    made = Published()
    made.place = place
    made.mirror = Mirror(place / "mirror", Box(place / "operator"))
    commit = made.mirror.commit
    first, second = write_tree(place / "first", FIRST), write_tree(place / "second", SECOND)
    made.first = commit(first, TINY, title="First", tag="v1")
    made.dev = commit(write_tree(place / "dev", {**FIRST, "dev.txt": "dev"}), TINY, branch="dev/x", title="Dev")
    made.proposal = commit(write_tree(place / "proposal", {**FIRST, "pr.txt": "pr"}), TINY, branch="refs/pr/1", title="Proposal")
    made.second = commit(second, TINY, title="Second")
    made.gpt2 = commit(write_tree(place / "gpt2", {"config.json": "{}"}), "gpt2")
    made.data = commit(write_tree(place / "data", {"test.jsonl": '{"a": 1}\n'}), "datasets/example/data")
    made.many = written_by_hand(made.mirror, "example/many", MANY)
    for access in ("gated", "private"):
        commit(write_tree(place / access, {"config.json": "{}"}), f"example/{access}")
        settings = made.mirror.root / f"repositories/models/example/{access}/repository.json"
        values = json.loads(settings.read_text())
        values["access"] = access
        settings.write_text(json.dumps(values))
    (place / "tokens").write_text(TOKEN + "\n")
    made.mirror.start("--token-file", place / "tokens")
    yield made
    made.mirror.stop()


@pytest.fixture(scope="module")
def reports(published):
    """What each client saw; both run at once, each in a home of its own."""
    revisions = ["main", "v1", "dev/x", "refs/pr/1", published.first, published.first[:7], published.first[:12], published.second]
    plan = json.dumps({"tiny": TINY, "token": TOKEN, "file": "config.json", "unicode": UNICODE, "revisions": revisions})

    def read(version):
        box = Box(published.place / f"reader-{version}", endpoint=published.mirror.url)
        return json.loads(box.python(HERE / "mirror_reader.py", plan, version=version).out)

    return run_all({version: (lambda version=version: read(version)) for version in VERSIONS})


@pytest.fixture(params=VERSIONS)
def report(request, reports):
    found = outcome(reports, request.param)
    assert found["version"] == request.param and found["xet"] is True
    return found


def content(files):
    return {path: sha256(data.encode() if isinstance(data, str) else data) for path, data in files.items()}


def is_error(value, *names):
    assert isinstance(value, dict) and "error" in value, f"no error: {value}"
    assert any(name in value["error"] for name in names), value
    return value["message"]


def test_every_way_to_name_a_revision_leads_to_its_commit(report, published):
    p = published
    wanted = {"main": p.second, "v1": p.first, "dev/x": p.dev, "refs/pr/1": p.proposal, p.first: p.first, p.first[:7]: p.first,
              p.first[:12]: p.first, p.second: p.second}
    old, new = content(FIRST)["config.json"], content(SECOND)["config.json"]
    for revision, commit in wanted.items():
        assert report["downloads"][revision] == {"commit": commit, "sha256": new if commit == p.second else old}, revision
    assert report["default"] == {"commit": p.second, "sha256": new}


def test_a_whole_snapshot_is_byte_for_byte_what_was_imported(report, published):
    wanted = {"commit": published.second, "files": content(SECOND)}
    assert report["snapshot"] == wanted and report["again"] == wanted
    assert report["filtered"] == {"commit": published.first, "files": {"config.json": content(FIRST)["config.json"]}}


def test_names_of_one_segment_and_datasets_are_found(report, published):
    assert report["one segment"] == {"commit": published.gpt2, "files": content({"config.json": "{}"})}
    assert report["dataset"] == {"commit": published.data, "files": content({"test.jsonl": '{"a": 1}\n'})}


def test_empty_files_and_names_beyond_ascii_arrive(report, published):
    assert report["empty"] == {"commit": published.second, "sha256": sha256(b"")}
    assert report["unicode"] == {"commit": published.second, "sha256": content(FIRST)[UNICODE]}


def test_listings_are_complete_over_many_pages(report):
    assert sorted(report["list"]) == sorted(SECOND)
    assert report["many"] == sorted(MANY)
    directories = {path.split("/")[0] for path in MANY}
    assert report["many by tree"] == sorted([*MANY, *directories])


def test_a_tree_tells_sizes_ids_and_digests(report, published):
    files = {path: data.encode() if isinstance(data, str) else data for path, data in SECOND.items()}
    for source in ("tree", "info"):
        found = report[source]["files"] if source == "info" else report[source]
        for path, data in files.items():
            assert found[path]["size"] == len(data), path
            if path == "model.safetensors":
                assert found[path]["lfs"] == sha256(data)
                pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data)}\nsize {len(data)}\n"
                assert found[path]["oid"] == git_id(pointer.encode())
            else:
                assert found[path]["lfs"] is None and found[path]["oid"] == git_id(data), path
    assert report["info"]["sha"] == published.second and set(report["info"]["files"]) == set(SECOND)
    assert set(report["tree"]) == {*SECOND, "nested", "nested/deep", "ünïcode"}
    assert set(report["top"]) == {"config.json", "model.safetensors", "empty.txt", "added.json", "nested", "ünïcode"}
    assert set(report["below"]) == {"nested/deep/notes.txt"}
    assert set(report["paths"]) == {"config.json", "nested"}
    assert report["expanded"]["config.json"] == published.second
    assert report["expanded"]["model.safetensors"] == published.first


def test_references_and_history_are_told(report, published):
    assert report["refs"] == {
        "branches": {"main": published.second, "dev/x": published.dev}, "tags": {"v1": published.first},
        "pull_requests": {"refs/pr/1": published.proposal}}
    assert report["commits"] == [[published.second, "Second"], [published.first, "First"]]
    assert report["exists"] == [True, False, True, False, True, False]


def test_refusals_are_the_clients_own_errors(report):
    is_error(report["no repository"], "RepositoryNotFoundError")
    is_error(report["no repository, whole"], "RepositoryNotFoundError")
    is_error(report["no revision"], "RevisionNotFoundError")
    is_error(report["no file"], "RemoteEntryNotFoundError", "EntryNotFoundError")
    is_error(report["no directory"], "RemoteEntryNotFoundError", "EntryNotFoundError")
    is_error(report["gated"], "GatedRepoError")
    is_error(report["auth of gated"], "GatedRepoError")
    is_error(report["private"], "RepositoryNotFoundError")
    is_error(report["bad token"], "HfHubHTTPError")
    is_error(report["whoami, unknown token"], "HfHubHTTPError", "HTTPError")


def test_a_known_token_opens_what_is_not_public(report):
    wanted = content({"config.json": "{}"})["config.json"]
    assert report["gated, known"]["sha256"] == wanted and report["private, known"]["sha256"] == wanted
    assert report["gated, listed"] in ("auto", "manual")
    assert report["auth"] is None and report["auth of gated, known"] is None
    assert report["whoami"] is True


def test_no_client_was_lured_to_xet(reports, published):
    assert reports
    asked = [path for _, _, path, _ in published.mirror.requests()]
    assert len(asked) > 50
    assert not [path for path in asked if "xet" in path]
    assert any("dev%2Fx" in path for path in asked) and any("refs%2Fpr%2F1" in path for path in asked)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_clients_own_command_line_downloads(published, tmp_path, version):
    box = Box(tmp_path, endpoint=published.mirror.url)
    for revision in ("main", "dev/x", published.first):
        found = box.hf("download", TINY, "--revision", revision, "--local-dir", tmp_path / revision, version=version)
        assert found.code == 0
    for path, data in SECOND.items():
        assert (tmp_path / "main" / path).read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert (tmp_path / "dev/x/dev.txt").read_text() == "dev"
    box.hf("download", "example/none", version=version, expect=1)


def test_the_client_verifies_what_it_downloaded(published, tmp_path):
    box = Box(tmp_path, endpoint=published.mirror.url)
    box.hf("download", TINY)
    verified = box.hf("cache", "verify", TINY, "--fail-on-missing-files", "--fail-on-extra-files")
    assert f"{len(SECOND)}" in verified.out + verified.err
    blob = next((tmp_path / "home/.cache/huggingface/hub").glob(f"models--example--tiny/blobs/{sha256(LARGE)}"))
    blob.write_bytes(LARGE[:-1] + b"x")
    failed = box.hf("cache", "verify", TINY, expect=1)
    assert "model.safetensors" in failed.out + failed.err


@pytest.mark.parametrize("version", VERSIONS)
def test_transformers_loads_the_real_model_from_the_mirror(real_mirror_root, tmp_path, version):
    root, commit, _ = real_mirror_root
    mirror = Mirror(root, Box(tmp_path / "operator"))
    mirror.start(port_file=tmp_path / "port")
    try:
        box = Box(tmp_path, endpoint=mirror.url)
        found = box.python(
            "import json, sys\n"
            "from transformers import AutoConfig, AutoTokenizer\n"
            "from transformers.utils import cached_file\n"
            "name = sys.argv[1]\n"
            "config, tokenizer = AutoConfig.from_pretrained(name), AutoTokenizer.from_pretrained(name)\n"
            "commit = cached_file(name, 'config.json').split('/snapshots/')[1].split('/')[0]\n"
            "print(json.dumps([commit, config.num_hidden_layers, tokenizer('Canal boats')['input_ids']]))\n",
            REAL_NAME, version=version).out
        loaded, layers, ids = json.loads(found.splitlines()[-1])
        assert loaded == commit and layers == 6 and len(ids) > 3
    finally:
        mirror.stop()


def fetch(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_ranges_are_served_as_asked(published):
    url = f"{published.mirror.url}/{TINY}/resolve/v1/model.safetensors"
    size = len(LARGE)
    for text, start, end in (("0-99", 0, 100), ("1000-", 1000, size), (f"{size - 1}-", size - 1, size), ("-10", size - 10, size),
                             (f"5-{size * 2}", 5, size), (f"-{size * 2}", 0, size)):
        status, headers, body = fetch(url, Range=f"bytes={text}")
        assert status == 206 and body == LARGE[start:end], text
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    status, headers, _ = fetch(url, Range=f"bytes={size}-")
    assert status == 416 and headers["Content-Range"] == f"bytes */{size}"
    status, headers, body = fetch(url)
    assert status == 200 and body == LARGE
    assert headers["X-Repo-Commit"] == published.first and headers["X-Linked-Etag"] == f'"{sha256(LARGE)}"'


def test_the_old_client_resumes_a_broken_download(published, tmp_path):
    """It appends to what an earlier run left behind, and asks for the rest only."""
    box = Box(tmp_path, endpoint=published.mirror.url)
    blobs = tmp_path / "home/.cache/huggingface/hub/models--example--tiny/blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{sha256(LARGE)}.incomplete").write_bytes(LARGE[:150_000])
    before = len(published.mirror.requests())
    found = box.python(
        f"from huggingface_hub import hf_hub_download\nprint(hf_hub_download({TINY!r}, 'model.safetensors'))", version="0.36.2",
        env={"HF_HUB_DISABLE_XET": None}).out.strip()
    assert file_sha256(found) == sha256(LARGE)
    sent = [row for row in published.mirror.requests()[before:] if row[1] == "GET" and "/resolve/" in row[2]]
    assert [(row[0], row[3]) for row in sent] == [(206, len(LARGE) - 150_000)]


def test_a_commit_made_while_serving_is_seen_at_once(mirror, box, tmp_path):
    folder = write_tree(tmp_path / "model", {"config.json": "{}"})
    first = mirror.commit(folder, "example/live")
    mirror.start()
    url = f"{mirror.url}/api/models/example/live/revision/main"
    assert json.loads(fetch(url)[2])["sha"] == first
    (folder / "config.json").write_text('{"a": 1}')
    second = mirror.commit(folder, "example/live")
    assert second != first and json.loads(fetch(url)[2])["sha"] == second
    assert mirror.commit(folder, "example/live") == second, "the same files made a second commit"


def test_git_agrees_with_the_ids(published, tmp_path):
    """The commit's id is what git gives the same tree, author and message."""
    record = json.loads((published.mirror.root / f"repositories/models/{TINY}/commits/{published.first}.json").read_text())
    place = tmp_path / "git"
    write_tree(place, {k: v for k, v in FIRST.items() if k != "model.safetensors"})
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(LARGE)}\nsize {len(LARGE)}\n"
    (place / "model.safetensors").write_text(pointer)
    author = record["author"]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC",
        "GIT_AUTHOR_NAME": author["name"], "GIT_AUTHOR_EMAIL": author["email"], "GIT_AUTHOR_DATE": record["date"],
        "GIT_COMMITTER_NAME": author["name"], "GIT_COMMITTER_EMAIL": author["email"], "GIT_COMMITTER_DATE": record["date"],
    }

    def git(*arguments):
        return subprocess.run(["git", "-C", place, *arguments], env=environment, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", record["title"])
    assert git("rev-parse", "HEAD^{tree}") == record["tree"]
    assert git("rev-parse", "HEAD") == published.first
