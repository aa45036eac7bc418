# SPDX-License-Identifier: Apache-2.0
"""`weighlock diff`: its JSON against the published schema, and its page in a real browser, with a hostile model in it."""

import html
import json
import os
import re
import shutil
import struct
import subprocess

import jsonschema
import pytest

from harness import HERE, ROOT

SCHEMA = json.loads((ROOT / "docs/schemas/weighlock-diff-1.json").read_text())
SNAPSHOTS = HERE.parent / "CommandTests/Snapshots"
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = 390

browser = pytest.mark.skipif(BROWSER is None, reason="no chromium here; apt-get install chromium")


def safetensors(path, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def model(folder, *, template, temperature, scale, name="layers.{}.attention.weight", vocabulary=("a", "b")):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"],
                                                    "vocab_size": 2, "eos_token_id": 1}))
    (folder / "generation_config.json").write_text(json.dumps({"temperature": temperature, "eos_token_id": 1}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": "</s>"}))
    (folder / "tokenizer.json").write_text(json.dumps(
        {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None,
         "decoder": None, "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(vocabulary)}, "merges": []}}))
    (folder / "chat_template.jinja").write_text(template)
    (folder / "README.md").write_text(f"---\nlicense: mit\n---\n# {HOSTILE if scale != 1 else 'Model'}\n")
    safetensors(folder / "model.safetensors",
                {name.format(n): [0.5 + n, 1.5 + n * scale, -2.0, 3.25 * scale] for n in range(24)})
    return folder


@pytest.fixture
def sides(tmp_path):
    """Two models that differ in all that a report draws; what is text in the second tries to be markup."""
    turn = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    tail = "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    before = model(tmp_path / "before", template=turn + tail, temperature=1.0, scale=1)
    after = model(tmp_path / "after", template=HOSTILE + turn + tail.replace("\n", "<think>\n"), temperature=0.6, scale=1.01,
                  vocabulary=("a", HOSTILE))
    return before, after


def diff(box, sides, *arguments, expect=4):
    return box.run("diff", *sides, *arguments, expect=expect)


# ---------------------------------------------------------------------------------------------------------------
# JSON


@pytest.mark.parametrize("name", ["diff-json", "diff-json-hostile"])
def test_reports_with_everything_in_them_fit_the_schema(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads((SNAPSHOTS / f"{name}.txt").read_text()), SCHEMA)


def test_the_schema_refuses_what_is_no_report():
    good = json.loads((SNAPSHOTS / "diff-json.txt").read_text())
    for damage in (lambda r: r.pop("verdict"), lambda r: r.update(verdict="equal"), lambda r: r.update(hidden=0),
                   lambda r: r["changes"][0].pop("class"), lambda r: r["changes"][0]["evidence"].update(kind="picture"),
                   lambda r: r["counts"].update(breaking=-1), lambda r: r["defaults"].append({"name": "dtype"})):
        bad = json.loads(json.dumps(good))
        damage(bad["reports"][0])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, SCHEMA)


def test_every_member_is_described():
    text = (ROOT / "docs/formats/diff-json.md").read_text()

    def names(schema):
        if isinstance(schema, list):
            return set().union(*map(names, schema), set())
        if not isinstance(schema, dict):
            return set()
        found = set(schema.get("properties", {}))
        return found.union(*map(names, schema.values()))

    for name in names(SCHEMA):
        assert re.search(rf"`[^`]*\.?{name}`", text), name


def test_a_real_comparison_fits_the_schema(box, sides):
    report = diff(box, sides, "--json").json
    jsonschema.validate(report, SCHEMA)
    (only,) = report["reports"]
    assert only["verdict"] == "changed"
    assert {"weights", "prompt", "sampling"} <= set(only["classes"])
    kinds = {change["evidence"]["kind"] for change in only["changes"] if "evidence" in change}
    assert {"tensors", "prompts"} <= kinds


def test_a_filter_lists_less_and_judges_the_same(box, sides):
    whole = diff(box, sides, "--json").json["reports"][0]
    some = diff(box, sides, "--json", "--class", "sampling").json["reports"][0]
    assert (some["verdict"], some["counts"]) == (whole["verdict"], whole["counts"])
    assert {change["class"] for change in some["changes"]} == {"sampling"}
    assert len(some["changes"]) + some["hidden"] == len(whole["changes"])


def test_the_exit_code_says_whether_there_is_a_difference(box, sides):
    before, _ = sides
    assert "no difference" in " ".join(diff(box, (before, before), expect=0).out.split())
    diff(box, sides, "--no-exit-code", expect=0)


def test_a_target_is_never_overwritten_by_a_report(box, sides):
    lock = box.project / "old.lock"
    lock.write_text("{}")
    for option in ("--html", "--markdown"):
        box.run("diff", option, lock, "other.lock", expect=2)
    assert lock.read_text() == "{}"


# ---------------------------------------------------------------------------------------------------------------
# The page


def chromium(*arguments, profile):
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
         "--host-resolver-rules=MAP * ~NOTFOUND", *map(str, arguments)],
        capture_output=True, timeout=120, env={**os.environ, "HOME": str(profile)})
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode()


@pytest.fixture
def page(box, sides, tmp_path):
    place = tmp_path / "report.html"
    diff(box, sides, "--html", place)
    return place


@browser
def test_a_browser_finds_no_markup_of_the_model(page, tmp_path):
    dom = chromium("--dump-dom", page.as_uri(), profile=tmp_path / "profile")
    assert "owned" in dom, "the hostile text is shown"
    assert not re.search(r"<(script|img|iframe|object|link|form|base)\b", dom)
    assert not re.search(r"<[a-z][^>]*\son[a-z]+=", dom)
    assert "<title>owned" not in dom
    assert '<rect class="d' in dom and "<ins>" in dom


# Counts, in a frame as wide as a telephone, what reaches out of it, and says so in the frame's parent.
PROBE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe style="border:0" width="%d" height="2000" srcdoc="%s">
</iframe><script>onload = () => {
  const inner = document.querySelector("iframe").contentDocument, root = inner.documentElement;
  inner.querySelectorAll("details").forEach(fold => fold.open = true);
  const wide = [...inner.querySelectorAll("body *")].filter(item =>
    item.getBoundingClientRect().right > %d + 0.5 && !item.closest(".scroll") && getComputedStyle(item).display != "none");
  const said = { scroll: root.scrollWidth, client: root.clientWidth, height: root.scrollHeight, wide: wide.map(item =>
    item.tagName + "." + item.className), script: inner.title };
  document.body.innerHTML = "<pre id=said></pre>";
  document.getElementById("said").textContent = JSON.stringify(said);
}</script>"""


@browser
@pytest.mark.parametrize("width", [320, PHONE, 768, 1280])
def test_the_page_never_scrolls_sideways(page, tmp_path, width):
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE % (width, html.escape(page.read_text()), width))
    dom = chromium("--dump-dom", "--window-size=1400,1000", probe.as_uri(), profile=tmp_path / "profile")
    said = json.loads(html.unescape(re.search(r'<pre id="said">(.*?)</pre>', dom, re.S).group(1)))
    assert said["height"] > 500
    assert said["scroll"] <= said["client"] and said["wide"] == []


def png(path):
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24]), len(data)


@browser
def test_light_dark_and_paper(page, tmp_path):
    pictures = {}
    for name, scheme in (("light", 1), ("dark", 0)):
        place = tmp_path / f"{name}.png"
        chromium(f"--screenshot={place}", "--window-size=1280,1600", f"--blink-settings=preferredColorScheme={scheme}",
                 page.as_uri(), profile=tmp_path / name)
        size, length = png(place)
        assert size == (1280, 1600) and length > 20_000
        pictures[name] = place.read_bytes()
    assert pictures["light"] != pictures["dark"]
    paper = tmp_path / "report.pdf"
    chromium(f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri(), profile=tmp_path / "paper")
    assert paper.read_bytes().startswith(b"%PDF-") and paper.stat().st_size > 20_000
