# SPDX-License-Identifier: Apache-2.0
"""The program's memory does not grow with the files. The case of 2 GB is in Benchmarks."""

import threading
from pathlib import Path

from harness import BINARY, settled

SIZE = 600 << 20
LIMIT = 100 << 20


class Peak(threading.Thread):
    """Follows the high-water mark of a process until it ends."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process = process
        self.bytes = 0
        self.start()

    def run(self):
        status = Path(f"/proc/{self.process.pid}/status")
        ended = threading.Event()
        while not ended.wait(0.02):
            try:
                lines = status.read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                return
            marks = [line for line in lines if line.startswith("VmHWM:")]
            if not marks:
                return  # a zombie has no memory
            self.bytes = max(self.bytes, int(marks[0].split()[1]) << 10)


def measured(box, *arguments):
    process = box.start(*arguments)
    peak = Peak(process)
    settled([BINARY, *arguments], process, 0)
    peak.join(5)
    assert peak.bytes > 1 << 20, "nothing was measured"
    return peak.bytes


def test_a_sync_and_its_server_stay_under_100_mb(box, mirror, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    with open(folder / "model.safetensors", "wb") as file:
        file.truncate(SIZE)
    (folder / "config.json").write_text("{}")
    mirror.commit(folder, "example/large")
    mirror.start()
    serving = Peak(mirror.process)
    box.environment["HF_ENDPOINT"] = mirror.url
    box.follow("example/large")
    box.run("lock")
    assert measured(box, "sync") < LIMIT
    assert measured(box, "verify", "--deep") < LIMIT
    assert serving.bytes < LIMIT
    assert mirror.stop() is not None
