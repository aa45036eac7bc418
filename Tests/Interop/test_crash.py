# SPDX-License-Identifier: Apache-2.0
"""The program killed, and the disk full, at many points of every command that writes.

`strace` stops the program at the N-th call of one kind. Afterwards the old state is in force or the new one, the store
holds nothing wrong, and running the command again gets there.
"""

import os
import shutil
import signal
import subprocess

import pytest

from harness import BINARY, Box, noise, outcome, refuse_crash, remove_tree, run_all, tiny_model
from lying_hub import LyingHub

STRACE = shutil.which("strace")
REPOSITORY = "example/model"
# What the same change may be called on another machine.
SYNONYMS = {
    "rename": ("rename", "renameat", "renameat2"), "mkdir": ("mkdir", "mkdirat"), "symlink": ("symlink", "symlinkat"),
    "unlink": ("unlink", "unlinkat"), "link": ("link", "linkat"), "fchmod": ("fchmod", "fchmodat", "chmod"), "fsync": ("fsync", "fdatasync"),
}
# Which of a thread's calls is tampered with; strace counts for each thread by itself.
# Odd and even ones: calls come in pairs, such as the two links that a view has for a file.
KILL_POINTS = (1, 2, 3, 6, 11, 18, 31)
FULL_POINTS = (1, 3, 9, 27)
# The smallest that comes in segments, so that partial files are among what is left behind.
WEIGHTS = (1 << 20) + 1


def can_trace():
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-f", "-qq", "-o", os.devnull, "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed; scripts/bootstrap installs it")


def test_strace_works_where_it_is_installed():
    assert can_trace(), "strace is here and may not trace; a container may need the capability SYS_PTRACE"


def injected(box, call, injection, *arguments, expect=None):
    """Runs `weighlock` with one kind of call tampered with. Without `--seccomp-bpf`, which loses signals after the first call."""
    calls = ",".join("?" + name for name in SYNONYMS.get(call, (call,)))
    return box.command(
        [STRACE, "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={calls}:{injection}",
         BINARY, *arguments], expect)


class Stage:
    """The state before a command, to be copied for each point at which it is killed."""

    def __init__(self, root, url, prepare, arguments):
        self.root = root
        self.url = url
        self.arguments = arguments
        template = Box(root / "template", endpoint=url)
        template.follow(REPOSITORY)
        prepare(template)
        self.template = template
        self.old = template.lock_bytes
        done = self.copy("done")
        done.run(*arguments)
        self.new = done.lock_bytes
        done.run("sync")
        done.run("verify", "--deep")

    def copy(self, name):
        place = self.root / name
        shutil.copytree(self.template.root, place, symlinks=True)
        return Box(place, endpoint=self.url)

    def check_after(self, box, what):
        """What must hold whenever the command stopped, and that it can be run to its end."""
        assert box.lock_bytes in (self.old, self.new), f"{what}: half a lock"
        box.check_clean()
        box.run("log")
        if box.lock_bytes != self.new or self.arguments[0] != "rollback":
            box.run(*self.arguments)
        assert box.lock_bytes == self.new, f"{what}: another lock than an undisturbed command writes"
        if self.arguments[0] != "sync":
            box.run("sync")
        box.run("verify", "--deep")
        log = box.run("log", "--json").json
        assert log["entries"][-1]["lock"] == log["in_force"]

    def kill_everywhere(self, call):
        """Kills at the 1st, 2nd, 3rd, 6th … call of a kind until the command gets through; says how often it was killed."""
        kills = 0
        for point in KILL_POINTS:
            what = f"killed at {call} {point}"
            box = self.copy(f"{call}-{point}")
            result = injected(box, call, f"signal=KILL:when={point}", *self.arguments)
            if result.code == 0:
                assert box.lock_bytes == self.new
                remove_tree(box.root)
                break
            assert result.code in (-signal.SIGKILL, 128 + signal.SIGKILL), result
            kills += 1
            try:
                self.check_after(box, what)
            except AssertionError as error:
                raise AssertionError(f"{what} of `{' '.join(self.arguments)}`:\n{error}") from None
            remove_tree(box.root)
        return kills

    def fill_everywhere(self, call):
        """The same, with the disk full from that call on."""
        failures = 0
        for point in FULL_POINTS:
            box = self.copy(f"full-{call}-{point}")
            result = injected(box, call, f"error=ENOSPC:when={point}+", *self.arguments)
            if result.code == 0:
                remove_tree(box.root)
                break
            failures += 1
            assert result.code == 1, result
            assert "no space left" in result.err and "hint:" in result.err, result
            self.check_after(box, f"no space at {call} {point}")
            remove_tree(box.root)
        return failures


def prepare_lock(box):
    pass


def prepare_sync(box):
    box.run("lock")
    # The store of the lock goes away: everything is to be fetched.
    remove_tree(box.store_home)


def prepare_update(hub):
    def prepare(box):
        box.run("lock")
        box.run("sync")
        hub.commit(REPOSITORY, tiny_model(2, weights=WEIGHTS))

    return prepare


def prepare_rollback(hub):
    def prepare(box):
        prepare_update(hub)(box)
        first = box.view().parent
        box.run("update", "--yes")
        box.run("sync")
        # Its view has to be laid out again.
        remove_tree(first)

    return prepare


# What to prepare, what to run, where to kill it, and which calls fail on a full disk.
COMMANDS = {
    "lock": (lambda hub: prepare_lock, ("lock",), ("rename", "fsync", "pwrite64", "mkdir"), ("pwrite64", "fsync", "mkdir")),
    "sync": (
        lambda hub: prepare_sync, ("sync",), ("rename", "fsync", "pwrite64", "ftruncate", "mkdir", "symlink", "unlink"),
        ("pwrite64", "fsync", "ftruncate", "mkdir", "symlink")),
    "update": (prepare_update, ("update", "--yes", "--reason", "crash"), ("rename", "fsync", "pwrite64"), ("pwrite64", "fsync")),
    "rollback": (prepare_rollback, ("rollback",), ("rename", "fsync", "pwrite64", "mkdir", "symlink"), ("pwrite64", "symlink")),
}


@pytest.fixture(scope="module", params=COMMANDS)
def stage(tmp_path_factory, request):
    prepare, arguments, kills, fulls = COMMANDS[request.param]
    with LyingHub() as hub:
        hub.commit(REPOSITORY, tiny_model(1, weights=WEIGHTS))
        made = Stage(tmp_path_factory.mktemp("stage"), hub.url, prepare(hub), arguments)
        made.kills, made.fulls = kills, fulls
        yield made


def test_a_killed_command_leaves_the_old_state_or_the_new(stage):
    results = run_all({call: (lambda call=call: stage.kill_everywhere(call)) for call in stage.kills}, workers=3)
    kills = {call: outcome(results, call) for call in stage.kills}
    print(f"killed: {kills}")
    # A test that never killed anything would pass, too.
    assert all(kills.values()), f"not killed where it writes: {kills}"
    assert sum(kills.values()) >= 2 * len(kills), f"killed at the first call only: {kills}"


def test_a_full_disk_is_one_clear_error(stage):
    results = run_all({call: (lambda call=call: stage.fill_everywhere(call)) for call in stage.fulls}, workers=3)
    failures = {call: outcome(results, call) for call in stage.fulls}
    print(f"failed: {failures}")
    assert all(failures.values()), f"a full disk went unnoticed: {failures}"


def test_a_disk_error_is_one_clear_error(tmp_path, hub):
    """The disk itself fails: nothing is called stored that may not be."""
    hub.commit(REPOSITORY, tiny_model(1, weights=WEIGHTS))
    stage = Stage(tmp_path, hub.url, prepare_sync, ("sync",))
    for call in ("fsync", "rename"):
        box = stage.copy(f"broken-{call}")
        result = injected(box, call, "error=EIO:when=2+", "sync", expect=1)
        assert "error:" in result.err and "input/output error" in result.err
        stage.check_after(box, f"broken {call}")


def test_a_rollback_after_a_killed_update_does_not_go_forward(tmp_path, hub):
    """The history may already name the new lock when the update is killed: it was never in force, so it is nothing to go
    back to."""
    hub.commit(REPOSITORY, tiny_model(1, weights=1000))
    stage = Stage(tmp_path, hub.url, prepare_update(hub), ("update", "--yes"))
    between = 0
    for point in range(1, 20):
        box = stage.copy(f"between-{point}")
        result = injected(box, "fsync", f"signal=KILL:when={point}", "update", "--yes")
        if result.code == 0:
            break
        if box.lock_bytes != stage.old or len(box.run("log", "--json").json["entries"]) < 2:
            continue
        between += 1
        for arguments in (["rollback"], ["rollback", "--lock-only"]):
            box.run(*arguments, expect=None)
            assert box.lock_bytes == stage.old, f"killed at fsync {point}, `{' '.join(arguments)}` went to a lock that never was in force"
    assert between, "no kill fell between the history and the lock"


# -- a real small disk


class SmallDisk:
    """A file system of a few megabytes, in a mount namespace of its own: it goes away with the process that holds it."""

    def __init__(self, place, size):
        place.mkdir(parents=True, exist_ok=True)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             'mount -t tmpfs -o "size=$2" weighlock-test "$1" && echo ready && read line', "sh", str(place), size],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"

    def inside(self, *arguments):
        return ["nsenter", "--mount", f"--target={self.holder.pid}", *map(str, arguments)]

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(30)
        self.holder.stdout.close()


def can_mount():
    return os.geteuid() == 0 and shutil.which("nsenter") is not None and subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="only root can mount a small file system")
def test_a_real_full_disk(box, hub):
    size = 50 << 20
    content = noise(size, 3)
    hub.commit(REPOSITORY, {"model.safetensors": content, "config.json": "{}"})
    box.environment["HF_ENDPOINT"] = hub.url
    box.follow(REPOSITORY)
    box.run("lock", env={"WEIGHLOCK_HOME": box.root / "home-of-another"})
    disk = SmallDisk(box.store_home, "20m")

    def weighlock(*arguments, expect=0):
        result = box.command(disk.inside(BINARY, *arguments, "-C", box.project), expect)
        refuse_crash(result)
        return result

    try:
        # Not enough from the start: said before a byte is fetched.
        hub.reset()
        refused = weighlock("sync", expect=1)
        assert "52.4 MB" in refused.err and "free" in refused.err and "hint:" in refused.err
        assert hub.total == 0

        # Enough at the start, and then somebody else takes the space.
        box.command(disk.inside("mount", "-o", "remount,size=60m", box.store_home))
        hub.rate = 100e6
        filled = []

        def fill():
            filled.append(subprocess.run(
                disk.inside("sh", "-c", 'head -c 60m /dev/zero > "$1/filler"', "sh", box.store_home), capture_output=True).returncode)

        hub.when_sent(10 << 20, fill)
        failed = weighlock("sync", expect=1)
        assert filled and "no space left" in failed.err, failed
        assert len([line for line in failed.err.splitlines() if line.startswith("error:")]) == 1
        weighlock("cache", "check")
        box.command(disk.inside("rm", box.store_home / "filler"))
        hub.rate = None
        weighlock("sync")
        weighlock("verify", "--deep")
        assert hub.total < 1.15 * size, "what had arrived was not kept"
    finally:
        disk.close()
