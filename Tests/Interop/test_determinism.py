# SPDX-License-Identifier: Apache-2.0
"""The same inputs give the same bytes wherever they are run; nothing changed writes nothing; no secret leaves."""

import json

import pytest

from harness import SECRET, Box, outcome, run_all, snapshot, tiny_model, write_tree
from lying_hub import LyingHub

NAME = "example/model"
FILES = {**tiny_model(3, weights=200_000), "ünïcode/İı.json": "{}", "I.json": "{}", "ı.txt": "", "z/ä.json": "{}"}
PLACES = {
    "plain": {},
    "far east": {"TZ": "Asia/Kolkata", "LC_ALL": "C", "LANG": "C"},
    "dateline": {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
    "a broken zone": {"TZ": "No/Such_Zone", "LC_ALL": "de_DE.ISO-8859-1"},
    "no locale": {"LC_ALL": None, "LANG": None, "LC_NUMERIC": "de_DE.UTF-8", "LC_TIME": "fa_IR"},
    "another user": {"USER": "somebody", "WEIGHLOCK_AUTHOR": "Somebody Else", "COLUMNS": "20", "TERM": "xterm-256color"},
    "one connection": {},
}


def test_a_lock_does_not_depend_on_the_machine(tmp_path, hub):
    hub.commit(NAME, FILES)

    def lock(number, place):
        # Another home, another depth, another umask.
        box = Box(tmp_path.joinpath(*[f"level-{number}"] * (number + 1)), endpoint=hub.url, **{k: v for k, v in PLACES[place].items() if v})
        for name, value in PLACES[place].items():
            if value is None:
                box.environment.pop(name, None)
        box.manifest(f"version: 1\ndeliverables:\n  b:\n    model:\n      repo: {NAME}\n  a:\n    model:\n      repo: {NAME}\n      include: ['*.json']\n")
        below = box.project / "some/where"
        below.mkdir(parents=True)
        arguments = ["--connections", "1"] if place == "one connection" else []
        box.run("lock", *arguments, cwd=below, umask=(0o077, 0o022, 0o002)[number % 3])
        return box.lock_bytes

    results = run_all({place: (lambda n=n, place=place: lock(n, place)) for n, place in enumerate(PLACES)}, workers=3)
    locks = {place: outcome(results, place) for place in PLACES}
    assert locks["plain"] and len(set(locks.values())) == 1, {place: len(text) for place, text in locks.items()}
    text = locks["plain"].decode()
    for word in (str(tmp_path), hub.url, "127.0.0.1", "tester", "Somebody", "2026"):
        assert word not in text, f"`{word}` has no place in a lock"


def test_an_unchanged_upstream_writes_nothing(box, hub):
    hub.commit(NAME, FILES)
    box.environment["HF_ENDPOINT"] = hub.url
    box.follow(NAME)
    box.run("lock")
    box.run("sync")

    def state():
        return {p: (p.lstat().st_mtime_ns, p.lstat().st_ino) for p in sorted(box.project.rglob("*"))}

    before, project, views = state(), snapshot(box.project), snapshot(box.store_home / "views")
    store = {p: (p.lstat().st_mtime_ns, p.lstat().st_ino) for p in (box.store_home / "store").rglob("*") if p.is_file()}
    box.run("lock")
    box.run("lock", "--check")
    box.run("sync")
    box.run("update", "--yes")
    box.run("outdated")
    box.run("verify")
    box.run("log")
    assert state() == before and snapshot(box.project) == project
    assert snapshot(box.store_home / "views") == views
    assert {p: (p.lstat().st_mtime_ns, p.lstat().st_ino) for p in (box.store_home / "store").rglob("*") if p.is_file()} == store


def test_two_histories_of_the_same_steps_are_the_same(make_box, hub):
    hub.commit(NAME, FILES)
    boxes = [make_box(name, endpoint=hub.url, SOURCE_DATE_EPOCH="1700000000") for name in ("one", "other")]
    for box in boxes:
        box.follow(NAME)
        box.run("lock")
    hub.commit(NAME, {**FILES, "config.json": "{}"})
    for box in boxes:
        box.run("update", "--yes", "--reason", "because")
    assert snapshot(boxes[0].project) == snapshot(boxes[1].project)


def test_json_documents_begin_with_their_schema_and_errors_too(box, hub):
    hub.commit(NAME, FILES)
    box.environment["HF_ENDPOINT"] = hub.url
    seen = set()

    def document(*arguments, expect=0):
        result = box.run(*arguments, "--json", expect=expect)
        assert result.out.endswith("}\n"), result
        value = result.json
        assert next(iter(value)) == "schema" and value["schema"].startswith("weighlock/") and value["schema"].endswith("/1"), result
        seen.add(value["schema"].split("/")[1])
        return value

    document("init")
    document("add", NAME, "--name", "m")
    document("lock")
    document("lock", "--check")
    document("sync", "--dry-run")
    document("sync", "--print-cache-key")
    document("sync")
    document("verify")
    document("verify", "--deep")
    document("outdated")
    document("env")
    document("log")
    document("cache", "dir")
    document("cache", "size")
    document("cache", "check")
    document("cache", "heal")
    document("cache", "gc", "--dry-run")
    document("help-environment")
    hub.commit(NAME, {**FILES, "config.json": "{}"})
    drift = document("outdated", expect=4)
    assert drift["drift"] is True
    document("update", "--dry-run")
    document("update", "--yes")
    document("sync")
    document("rollback")
    folder = write_tree(box.root / "folder", {"config.json": "{}"})
    document("serve", "import", folder, NAME, "--root", box.root / "mirror")
    document("remove", "m")
    hub.lie = lambda request: request.refuse(404, "RepoNotFound") or True
    box.follow("example/none", name="n")
    failed = document("lock", expect=1)
    assert failed["schema"] == "weighlock/error/1" and failed["code"] == "repository-not-found" and failed["hint"]
    assert len(seen) > 15, seen


def lies():
    """Ways to fail that put what the client sent, or the server's own words, into an error."""
    def refuse(status, code=None, message=None):
        return lambda request: request.refuse(status, code, message) or True

    def echo(request):
        text = json.dumps({"error": request.headers.get("Authorization", "")})
        request.respond(400, text.encode(), {"X-Error-Message": request.headers.get("Authorization", "")})
        return True

    def echo_as_redirect(request):
        request.respond(302, headers={"Location": "ftp://" + request.headers.get("Authorization", "").replace(" ", "-")})
        return True

    return {
        "fine": lambda request: None,
        "unauthorized": refuse(401, None, "Invalid credentials in Authorization header"),
        "forbidden": refuse(403), "gated": refuse(403, "GatedRepo"), "gone": refuse(404, "RepoNotFound"), "failing": refuse(500),
        "busy": lambda request: request.refuse(429, Retry_After="100000") or True,
        "page": lambda request: request.respond(200, b"<html>") or True,
        "files fail": lambda request: (request.refuse(403) or True) if request.kind == "file" else None,
        "echo": echo, "echo of a redirect": echo_as_redirect,
    }


NETWORK = (["lock"], ["outdated"], ["update", "--yes"], ["sync"], ["cache", "heal"])
LOCAL = (["verify"], ["log"], ["env"], ["rollback"], ["cache", "size"], ["help-environment"], ["sync", "--dry-run"])


def play(place, lie, commands, from_file):
    """Runs commands against a hub that lies, and looks for the token wherever it could have gone."""
    with LyingHub() as hub:
        hub.commit(NAME, FILES)
        box = Box(place, endpoint=hub.url)
        token_file = box.home / ".cache/huggingface/token"
        if from_file:
            write_tree(box.home, {".cache/huggingface/token": SECRET + "\n"})
        else:
            box.environment["HF_TOKEN"] = SECRET
        box.follow(NAME)
        box.run("lock", env={"WEIGHLOCK_HOME": box.root / "home-of-another"})
        hub.commit(NAME, {**FILES, "config.json": "{}"})
        hub.reset()
        hub.lie = lie
        said = []
        for number, arguments in enumerate(commands):
            if arguments == ["lock"]:
                box.follow(NAME, name=f"m{number}")  # something that the lock does not have yet
            said.append(box.run(*arguments, *(["--json"] if number % 2 else []), expect=None))
            box.follow(NAME)
        sent = [headers.get("authorization") for _, _, headers, _ in hub.requests]
        assert sent and set(sent) == {f"Bearer {SECRET}"}, "the token was not used: this test tests nothing"
        for result in said:
            assert SECRET not in result.out + result.err, result
        for path in box.root.rglob("*"):
            if path == token_file:
                continue
            assert SECRET not in str(path)
            if path.is_file() and not path.is_symlink():
                assert SECRET.encode() not in path.read_bytes(), path
        return said


@pytest.mark.parametrize("name", lies())
def test_the_token_is_in_no_output_and_no_file(tmp_path, name):
    """Commands that ask a server, against servers that fail, and some that repeat what they were sent."""
    commands = (NETWORK + LOCAL) if name == "fine" else [["sync"]] if name == "failing" else NETWORK
    said = play(tmp_path / "environment", lies()[name], commands, from_file=False)
    if name == "fine":
        assert play(tmp_path / "file", lies()[name], NETWORK, from_file=True)
    else:
        assert any(result.code for result in said), "nothing failed"


def test_the_token_is_not_a_child_s_argument_and_not_in_the_view_s_variables(box, hub):
    hub.commit(NAME, FILES)
    box.environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": SECRET}
    box.follow(NAME)
    box.run("lock")
    box.run("sync")
    assert SECRET not in box.run("env").out
    arguments = box.run("run", "--", "sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline").out
    assert SECRET not in arguments
