# SPDX-License-Identifier: Apache-2.0
"""A killed sync goes on where it was, an interrupted one leaves nothing half-done, and two at once help each other."""

import os
import random
import signal

from harness import BINARY, file_sha256, noise, sha256, settled, snapshot

REPOSITORY = "example/large"
SIZE = 90_000_000
SEED = 20_260_131


def publish(hub, tmp_path, size=SIZE):
    """A repository with one large file on disk and a small one; returns the large file's digest."""
    place = tmp_path / "model.safetensors"
    with open(place, "wb") as file:
        for number in range(0, size, 1 << 20):
            file.write(noise(min(1 << 20, size - number), number))
    hub.commit(REPOSITORY, {"model.safetensors": place, "config.json": '{"model_type": "bert"}'})
    return file_sha256(place)


def locked(box, hub):
    box.environment["HF_ENDPOINT"] = hub.url
    box.follow(REPOSITORY)
    box.run("lock")
    hub.reset()


def test_ten_kills_cost_less_than_a_seventh(box, hub, tmp_path):
    digest = publish(hub, tmp_path)
    locked(box, hub)
    hub.rate = 60e6
    random_points = random.Random(SEED)
    points = sorted(random_points.uniform(0.02, 0.97) for _ in range(10))
    print(f"seed {SEED}: killed after {[round(point * SIZE) for point in points]} bytes")
    for point in points:
        # The server pulls the trigger: how far a download has come does not depend on how fast the machine is.
        process = None
        armed = []

        def kill():
            armed.append(hub.total)
            os.kill(process.pid, signal.SIGKILL)

        process = box.start("sync")
        hub.when_sent(point * SIZE, kill)
        result = settled([BINARY, "sync"], process, -signal.SIGKILL)
        assert armed, result
        assert not box.blob_path(digest).exists()
        assert not box.view().exists(), "a view was laid out before its files were there"
    box.check_clean()
    hub.rate = None
    box.run("sync")
    assert file_sha256(box.blob_path(digest)) == digest
    box.run("verify", "--deep")
    assert hub.total >= SIZE
    assert hub.total < 1.15 * SIZE, f"{hub.total} bytes were sent for a file of {SIZE}"
    assert list((box.store_home / "store/partial").iterdir()) == [], "something unfinished stayed behind"


def test_an_interrupted_sync_ends_with_130_and_can_go_on(box, hub, tmp_path):
    digest = publish(hub, tmp_path, 40_000_000)
    locked(box, hub)
    hub.rate = 60e6
    before = snapshot(box.project)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = box.start("sync")
        hub.when_sent(hub.total + 10_000_000, lambda: os.kill(process.pid, number))
        result = settled([BINARY, "sync"], process, code)
        assert "interrupted" in result.err
        assert not box.blob_path(digest).exists() and not box.view().exists()
        assert snapshot(box.project) == before
        box.check_clean()
    box.run("sync")
    box.run("verify", "--deep")
    assert hub.total < 1.15 * 40_000_000


def test_two_syncs_at_once_both_succeed_and_fetch_once(make_box, hub, tmp_path):
    digest = publish(hub, tmp_path, 40_000_000)
    one, other = make_box("one"), make_box("other")
    other.environment["WEIGHLOCK_HOME"] = one.environment["WEIGHLOCK_HOME"]
    for box in (one, other):
        locked(box, hub)
    hub.rate = 60e6
    processes = [box.start("sync") for box in (one, other)]
    for process in processes:
        settled([BINARY, "sync"], process, 0)
    assert file_sha256(one.blob_path(digest)) == digest
    for box in (one, other):
        box.run("verify", "--deep")
    assert hub.total <= 1.02 * 40_000_000, f"{hub.total} bytes were sent"


def test_a_store_damaged_between_two_syncs_is_healed_by_the_second(box, hub, tmp_path):
    digest = publish(hub, tmp_path, 20_000_000)
    locked(box, hub)
    box.run("sync")
    blob = box.blob_path(digest)
    blob.chmod(0o644)
    with open(blob, "r+b") as file:
        file.seek(10_000_000)
        file.write(b"rot")
    blob.chmod(0o444)
    damaged = box.run("verify", expect=3)
    assert "model.safetensors" in damaged.out + damaged.err
    hub.reset()
    box.run("cache", "heal")
    assert set(hub.sent) == {"model.safetensors"} and hub.total == 1 << 20  # only the chunk that is damaged
    box.run("verify", "--deep")
    assert sha256(blob.read_bytes()) == digest


def test_a_part_that_does_not_keep_its_promise_is_fetched_again(box, hub, tmp_path):
    """After a power cut the counts may be ahead of the data: the digest decides, and the second fetch is whole."""
    digest = publish(hub, tmp_path, 40_000_000)
    locked(box, hub)
    hub.rate = 60e6
    process = box.start("sync")
    hub.when_sent(20_000_000, lambda: os.kill(process.pid, signal.SIGKILL))
    settled([BINARY, "sync"], process, -signal.SIGKILL)
    (part,) = (box.store_home / "store/partial").glob("*.part")
    with open(part, "r+b") as file:
        file.write(b"\0" * 4096)
    hub.rate = None
    result = box.run("sync")
    assert "damaged" in result.err
    assert file_sha256(box.blob_path(digest)) == digest
