# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: files to move, a mirror to move them from, runs that are measured, a table."""

import contextlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20
ROOT = Path(__file__).resolve().parent.parent


def program():
    """The program under test: WEIGHLOCK_BINARY."""
    path = os.environ.get("WEIGHLOCK_BINARY")
    if not path or not os.access(path, os.X_OK):
        sys.exit("error: WEIGHLOCK_BINARY does not name a program\nhint: `make bench` builds one and sets it")
    return str(Path(path).resolve())


def beside_python(name):
    """A command of the Python environment WEIGHLOCK_PYTHON, or None."""
    python = os.environ.get("WEIGHLOCK_PYTHON")
    found = Path(python).absolute().parent / name if python else None
    return str(found) if found and found.exists() else shutil.which(name)


@contextlib.contextmanager
def workplace(needed_bytes):
    """A temporary directory (under TMPDIR) with room for `needed_bytes`; gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="weighlock-bench-"))
    try:
        free = shutil.disk_usage(place).free
        if free < needed_bytes * 1.1:
            sys.exit(f"error: {needed_bytes >> 30} GiB are needed below {place}, {free >> 30} GiB are free\n"
                     "hint: set TMPDIR to a disk with room")
        yield place
    finally:
        for folder, folders, _ in os.walk(place):
            for name in folders:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o755)
        shutil.rmtree(place, ignore_errors=True)


def make_files(folder, count, size, seed=1825):
    """`count` files of `size` bytes that do not compress and do not repeat each other; small memory."""
    folder.mkdir(parents=True)
    source = random.Random(seed)
    for index in range(count):
        with open(folder / f"model-{index + 1:05}-of-{count:05}.safetensors", "wb") as out:
            for _ in range(size // MEGABYTE):
                out.write(source.randbytes(MEGABYTE))
    (folder / "config.json").write_text('{"model_type": "bert"}\n')
    return sorted(str(p) for p in folder.glob("*.safetensors"))


def clean_environment(place, **more):
    """The environment of a measured run: nobody's tokens, caches, endpoints or proxies."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("HF_", "HUGGINGFACE_", "WEIGHLOCK_", "XDG_")) and not k.lower().endswith("_proxy")}
    kept.update(HOME=str(place), HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_UPDATE_CHECK="1", NO_COLOR="1")
    kept.update(more)
    return kept


@contextlib.contextmanager
def mirror(place, folder, repository, *more):
    """Serves `folder` as `repository`, and other pairs of the two, from the program's own mirror; gives its address."""
    root, port = place / "mirror", place / "port"
    environment = clean_environment(place, WEIGHLOCK_HOME=str(place / "mirror-home"))
    for source, name in ((folder, repository), *more):
        subprocess.run([program(), "serve", "import", str(source), name, "--root", str(root)], check=True,
                       env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(place / "mirror.log", "wb") as log:
        server = subprocess.Popen([program(), "serve", "--root", str(root), "--port", "0", "--port-file", str(port)],
                                  env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not (port.exists() and port.read_text().strip()):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("error: the mirror did not start:\n" + (place / "mirror.log").read_text()[-2000:])
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port.read_text().strip()}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


@dataclass
class Measure:
    """One run of one command."""
    wall: float      # seconds
    cpu: float       # seconds, user and system
    resident: int    # bytes, the most at any time
    best: "Measure | None" = None  # of a median: the least of each


def run(command, environment, directory, watch_memory=True, accepted=(0,)):
    """Runs a command and measures it; a command that leaves with a code that is not `accepted` ends the benchmark.

    The memory is that of the process itself: name the program, not a shell that starts it.

    Without `watch_memory` the clock is as fine as the system's; with it, 5 ms.

    The peak of memory is VmHWM of the process, sampled: what `wait` reports would count this script's own memory,
    because a child begins as a copy of its parent.
    """
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        child = subprocess.Popen(command, env=environment, cwd=directory, stdout=said, stderr=said)
        peak = 0
        while watch_memory:
            with contextlib.suppress(OSError):
                with open(f"/proc/{child.pid}/status") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            peak = max(peak, int(line.split()[1]) * 1024)
            pid, code, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.005)
        if not watch_memory:
            _, code, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(code)
        if child.returncode not in accepted:
            said.seek(0)
            sys.exit(f"error: `{' '.join(command)}` left with {child.returncode}:\n" + said.read()[-2000:].decode(errors="replace"))
    return Measure(wall, usage.ru_utime + usage.ru_stime, peak)


def alternate(rounds, *contestants):
    """Runs every contestant once a round, in turn, so that a busy minute hits them all; returns their medians, each with its best."""
    measures = [[] for _ in contestants]
    for number in range(rounds):
        for index, contestant in enumerate(contestants):
            measures[index].append(contestant(number))
            print(f"  round {number + 1} of {rounds}, {index + 1} of {len(contestants)}: "
                  f"{seconds(measures[index][-1].wall)}", file=sys.stderr)

    def of(choose, column):
        return [choose(getattr(m, field) for m in column) for field in ("wall", "cpu", "resident")]

    return [Measure(*of(statistics.median, column), best=Measure(*of(min, column))) for column in measures]


def ratio(ours, theirs):
    """How many times as long the rival takes; below 1 we lose."""
    return f"{theirs / ours:.2f} ×" if ours > 0 else "-"


def table(title, header, rows):
    print(f"### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def megabytes(value):
    return f"{value / 1e6:.0f} MB"
