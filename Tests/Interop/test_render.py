# SPDX-License-Identifier: Apache-2.0
"""`render` against transformers: every chat template of the packages trl and axolotl, for every built-in conversation."""

import importlib.util
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

import random_templates
from harness import BINARY, PATIENCE, Box

try:
    import jinja2  # noqa: F401: without it transformers renders nothing
    import transformers
    import transformers.utils.chat_template_utils as templating
    from tokenizers import Tokenizer, models
except ImportError:
    templating = None

needs_oracle = pytest.mark.skipif(templating is None, reason="transformers or jinja2 is not installed")

# What `render` tells a template to be the time when nobody says another.
TIME = datetime(2025, 6, 15, 12, 0, 0)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


class StoppedClock(datetime):
    @classmethod
    def now(cls, tz=None):
        return TIME


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch):
    if templating is None:
        yield
        return
    monkeypatch.setattr(templating, "datetime", StoppedClock)
    templating._compile_jinja_template.cache_clear()
    yield
    templating._compile_jinja_template.cache_clear()


def template_files():
    found = []
    for package, folder in (("trl", "chat_templates"), ("axolotl", "utils/chat_templates/templates")):
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        found += sorted(Path(spec.submodule_search_locations[0], folder).glob("*.jinja"))
    return found


FILES = template_files()


@pytest.fixture(scope="module", autouse=True)
def user(tmp_path_factory):
    """Whose environment the program runs in."""
    run.box = Box(tmp_path_factory.mktemp("user"))


def run(*arguments, code=(0, 1), stdin=None, env=None):
    """Runs the program; the output stays bytes."""
    result = subprocess.run(
        [BINARY, *map(str, arguments)], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True, env=run.box.env(env), cwd=run.box.project, timeout=PATIENCE)
    assert result.returncode in code, result.stderr.decode()
    return result


@pytest.fixture(scope="module")
def conversations(user):
    return json.loads(run("render", "--conversations", "--json", code=(0,)).stdout)["conversations"]


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0})), **TOKENS)


def oracle(tokenizer, conversation, template=None):
    """The prompt, or the class and the message of the error."""
    arguments = {"tools": conversation.get("tools"), "documents": conversation.get("documents"), **conversation["variables"]}
    try:
        text = tokenizer.apply_chat_template(conversation["messages"], chat_template=template, tokenize=False, **arguments)
        return re.sub(r" at 0x[0-9a-f]+", " at 0x0", text), None
    except Exception as error:  # noqa: BLE001: whatever Python raises is the answer
        message = getattr(error, "message", None)
        return None, (type(error).__name__, message if isinstance(message, str) else str(error))


def same_error(found, wanted):
    kind, message = wanted
    if found["kind"] != kind:
        return False
    # Python's compiler adds the line of the Python that jinja2 made of the template, and endless recursion where it ended.
    if "(<template>, line " in message or kind == "RecursionError":
        return message.startswith(found["message"])
    return found["message"] == re.sub(r" at 0x[0-9a-f]+", " at 0x0", message)


def compare(name, report, conversations, wanted):
    failures = []
    for conversation, result, (text, error) in zip(conversations, report["results"], wanted, strict=True):
        found = result.get("prompt")
        if error is not None:
            if found is not None or not same_error(result["error"], error):
                failures.append((name, conversation["name"], error, result.get("error") or found))
        elif found != text:
            failures.append((name, conversation["name"], text, found if found is not None else result["error"]))
    return failures


@needs_oracle
@pytest.mark.skipif(not FILES, reason="neither trl nor axolotl is installed")
def test_every_template_renders_as_transformers_renders_it(tokenizer, conversations, tmp_path):
    assert len(FILES) > 100 and len(conversations) >= 8
    arguments = [f"--var={key}={value}" for key, value in TOKENS.items()]

    def render(file):
        return json.loads(run("render", file, "--conversation", "all", "--json", *arguments).stdout)

    failures, compared, refused = [], 0, 0
    with ThreadPoolExecutor(2) as pool:
        for file, report in zip(FILES, pool.map(render, FILES), strict=True):
            text = file.read_text(encoding="utf-8")
            wanted = [oracle(tokenizer, conversation, text) for conversation in conversations]
            failures += compare(file.name, report, conversations, wanted)
            compared += len(wanted)
            refused += sum(error is not None for _, error in wanted)
    assert not failures, f"{len(failures)} of {compared}, the first: {failures[:3]}"
    # Both kinds of outcome were seen.
    assert compared > 800 and 0 < refused < compared / 2


@needs_oracle
@pytest.mark.skipif(not FILES, reason="neither trl nor axolotl is installed")
def test_a_file_of_messages_renders_as_transformers_renders_it(tokenizer, tmp_path):
    conversation = {
        "messages": [
            {"role": "system", "content": "Ein \"Test\" \\ mit\tallem"},
            {"role": "user", "content": "a < b & c\n\n<|im_end|>", "name": None},
            {"role": "assistant", "content": None, "reasoning": "r", "tool_calls": [
                {"type": "function", "id": "abcdefghi", "function": {"name": "f", "arguments": {"x": [1, 2.5, None, True], "y": {"é": "ü"}}}}]},
            {"role": "tool", "tool_call_id": "abcdefghi", "name": "f", "content": "3"},
            {"role": "assistant", "thinking": "t", "content": "4"},
            {"role": "user", "content": "danke"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {
            "type": "object", "properties": {"x": {"type": "array", "items": {"type": "number"}}}}}}],
        "variables": {"add_generation_prompt": True, "enable_thinking": False, "date_string": "1 Jan 2025"},
    }
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(conversation))
    arguments = [f"--var={key}={value}" for key, value in TOKENS.items()]
    failures = []
    for file in FILES:
        report = json.loads(run("render", file, "--conversation", path, "--json", *arguments).stdout)
        wanted = [oracle(tokenizer, conversation, file.read_text(encoding="utf-8"))]
        failures += compare(file.name, report, [{"name": "file"}], wanted)
    assert not failures, failures[:3]


# The first random template: others for another number.
SEED = 20_000


@needs_oracle
@pytest.mark.filterwarnings("ignore")
def test_random_templates_render_as_jinja2_renders_them(tokenizer, tmp_path):
    (tmp_path / "chat.json").write_text(json.dumps(random_templates.CONVERSATION))
    arguments = [f"--var={key}={value}" for key, value in TOKENS.items()]

    def render(seed):
        path = template(tmp_path, random_templates.template(seed), f"{seed}.jinja")
        return json.loads(run("render", path, "--conversation", tmp_path / "chat.json", "--json", *arguments).stdout)

    failures, refused, beyond = [], 0, 0
    seeds = range(SEED, SEED + 250)
    with ThreadPoolExecutor(2) as pool:
        for seed, report in zip(seeds, pool.map(render, seeds), strict=True):
            text = (tmp_path / f"{seed}.jinja").read_text(encoding="utf-8")
            if report["results"][0].get("error", {}).get("kind") in ("budget", "unsupported"):
                beyond += 1
                continue
            # What a template does to what it is given stays its own.
            wanted = oracle(tokenizer, json.loads(json.dumps(random_templates.CONVERSATION)), text)
            refused += wanted[1] is not None
            failures += compare(f"seed {seed}: {text}", report, [{"name": "random"}], [wanted])
    assert not failures, f"{len(failures)} of {len(seeds)}, the first: {failures[0]}"
    # Most are no errors, and nearly all are within reach.
    assert 0 < refused < len(seeds) * 0.6 and beyond < len(seeds) * 0.03


@needs_oracle
def test_a_directory_renders_as_its_own_tokenizer_renders_it(tokenizer, conversations, tmp_path):
    """The template and the tokens come out of the files that `save_pretrained` writes, in the old way and in the new."""
    template = (
        "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content if m.content is string else m.content | tojson }}{{ eos_token }}\n{% endfor %}"
        "{% if tools %}{{ tools | tojson(indent=2) }}{% endif %}{% if add_generation_prompt %}<assistant>{{ sep_token }}{% endif %}"
    )
    for way in (True, False):
        folder = tmp_path / f"jinja-{way}"
        made = transformers.PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(models.WordLevel({"a": 0})), chat_template=template,
            bos_token="<|begin|>", eos_token="<|fin|>", custom_token="<|mine|>")
        made.save_pretrained(folder, save_jinja_files=way)
        assert (folder / "chat_template.jinja").exists() == way
        again = transformers.AutoTokenizer.from_pretrained(folder)
        for conversation in conversations:
            text, error = oracle(again, conversation)
            name = conversation["name"]
            result = run("render", folder, "--conversation", name)
            if error is not None:
                assert result.returncode == 1 and error[0].encode() in result.stderr, (name, error, result.stderr)
            else:
                assert result.stdout == text.encode(), name


@needs_oracle
def test_templates_with_names_are_chosen_as_transformers_chooses(tokenizer, conversations, tmp_path):
    texts = {"default": "D{{ messages | length }}", "tool_use": "T{{ tools | length }}", "rag": "R"}
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0})), chat_template=texts, **TOKENS)
    for way in (True, False):
        folder = tmp_path / f"jinja-{way}"
        made.save_pretrained(folder, save_jinja_files=way)
        again = transformers.AutoTokenizer.from_pretrained(folder)
        for conversation in conversations:
            text, error = oracle(again, conversation)
            assert error is None
            assert run("render", folder, "--conversation", conversation["name"]).stdout == text.encode()
        assert run("render", folder, "--template", "rag").stdout == b"R"


CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


def template(folder, text, name="chat_template.jinja"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_prompt_is_all_that_is_printed(tmp_path):
    path = template(tmp_path, CHATML)
    result = run("render", path, "--conversation", "-", "--no-generation-prompt", stdin=b'[{"role": "user", "content": "a\\r\\n\\u001b[1m"}]', code=(0,))
    assert result.stdout == b"<|im_start|>user\na\r\n\x1b[1m<|im_end|>\n" and result.stderr == b""
    assert run("render", path, code=(0,)).stdout.endswith(b"<|im_start|>assistant\n")


def test_an_error_shows_the_line_and_the_place(tmp_path):
    path = template(tmp_path, "first\n{{ messages[0].content }}é{{ nothing.here }}\n")
    result = run("render", path, code=(1,))
    assert result.stdout == b""
    lines = result.stderr.decode().splitlines()
    assert "line 2: UndefinedError: 'nothing' is undefined" in lines[0]
    shown, caret = lines[1], lines[2]
    assert shown[caret.index("^"):].startswith(("nothing.here", ".here"))
    report = json.loads(run("render", path, "--json", code=(1,)).stdout)["results"][0]
    assert report["error"]["kind"] == "UndefinedError" and report["error"]["line"] == 2


@pytest.mark.parametrize("arguments, code, words", [
    (["--conversation", "usr"], 2, "did you mean `user`"),
    (["--var", "x"], 2, "name=value"),
    (["--var", "messages=1"], 2, "cannot be a variable"),
    (["--at", "now"], 2, "--at takes a time"),
    (["--conversation", "user", "--conversation", "tools"], 2, "--json"),
    (["--template", "rag"], 1, "it has `default`"),
])
def test_what_is_wrong_is_said(tmp_path, arguments, code, words):
    result = run("render", template(tmp_path, CHATML), *arguments, code=(code,))
    assert words in result.stderr.decode()


def test_the_time_is_the_one_given(tmp_path):
    path = template(tmp_path, "{{ strftime_now('%Y-%m-%d %H:%M') }}")
    result = run("render", path, code=(0,))
    assert result.stdout == b"2025-06-15 12:00" and b"--at" in result.stderr
    assert run("render", path, "--at", "2031-02-03T04:05:06Z", code=(0,)).stdout == b"2031-02-03 04:05"


def test_each_engine_takes_its_own_copy(tmp_path):
    template(tmp_path, "file")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "config", "bos_token": "<s>"}))
    assert run("render", tmp_path, code=(0,)).stdout == b"file"
    assert run("render", tmp_path, "--engine", "tgi", code=(0,)).stdout == b"config"
    assert b"llama.cpp finds no chat template" in run("render", tmp_path, "--engine", "llama.cpp", code=(1,)).stderr
    listing = json.loads(run("render", tmp_path, "--list", "--json", code=(0,)).stdout)
    assert [(t["file"], t["engines"]) for t in listing["templates"]] == [
        ("chat_template.jinja", ["transformers", "vllm", "sglang"]), ("tokenizer_config.json", ["tgi"])]
    assert listing["tokens"] == {"bos_token": "<s>"} and len(listing["disagreements"]) == 1


def test_the_linter_shows_a_conversation_that_shows_it_again(tmp_path):
    good = template(tmp_path, CHATML)
    assert run("lint", "--templates", good, code=(0,)).stdout == b""
    bad = template(tmp_path, CHATML.replace("{{ m.content }}", "{{ m }}"), "bad.jinja")
    assert run("lint", "--templates", bad, "--fail-on", "never", code=(0,)).stdout
    report = json.loads(run("lint", "--templates", bad, "--json", code=(5,)).stdout)
    (finding,) = [f for f in report["targets"][0]["templates"][0]["findings"] if f["rule"] == "python-text"]
    assert [m["role"] for m in finding["conversation"]["messages"]] == ["user"]
    (tmp_path / "shown.json").write_text(json.dumps(finding["conversation"]))
    assert b"{'role': 'user'" in run("render", bad, "--conversation", tmp_path / "shown.json", code=(0,)).stdout
    assert run("lint", "--templates", tmp_path / "shown.json", code=(1,)).stderr


def test_of_a_repository_only_small_files_are_fetched(tmp_path, mirror):
    model = tmp_path / "model"
    model.mkdir()
    template(model, CHATML + "{{ eos_token }}")
    (model / "tokenizer_config.json").write_text('{"eos_token": "</s>"}')
    (model / "model.safetensors").write_bytes(bytes(8 << 20))
    mirror.commit(model, "org/chat")
    mirror.start()
    remote = run("render", "org/chat", env={"HF_ENDPOINT": mirror.url}, code=(0,)).stdout
    assert remote == run("render", model, code=(0,)).stdout and remote.endswith(b"</s>")
    named = run("render", "org/chat:chat_template.jinja", env={"HF_ENDPOINT": mirror.url}, code=(0,)).stdout
    mirror.stop()
    assert named == remote
    assert sum(size for _, _, _, size in mirror.requests()) < 64 << 10
