# SPDX-License-Identifier: Apache-2.0
"""A server that lies, cuts, stalls and refuses: nothing wrong lands, the error says what was wrong, and the next sync
against an honest server fetches what is missing and nothing else."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from harness import Box, noise, outcome, run_all, sha256, snapshot
from lying_hub import LyingHub

REPOSITORY = "example/model"
BIG, SMALL, TWIN = "model.safetensors", "config.json", "other.safetensors"
# Longer than a segment of the store (16 MiB), so that it is asked for by ranges.
BIG_SIZE = (16 << 20) + 4097


# What the lies are told about; the big file only where ranges are the point, since hashing it takes its time.
FILES = {
    TWIN: noise(2 << 20, 2),
    "twin.safetensors": noise(2 << 20, 3),
    "short.safetensors": noise(5 << 18, 4),
    SMALL: b'{"model_type": "bert"}',
    "tokenizer.json": b'{"version": "1.0"}',
    "empty.txt": b"",
}
FILES_WITH_BIG = {BIG: noise(BIG_SIZE, 1), **FILES}


@dataclass(frozen=True)
class Lie:
    """One way to go wrong while files are fetched, and what the program must make of it."""

    name: str
    tell: object
    code: int
    words: tuple
    environment: dict = field(default_factory=dict)
    # Whether wrong bytes look like the first part of the file, so that only its digest tells, one fetch later.
    poisons: bool = False

    @property
    def files(self):
        return FILES_WITH_BIG if BIG in self.words else FILES


def about(path, answer):
    """A lie about one file; everything else is told truly."""

    def lie(request):
        if request.kind == "file" and request.file_path == path:
            return answer(request)
        return None

    return lambda hub: lie


def body(change):
    """A lie that changes the bytes that were asked for and keeps every header right."""

    def answer(request):
        content = request.hub.files(REPOSITORY)[request.file_path]
        start, end = request.byte_range() or (0, content.size)
        data = change(bytearray(b"".join(content.pieces(0, content.size))))
        if request.byte_range():
            request.respond(206, bytes(data[start:end]), {"Content-Range": f"bytes {start}-{end - 1}/{content.size}"})
        else:
            request.respond(200, bytes(data))
        return True

    return answer


def flip(data):
    data[len(data) // 2] ^= 1
    return data


def whole(change, claim=None):
    """A lie that answers with the whole file, changed; `claim` makes a Content-Length out of the true size."""

    def answer(request):
        content = request.hub.files(REPOSITORY)[request.file_path]
        data = bytes(change(b"".join(content.pieces(0, content.size))))
        request.respond(200, data, length=claim(content.size) if claim else None)
        return True

    return answer


def swap(first, second):
    other = {first: second, second: first}

    def lie(request):
        if request.kind != "file" or request.file_path not in other:
            return None
        request.serve(request.hub.files(REPOSITORY)[other[request.file_path]], request.revision)
        return True

    return lambda hub: lie


def cut_in_the_middle(request):
    """Says the right length, sends no byte beyond the middle, and hangs up."""
    content = request.hub.files(REPOSITORY)[request.file_path]
    start, end = request.byte_range() or (0, content.size)
    middle = content.size // 2
    request.send_response(206 if request.byte_range() else 200)
    request.send_header("Content-Length", str(end - start))
    if request.byte_range():
        request.send_header("Content-Range", f"bytes {start}-{end - 1}/{content.size}")
    request.end_headers()
    for piece in content.pieces(start, max(start, min(end, middle))):
        request.push(piece)
    request.close_connection = True
    return True


def stall_in_the_middle(hub):
    """Sends half of a file, and then nothing, with the connection open."""
    gone = threading.Event()
    hub.at_end = gone.set

    def lie(request):
        if request.kind != "file" or request.file_path != TWIN:
            return None
        content = request.hub.files(REPOSITORY)[TWIN]
        start, end = request.byte_range() or (0, content.size)
        request.send_response(206 if request.byte_range() else 200)
        request.send_header("Content-Length", str(end - start))
        if request.byte_range():
            request.send_header("Content-Range", f"bytes {start}-{end - 1}/{content.size}")
        request.end_headers()
        for piece in content.pieces(start, max(start, min(end, content.size // 2))):
            request.push(piece)
        gone.wait(60)
        request.close_connection = True
        return True

    return lie


def shifted_range(request):
    """Sends another stretch than the one asked for, and says so in Content-Range."""
    content = request.hub.files(REPOSITORY)[BIG]
    wanted = request.byte_range()
    if not wanted:
        return None
    start, end = wanted[0] + 1, wanted[1] + 1 if wanted[1] and wanted[1] < content.size else content.size
    request.respond(
        206, b"".join(content.pieces(start, end)), {"Content-Range": f"bytes {start}-{end - 1}/{content.size}"})
    return True


def mislabelled_range(request):
    """Sends another stretch than the one asked for under the right Content-Range: only a digest can tell."""
    content = request.hub.files(REPOSITORY)[BIG]
    wanted = request.byte_range()
    if not wanted:
        return None
    start, end = wanted[0], wanted[1] or content.size
    data = b"".join(content.pieces(0, end - start)) if start else b"".join(content.pieces(1, end - start + 1))
    request.respond(206, data, {"Content-Range": f"bytes {start}-{end - 1}/{content.size}"})
    return True


def other_total(request):
    content = request.hub.files(REPOSITORY)[BIG]
    wanted = request.byte_range()
    if not wanted:
        return None
    start, end = wanted[0], wanted[1] or content.size
    request.respond(
        206, b"".join(content.pieces(start, end)), {"Content-Range": f"bytes {start}-{end - 1}/{content.size + 1}"})
    return True


def refusing(status, code=None, message=None):
    def answer(request):
        request.refuse(status, code, message)
        return True

    return answer


def error_page(request):
    request.respond(200, b"<!doctype html><title>502</title><h1>Bad gateway</h1>", {"Content-Type": "text/html"})
    return True


def error_page_without_length(request):
    request.respond(200, b"<!doctype html>" + b" " * 4000, {"Content-Type": "text/html", "Connection": "close"}, length=False)
    return True


def always_less(data):
    return data[: len(data) // 2]


BYTES = ("expected:", "found:")
LIES = [
    Lie("one byte of a large file is flipped", about(BIG, body(flip)), 3, (BIG, *BYTES, "SHA-256")),
    Lie("one byte of a small file is flipped", about(SMALL, body(flip)), 3, (SMALL, *BYTES)),
    Lie("one byte of a file of one request is flipped", about(TWIN, body(flip)), 3, (TWIN, *BYTES, "SHA-256")),
    Lie("a large file is cut, with the right length", about(TWIN, cut_in_the_middle), 1, (TWIN, "the connection was cut")),
    Lie("a segment is cut, with the right length", about(BIG, cut_in_the_middle), 1, (BIG, "the connection was cut")),
    Lie("a small file is cut, with the right length", about(SMALL, cut_in_the_middle), 1, (SMALL, "the connection was cut")),
    Lie("a file is cut, with its own length", about(TWIN, whole(always_less)), 3, (TWIN, *BYTES, f"{2 << 20} bytes", f"{1 << 20} bytes")),
    Lie("a small file is cut, with its own length", about(SMALL, whole(always_less)), 3, (SMALL, *BYTES)),
    Lie("a file is padded, with its own length", about(TWIN, whole(lambda d: d + b"\0" * 512)), 3, (TWIN, *BYTES)),
    Lie("a small file is padded, with its own length", about(SMALL, whole(lambda d: d + b" ")), 3, (SMALL, *BYTES)),
    Lie("a file is padded, without a length", about(TWIN, whole(lambda d: d + b"\0", lambda n: False)), 3, (TWIN, *BYTES)),
    Lie("a small file is padded, without a length", about(SMALL, whole(lambda d: d + b"\0", lambda n: False)), 3, (SMALL, *BYTES)),
    Lie("two files of one size are swapped", swap(TWIN, "twin.safetensors"), 3, BYTES),
    Lie("two files of different sizes are swapped", swap(TWIN, "short.safetensors"), 3, BYTES),
    Lie("a large file is an error page with status 200", about(BIG, error_page), 3, (BIG, *BYTES)),
    Lie("a small file is an error page with status 200", about(SMALL, error_page), 3, (SMALL, *BYTES)),
    Lie("an error page with status 200 and no length", about(TWIN, error_page_without_length), 3, (TWIN, *BYTES), poisons=True),
    Lie("another range than the one asked for", about(BIG, shifted_range), 1, (BIG, "range")),
    Lie("another range under the right name", about(BIG, mislabelled_range), 3, (BIG, *BYTES)),
    Lie("a range of a file of another size", about(BIG, other_total), 3, (BIG, *BYTES, f"{BIG_SIZE} bytes", f"{BIG_SIZE + 1} bytes")),
    Lie("status 416", about(BIG, refusing(416)), 3, (BIG, *BYTES)),
    Lie("status 500 for ever", about(TWIN, refusing(500)), 1, (TWIN, "500")),
    Lie("status 429 for ever, with a wait of days", about(TWIN, lambda r: r.refuse(429, Retry_After="400000") or True), 1, ("429", "400000")),
    Lie("status 401, unknown code", about(TWIN, refusing(401)), 1, (REPOSITORY, "HF_TOKEN")),
    Lie("status 401, repository unknown", about(TWIN, refusing(401, "RepoNotFound")), 1, (REPOSITORY, "does not exist")),
    Lie("status 401, gated", about(TWIN, refusing(401, "GatedRepo")), 1, (REPOSITORY, "gated", "HF_TOKEN")),
    Lie("status 403, gated", about(TWIN, refusing(403, "GatedRepo")), 1, (REPOSITORY, "gated")),
    Lie("status 403, disabled", about(TWIN, refusing(403, None, "Access to this resource is disabled.")), 1, (REPOSITORY, "disabled")),
    Lie("status 401, bad token", about(TWIN, refusing(401, None, "Invalid credentials in Authorization header")), 1, ("token", "HF_TOKEN")),
    Lie("status 404, no such file", about(TWIN, refusing(404, "EntryNotFound")), 1, (TWIN,)),
    Lie("status 404, no such revision", about(TWIN, refusing(404, "RevisionNotFound")), 1, (REPOSITORY, "revision")),
    Lie("status 404, no such repository", about(TWIN, refusing(404, "RepoNotFound")), 1, (REPOSITORY, "does not exist")),
    Lie("status 404 without a code", about(TWIN, refusing(404)), 1, (TWIN,)),
    Lie("a status that does not exist", about(TWIN, refusing(299)), 1, ("299",)),
    Lie("silence", stall_in_the_middle, 1, (TWIN, "silent"), {"HF_HUB_DOWNLOAD_TIMEOUT": "1"}),
]


@dataclass
class Outcome:
    failed: object
    clean: object
    lock_before: bytes
    lock_after: bytes
    stored: dict
    partial: bool
    views: list
    healed: object
    sent_by_honest: dict
    verified: object


def blobs_of(box):
    root = box.store_home / "store/blobs/sha256"
    return {path.name: path.read_bytes() for path in sorted(root.glob("*/*"))} if root.exists() else {}


def prepared(root, hub, files):
    """A project with a lock, and a store that has not seen a byte."""
    hub.commit(REPOSITORY, files)
    box = Box(root, endpoint=hub.url)
    box.follow(REPOSITORY)
    box.run("lock", env={"WEIGHLOCK_HOME": root / "home-of-another"})
    hub.reset()
    return box


def play(lie, root):
    with LyingHub() as hub:
        box = prepared(root, hub, lie.files)
        before = box.lock_bytes
        hub.lie = lie.tell(hub)
        failed = box.run("sync", expect=None, env=lie.environment)
        clean = box.run("cache", "check", expect=None)
        stored = blobs_of(box)
        partial = any((box.store_home / "store/partial").glob("*.part"))
        views = list((box.store_home / "views").glob("*/hub/*/snapshots/*/*")) if (box.store_home / "views").exists() else []
        after = box.lock_bytes
        if hasattr(hub, "at_end"):
            hub.at_end()
        hub.reset()
        healed = box.run("sync", expect=None)
        sent = dict(hub.sent)
        verified = box.run("verify", "--deep", expect=None)
        return Outcome(failed, clean, before, after, stored, partial, views, healed, sent, verified)


@pytest.fixture(scope="module")
def played(request, tmp_path_factory):
    """All chosen lies, told side by side: most of their time is waiting between attempts."""
    chosen = {item.callspec.params["lie"].name for item in request.session.items
              if item.path == request.path and "lie" in getattr(getattr(item, "callspec", None), "params", {})}
    root = tmp_path_factory.mktemp("lies")
    return run_all({
        lie.name: (lambda lie=lie, number=number: play(lie, root / str(number)))
        for number, lie in enumerate(LIES) if lie.name in chosen}, workers=10)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_never_lands(played, lie):
    found = outcome(played, lie.name)
    assert found.failed.code == lie.code, found.failed
    for word in lie.words:
        assert word in found.failed.err, f"`{word}` is not said\n{found.failed}"
    assert "error:" in found.failed.err and "Traceback" not in found.failed.err
    assert found.failed.out == "", "an error is no data"
    assert found.clean.code == 0, found.clean
    assert found.lock_before == found.lock_after
    assert found.views == [], "a view was laid out over a sync that failed"
    # Whatever did land is right: it is one of the true files.
    names = {path: sha256(data) for path, data in lie.files.items()}
    assert set(found.stored) <= set(names.values())
    assert all(sha256(data) == name for name, data in found.stored.items())

    assert found.healed.code == 0, found.healed
    assert found.verified.code == 0, found.verified
    missing = {path: len(data) for path, data in lie.files.items() if data and names[path] not in found.stored}
    assert set(found.sent_by_honest) <= set(missing), "the store had it and it was fetched again"
    assert sum(found.sent_by_honest.values()) <= sum(missing.values()) * (2 if lie.poisons else 1)
    if not found.partial:
        assert found.sent_by_honest == missing


def test_what_is_no_lie_is_accepted(tmp_path):
    """A server that knows no ranges, one that is busy for a moment, one that sends no commit in its headers."""

    def without_ranges(request):
        if request.kind != "file":
            return None
        content = request.hub.files(REPOSITORY)[request.file_path]
        request.respond(200, b"".join(content.pieces(0, content.size)))
        return True

    seen = {}

    def busy_at_first(request):
        if request.kind != "file" or request.file_path != TWIN:
            return None
        first = seen.setdefault(TWIN, [])
        first.append(time.monotonic())
        if len(first) > 1:
            return None
        request.refuse(429, Retry_After="1")
        return True

    failures = iter([500, 502, 503, 504, 408])

    def shaky(request):
        if request.kind != "file" or request.file_path != SMALL:
            return None
        status = next(failures, None) if len(seen.setdefault("shaky", [])) < 2 else None
        if status is None:
            return None
        seen["shaky"].append(status)
        request.refuse(status)
        return True

    def without_headers(request):
        if request.kind != "file" or request.byte_range():
            return None
        content = request.hub.files(REPOSITORY)[request.file_path]
        request.respond(200, b"".join(content.pieces(0, content.size)))
        return True

    def moves(request):
        """Sends each file's reader to another path of the same server first."""
        if request.kind != "file" or request.query:
            return None
        request.respond(307, headers={"Location": request.path + "?signed=1"})
        return True

    def play_well(lie, root):
        with LyingHub() as hub:
            box = prepared(root, hub, FILES_WITH_BIG)
            hub.lie = lie
            result = box.run("sync")
            box.run("verify", "--deep")
            return result

    lies = {"without ranges": without_ranges, "busy": busy_at_first, "shaky": shaky, "without headers": without_headers, "moves": moves}
    results = run_all({name: (lambda lie=lie, name=name: play_well(lie, tmp_path / name)) for name, lie in lies.items()})
    for name in lies:
        outcome(results, name)
    assert len(seen[TWIN]) == 2 and seen[TWIN][1] - seen[TWIN][0] >= 1, "the wait that was asked for was not kept"
    assert seen["shaky"] == [500, 502]


# -- names


def entry(path, **changes):
    return {"type": "file", "oid": "0" * 40, "size": 3, "path": path, **changes}


def listing(*entries):
    def lie(request):
        if request.kind != "tree":
            return None
        request.answer_json(list(entries))
        return True

    return lie


def raw_listing(text):
    def lie(request):
        if request.kind != "tree":
            return None
        request.respond(200, text, {"Content-Type": "application/json"})
        return True

    return lie


def never_ending(request):
    if request.kind != "tree":
        return None
    number = int(request.query.get("cursor", ["0"])[0]) + 1
    base = request.path.split("?")[0]
    link = f'<{request.hub.url}{base}?recursive=true&cursor={number}>; rel="next"'
    request.answer_json([entry(f"file-{number}")], {"Link": link})
    return True


def same_page_again(request):
    if request.kind != "tree":
        return None
    request.answer_json([], {"Link": f'<{request.hub.url}{request.path}>; rel="next"'})
    return True


def elsewhere(request):
    if request.kind != "tree":
        return None
    request.answer_json([], {"Link": f'<http://localhost:{request.hub.port}/other>; rel="next"'})
    return True


def endless_answer(request):
    if request.kind != "tree":
        return None
    request.send_response(200)
    request.end_headers()
    block = b"[" + b" " * ((1 << 20) - 1)
    for _ in range(200):
        request.push(block)
    request.close_connection = True
    return True


def info(**changes):
    def lie(request):
        if request.kind != "revision":
            return None
        request.answer_json({"id": REPOSITORY, "sha": "1" * 40, "lastModified": "2024-01-01T00:00:00.000Z", **changes})
        return True

    return lie


def revision_refused(status, code=None, message=None):
    def lie(request):
        if request.kind != "revision":
            return None
        request.refuse(status, code, message)
        return True

    return lie


LISTINGS = {
    "a path that leaves with ..": (listing(entry("../x")), 1, "`../x`"),
    "a path that leaves in the middle": (listing(entry("a/../../x")), 1, ".."),
    "an absolute path": (listing(entry("/etc/x")), 1, "absolute"),
    "a drive letter": (listing(entry("C:x")), 1, "drive letter"),
    "a backslash": (listing(entry("..\\x")), 1, "backslash"),
    "an empty path": (listing(entry("")), 1, "empty"),
    "an empty segment": (listing(entry("a//b")), 1, "empty segment"),
    "a NUL": (listing(entry("a\0b")), 1, "NUL"),
    "a line end": (listing(entry("a\nb")), 1, "control character"),
    "an escape": (listing(entry("\x1b[2Jx")), 1, "control character"),
    "a bidirectional override": (listing(entry("a\u202etxt.exe")), 1, "bidirectional"),
    "a lone surrogate": (raw_listing(b'[{"type":"file","oid":"' + b"0" * 40 + b'","size":3,"path":"\\ud800"}]'), 1, "error:"),
    "git's own directory": (listing(entry(".git/config")), 1, ".git"),
    "a device name": (listing(entry("aux.txt")), 1, "device"),
    "a trailing dot": (listing(entry("a.")), 1, "dot"),
    "a name of 300 bytes": (listing(entry("a" * 300)), 1, "255"),
    "two names that differ in case": (listing(entry("Config.json"), entry("config.json")), 1, "case"),
    "two names that differ in Unicode form": (listing(entry("caf\u00e9"), entry("cafe\u0301")), 1, "Unicode"),
    "two names that fold together": (listing(entry("stra\u00dfe"), entry("STRASSE")), 1, "case"),
    "a file that is another's directory": (listing(entry("a"), entry("a/b")), 1, "directory"),
    "a file that is another's directory by case": (listing(entry("A"), entry("a/b")), 1, "directory"),
    "a name twice": (listing(entry("a"), entry("a")), 1, "repeats"),
    "a page again": (same_page_again, 1, "repeats"),
    "a listing without end": (never_ending, 1, "does not end"),
    "an answer without end": (endless_answer, 1, "error:"),
    "a listing that goes on elsewhere": (elsewhere, 1, "another server"),
    "a size of 2^63": (listing(entry("a", size=2**63)), 1, "impossible size"),
    "a size of 2^63 - 1": (listing(entry("a", size=2**63 - 1)), 1, "impossible size"),
    "a size of 2^200": (listing(entry("a", size=2**200)), 1, "impossible size"),
    "a negative size": (listing(entry("a", size=-1)), 1, "impossible size"),
    "a broken size": (listing(entry("a", size=1.5)), 1, "impossible size"),
    "a text for a size": (listing(entry("a", size="3")), 1, "impossible size"),
    "sizes that overflow together": (
        listing(*[entry(f"a{i}", size=2**45, lfs={"oid": f"{i:064x}", "size": 2**45, "pointerSize": 1}) for i in range(2**10)]), (0, 1), ""),
    "two sizes for one file": (listing(entry("a", lfs={"oid": "1" * 64, "size": 4, "pointerSize": 1})), 1, "two sizes"),
    "an id that is none": (listing(entry("a", oid="xyz")), 1, "git id"),
    "a digest that is none": (listing(entry("a", lfs={"oid": "1" * 63, "size": 3, "pointerSize": 1})), 1, "SHA-256"),
    "an entry of another kind": (listing(entry("a", type="symlink")), 1, "symlink"),
    "an object for a list": (raw_listing(b'{"error": "no"}'), 1, "not what a Hub sends"),
    "a page of HTML": (raw_listing(b"<!doctype html>"), 1, "not what a Hub sends"),
    "nothing": (raw_listing(b""), 1, "not what a Hub sends"),
    "brackets, 200000 deep": (raw_listing(b"[" * 200_000), 1, "not what a Hub sends"),
    "a commit that is none": (info(sha="main"), 1, "no commit"),
    "no commit": (info(sha=None), 1, "no commit"),
    "an unknown repository": (revision_refused(404, "RepoNotFound"), 1, "does not exist"),
    "an unknown repository, anonymous": (revision_refused(401, "RepoNotFound"), 1, "hf auth login"),
    "a gated repository": (revision_refused(403, "GatedRepo"), 1, "gated"),
    "an unknown revision": (revision_refused(404, "RevisionNotFound"), 1, "no revision"),
    "a server that always fails": (revision_refused(500), 1, "500"),
    "a redirect to nowhere": (lambda r: r.kind == "revision" and (r.respond(302) or True) or None, 1, "redirects to nowhere"),
    "a redirect in a circle": (
        lambda r: r.kind == "revision" and (r.respond(302, headers={"Location": r.path}) or True) or None, 1, "more than 20"),
}


@pytest.fixture(scope="module")
def listed(request, tmp_path_factory):
    chosen = {item.callspec.params["name"] for item in request.session.items
              if item.path == request.path and "name" in getattr(getattr(item, "callspec", None), "params", {})}
    root = tmp_path_factory.mktemp("listings")

    def lock(number, lie):
        with LyingHub() as hub:
            hub.commit(REPOSITORY, FILES)
            hub.lie = lie
            box = Box(root / str(number), endpoint=hub.url)
            box.follow(REPOSITORY)
            result = box.run("lock", expect=None)
            return result, box

    return run_all({
        name: (lambda number=number, lie=lie: lock(number, lie))
        for number, (name, (lie, _, _)) in enumerate(LISTINGS.items()) if name in chosen}, workers=6)


@pytest.mark.parametrize("name", LISTINGS)
def test_a_wrong_listing_is_refused(listed, name):
    _, code, word = LISTINGS[name]
    result, box = outcome(listed, name)
    assert result.code in (code if isinstance(code, tuple) else (code,)), result
    assert word in result.err, result
    if result.code:
        assert "error:" in result.err and "\x1b" not in result.err and "\0" not in result.err
        assert not box.lock_path.exists() and not (box.project / ".weighlock").exists()
        assert set(path.name for path in box.root.iterdir()) <= {"home", "project", "weighlock-home"}
        assert {path.name for path in box.project.iterdir()} == {"weighlock.yaml"}
    box.check_clean()


def test_a_wrong_small_file_stops_the_lock(box, hub):
    """Of a small file a listing has only the git id: the lock is where it is checked."""
    hub.commit(REPOSITORY, FILES)
    hub.lie = about(SMALL, body(flip))(hub)
    box.environment["HF_ENDPOINT"] = hub.url
    box.follow(REPOSITORY)
    result = box.run("lock", expect=3)
    for word in (SMALL, "git blob id", *BYTES):
        assert word in result.err, result
    assert not box.lock_path.exists()
    box.check_clean()
    hub.reset()
    box.run("lock")
    box.run("sync")
    box.run("verify", "--deep")


# -- redirects


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_token_does_not_follow_a_redirect_to_another_origin(box, hub, host):
    """Another name of the same machine is another origin, and so is another port."""
    hub.commit(REPOSITORY, FILES)
    with LyingHub(host) as other:
        other.commit(REPOSITORY, FILES)

        def lie(request):
            if request.kind in ("file", "tree", "revision"):
                request.respond(302, headers={"Location": other.url + request.path})
                return True
            return None

        hub.lie = lie
        box.environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_secretsecret"}
        box.follow(REPOSITORY)
        box.run("lock")
        box.run("sync")
        box.run("verify", "--deep")
        asked = [headers.get("authorization") for _, _, headers, _ in hub.requests]
        assert asked and set(asked) == {"Bearer hf_secretsecret"}
        arrived = [headers for _, _, headers, kind in other.requests]
        assert {kind for *_, kind in other.requests} == {"revision", "tree", "file"}
        for headers in arrived:
            assert "authorization" not in headers
            assert "hf_secretsecret" not in str(headers)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that nobody but its holder trusts."""
    import subprocess

    place = tmp_path_factory.mktemp("certificate")
    key, chain = place / "key.pem", place / "chain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain],
        check=True, capture_output=True)
    return chain, key


def test_a_redirect_from_https_to_http_is_refused(box, hub, certificate):
    hub.commit(REPOSITORY, FILES)
    with LyingHub("localhost", certificate) as secure:
        secure.commit(REPOSITORY, FILES)
        box.follow(REPOSITORY)
        box.environment |= {"HF_ENDPOINT": secure.url, "HF_TOKEN": "hf_secretsecret"}

        untrusted = box.run("lock", expect=1)
        assert "no secure connection" in untrusted.err and "SSL_CERT_FILE" in untrusted.err
        assert secure.requests == []

        box.environment["SSL_CERT_FILE"] = str(certificate[0])
        secure.lie = lambda request: request.respond(302, headers={"Location": hub.url + request.path}) or True
        refused = box.run("lock", expect=1)
        assert "not encrypted" in refused.err and not box.lock_path.exists()
        assert hub.requests == [], "the request went on to the unencrypted server"

        secure.reset()
        box.run("lock")
        secure.lie = lambda request: (
            request.respond(302, headers={"Location": hub.url + request.path}) or True if request.kind == "file" else None)
        refused = box.run("sync", expect=1)
        assert "not encrypted" in refused.err
        assert hub.requests == []
        box.check_clean()

        secure.reset()
        box.run("sync")
        box.run("verify", "--deep")


def test_a_dead_server_is_one_clear_error(box):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses every connection, and nobody else gets the port
        box.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{taken.getsockname()[1]}"
        box.follow(REPOSITORY)
        before = snapshot(box.project)
        result = box.run("lock", expect=1)
        assert "connection refused" in result.err and "hint:" in result.err
        assert snapshot(box.project) == before
