# SPDX-License-Identifier: Apache-2.0
"""What the tests stand on: the program in an environment of its own, its mirror as a process, and made-up models."""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REAL_NAME = "sentence-transformers/all-MiniLM-L6-v2"
SECRET = "hf_secretsecret"

# Long enough that only a hang reaches it.
PATIENCE = 150


def required(variable):
    value = os.environ.get(variable)
    if not value or not os.access(value, os.X_OK):
        raise SystemExit(f"{variable} is `{value}`, which cannot be run; start the tests with scripts/test-interop")
    return value


BINARY = required("WEIGHLOCK_BINARY")
PYTHON = required("WEIGHLOCK_PYTHON")
PYTHON_OLD = required("WEIGHLOCK_PYTHON_HUB0")
PYTHONS = {"2.4.0": PYTHON, "0.36.2": PYTHON_OLD}


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    arguments: tuple
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"$ {' '.join(self.arguments)}\n[{self.code}]\n-- stdout\n{self.out}\n-- stderr\n{self.err}"


def settled(arguments, process, expect, timeout=PATIENCE):
    """Waits for a process; a hang and an exit code other than expected are failures that show all it said."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"hung: {' '.join(arguments)}\n{out}\n{err}") from None
    result = Result(tuple(str(a) for a in arguments), process.returncode, out, err)
    refuse_crash(result)
    if expect is not None:
        allowed = expect if isinstance(expect, tuple) else (expect,)
        assert result.code in allowed, f"expected exit code {expect}\n{result}"
    return result


def refuse_crash(result):
    """A trap is never an answer, whatever the exit code expected."""
    for mark in ("Fatal error", "Crash", "Illegal instruction", "Swift runtime failure", "Precondition failed"):
        assert mark not in result.err, f"the program crashed\n{result}"
    assert result.code not in (-signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS), str(result)


class Box:
    """A user of their own: a home directory, a store, a project, and nothing of the real user's environment."""

    def __init__(self, root, endpoint=None, **extra):
        self.root = Path(root)
        self.home = self.root / "home"
        self.store_home = self.root / "weighlock-home"
        self.project = self.root / "project"
        for directory in (self.home, self.project):
            directory.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": os.pathsep.join([str(Path(PYTHON).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "WEIGHLOCK_HOME": str(self.store_home),
            "USER": "tester",
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "TRANSFORMERS_VERBOSITY": "error",
            "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
        }
        if endpoint:
            self.environment["HF_ENDPOINT"] = endpoint
        self.environment.update(extra)

    def env(self, changes=None):
        merged = dict(self.environment)
        for name, value in (changes or {}).items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = str(value)
        return merged

    def popen(self, arguments, env=None, cwd=None, **options):
        return subprocess.Popen(
            [str(a) for a in arguments], env=self.env(env), cwd=cwd or self.project, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="backslashreplace", **options)

    def command(self, arguments, expect=0, env=None, cwd=None, timeout=PATIENCE, **options):
        arguments = [str(a) for a in arguments]
        return settled(arguments, self.popen(arguments, env, cwd, **options), expect, timeout)

    def run(self, *arguments, expect=0, env=None, cwd=None, **options):
        """Runs `weighlock` with these arguments and checks its exit code; `None` takes any."""
        return self.command([BINARY, *arguments], expect, env, cwd, **options)

    def start(self, *arguments, env=None, **options):
        return self.popen([BINARY, *arguments], env, **options)

    def python(self, code, *arguments, version="2.4.0", expect=0, env=None, cwd=None):
        """Runs Python code, or a file, with one of the two clients."""
        python = PYTHONS[version]
        where = str(Path(python).parent)
        path = os.pathsep.join([where, "/usr/local/bin", "/usr/bin", "/bin"])
        source = [str(code)] if isinstance(code, Path) else ["-c", code]
        return self.command([python, *source, *arguments], expect, {"PATH": path, **(env or {})}, cwd)

    def hf(self, *arguments, version="2.4.0", expect=0, env=None, cwd=None):
        """Runs the client's own command line."""
        return self.command([str(Path(PYTHONS[version]).parent / "hf"), *arguments], expect, env, cwd)

    @property
    def lock_path(self):
        return self.project / "weighlock.lock"

    @property
    def lock_bytes(self):
        return self.lock_path.read_bytes() if self.lock_path.exists() else None

    @property
    def lock(self):
        return json.loads(self.lock_path.read_text(encoding="utf-8"))

    def manifest(self, text):
        (self.project / "weighlock.yaml").write_text(text, encoding="utf-8")

    def follow(self, repository, revision="main", name="m"):
        self.manifest(
            f"version: 1\ndeliverables:\n  {name}:\n    model:\n      repo: {repository}\n      revision: {revision}\n")

    def view(self):
        """The cache directory of the lock in force."""
        return self.store_home / "views" / self.lock["identity"] / "hub"

    def blob_path(self, sha256):
        return self.store_home / "store/blobs/sha256" / sha256[:2] / sha256

    def check_clean(self):
        """The store holds nothing but what its names say."""
        return self.run("cache", "check")


# Requests of our own, to see how far the log is.
MARKER = "/marker-"


class Mirror:
    """The program's own server on a free loopback port, with the log of its requests."""

    def __init__(self, root, box):
        self.root = Path(root)
        self.box = box
        self.process = None
        self.url = None
        self.clock = 0
        self.lines = []
        self.markers = 0

    def commit(self, folder, repository, **options):
        """Commits a folder; dates go up by a minute, so that commits are the same in every run."""
        self.clock += 1
        arguments = ["serve", "import", folder, repository, "--root", self.root]
        options.setdefault("date", f"2024-01-01T00:{self.clock:02d}:00Z")
        for name, values in options.items():
            for value in values if isinstance(values, (list, tuple)) else [values]:
                arguments += ["--" + name, value]
        return self.box.run(*arguments).out.strip()

    def start(self, *arguments, port_file=None):
        port_file = Path(port_file or self.root.parent / f"{self.root.name}.port")
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--root", str(self.root), "--port", "0", "--port-file", str(port_file), "--log-requests",
             *map(str, arguments)],
            env=self.box.env({"HF_ENDPOINT": None}), cwd=self.root.parent, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        # The server says where it listens in its first line, after the port file is there.
        first = self.process.stderr.readline()
        assert port_file.exists(), f"the mirror did not start: {first}{self.process.stderr.read()}"
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def requests(self):
        """(status, method, path, bytes) of every request so far."""
        self._settle()
        found = []
        for line in list(self.lines):
            match = re.match(r"(\d{3}) ([A-Z]+) (\S+) (\d+)", line)
            if match and not match[3].startswith(MARKER):
                found.append((int(match[1]), match[2], match[3], int(match[4])))
        return found

    def _settle(self):
        """Waits for the lines of requests that were answered: a client can be done before its line is written and read."""
        if self.process is None:
            return self.reader.join(10)
        self.markers += 1
        marker = f"{MARKER}{self.markers}"
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(self.url + marker, timeout=30):
            pass
        deadline = time.monotonic() + 30
        while not any(f" {marker} " in line for line in list(self.lines)):
            assert time.monotonic() < deadline, "the mirror did not log a request"
            time.sleep(0.01)
        count = -1
        while count != len(self.lines):  # another connection's line may be a moment behind the marker's
            count = len(self.lines)
            time.sleep(0.05)

    def stop(self):
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("the mirror did not end when it was interrupted") from None
        self.reader.join(10)
        process.stderr.close()
        return code


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def noise(size, seed):
    """Bytes that do not repeat, the same in every run."""
    return random.Random(seed).randbytes(size)


def write_tree(folder, files):
    """Writes {path: text or bytes}; makes what directories it needs."""
    folder = Path(folder)
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"], "torch_dtype": "float32", "hidden_size": 8}, indent=2)


def tiny_model(seed=1, weights=3 << 20):
    """A made-up model: small files, and one that comes in segments."""
    return {
        "README.md": "---\nlicense: mit\n---\n# Made up\n\nUse temperature=0.6.\n",
        "config.json": CONFIG,
        "tokenizer_config.json": json.dumps({"model_max_length": 512, "padding_side": "right", "seed": seed}),
        "tokenizer.json": json.dumps({"version": "1.0", "seed": seed}),
        "model.safetensors": noise(weights, seed),
        "nested/deep/notes.txt": "notes\n",
        "empty.txt": "",
    }


def snapshot(folder):
    """Every path below a folder with what it is: for `nothing has changed`."""
    found = {}
    folder = Path(folder)
    if not folder.exists():
        return found
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(folder))
        if stat.S_ISLNK(status.st_mode):
            found[name] = ("link", os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            found[name] = ("file", status.st_size, file_sha256(path), stat.S_IMODE(status.st_mode))
        else:
            found[name] = ("directory",)
    return found


def remove_tree(folder):
    """Removes what a test no longer needs, read-only files included."""
    shutil.rmtree(folder, ignore_errors=True)


def run_all(jobs, workers=8):
    """Runs functions side by side and returns what they return or raise, under their names."""
    from concurrent.futures import ThreadPoolExecutor

    results = {}

    def attempt(function):
        try:
            return function()
        except BaseException as error:  # noqa: BLE001 - shown by the test that owns the result
            return error

    with ThreadPoolExecutor(workers) as pool:
        futures = {name: pool.submit(attempt, function) for name, function in jobs.items()}
        for name, future in futures.items():
            results[name] = future.result()
    return results


def outcome(results, name):
    """The result of one job of `run_all`; what it raised is raised here."""
    value = results[name]
    if isinstance(value, BaseException):
        raise value
    return value
