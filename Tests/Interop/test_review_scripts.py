# SPDX-License-Identifier: Apache-2.0
"""The scripts in contrib/: the action that comments a review on a pull request, and the hook before a commit."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from harness import BINARY, ROOT

ACTION = ROOT / "contrib" / "github-action" / "review.sh"
HOOK = ROOT / "contrib" / "pre-commit" / "weighlock-check"
EMPTY = (
    '{\n  "version": 1,\n  "identity": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",\n'
    '  "deliverables": []\n}\n'
)
MARK = "<!-- weighlock-review: weighlock.lock -->"

# Stands in for the program: writes a report and ends with what the test asked for.
PROGRAM = """#!/bin/sh
printf '%s\\n' "$*" >> "$FAKE_CALLS"
while [ $# -gt 0 ]; do
    if [ "$1" = --markdown ]; then printf '%s\\n' "$FAKE_REPORT" > "$2"; shift; fi
    shift
done
exit "${FAKE_STATUS:-4}"
"""

# Stands in for GitHub's client: lists the comments that the test wrote, and notes what is sent.
GH = """#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
assert arguments[0] == "api"
if "--jq" in arguments:
    if os.environ.get("FAKE_GH_FAILS"):
        sys.exit(1)
    for comment in json.loads(os.environ["FAKE_COMMENTS"]):
        if comment["bot"]:
            print(comment["id"], comment["body"].split("\\n")[0], sep="\\t")
    sys.exit(0)
body = next(a for a in arguments if a.startswith("body=@"))
with open(os.environ["FAKE_SENT"], "a") as log:
    log.write(json.dumps({"method": arguments[arguments.index("--method") + 1],
                          "path": next(a for a in arguments if a.startswith("repos/")),
                          "body": open(body[6:]).read()}) + "\\n")
"""


def executable(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class Repository:
    """A git repository with a base and a head, and fakes on the path."""

    def __init__(self, place):
        self.place = place / "repo"
        self.place.mkdir()
        self.bin = place / "bin"
        self.bin.mkdir()
        executable(self.bin / "fake-weighlock", PROGRAM)
        executable(self.bin / "gh", GH)
        self.calls, self.sent = place / "calls", place / "sent"
        self.output, self.summary = place / "output", place / "summary"
        self.env = {
            "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(place), "TMPDIR": str(place), "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
            "FAKE_CALLS": str(self.calls), "FAKE_SENT": str(self.sent), "FAKE_COMMENTS": "[]",
            "FAKE_REPORT": "**behaviour changed**", "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary), "GH_TOKEN": "x", "REVIEW_WEIGHLOCK": "fake-weighlock",
            "REVIEW_NUMBER": "7", "REVIEW_REPOSITORY": "org/project",
        }
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        return subprocess.run(
            ["git", *arguments], cwd=self.place, env=self.env, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, **files):
        for name, text in files.items():
            path = self.place / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self.git("add", str(path))
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")

    def run(self, script, *arguments, **env):
        return subprocess.run(
            ["bash", str(script), *arguments], cwd=self.place, env=self.env | env, capture_output=True, text=True, timeout=120)

    @property
    def messages(self):
        return [json.loads(line) for line in self.sent.read_text().splitlines()] if self.sent.exists() else []


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


# The action

def test_a_changed_lock_gets_one_comment(repository):
    base = repository.commit(weighlock_lock="old\n")
    repository.commit(weighlock_lock="new\n")
    done = repository.run(ACTION, REVIEW_BASE=base)
    assert done.returncode == 0, done.stderr
    [message] = repository.messages
    assert message["method"] == "POST" and message["path"] == "repos/org/project/issues/7/comments"
    assert message["body"].startswith(MARK + "\n") and "**behaviour changed**" in message["body"]
    assert "changed=true" in repository.output.read_text()
    assert "**behaviour changed**" in repository.summary.read_text()
    call = repository.calls.read_text().split()
    assert call[:2] == ["diff", "--exit-code"] and call[-2].endswith("/before/weighlock.lock")
    assert Path(call[-2]).read_text() == "old\n" and Path(call[-1]).read_text() == "new\n"


def test_the_comment_is_replaced_and_only_a_bots(repository):
    base = repository.commit(weighlock_lock="old\n")
    repository.commit(weighlock_lock="new\n")
    comments = [
        {"id": 1, "bot": False, "body": MARK + "\nby a person"},
        {"id": 2, "bot": True, "body": "something with " + MARK},
        {"id": 3, "bot": True, "body": "<!-- weighlock-review: other.lock -->\nx"},
        {"id": 4, "bot": True, "body": MARK + "\nold"},
        {"id": 5, "bot": True, "body": MARK + "\nolder"},
    ]
    done = repository.run(ACTION, REVIEW_BASE=base, FAKE_COMMENTS=json.dumps(comments))
    assert done.returncode == 0, done.stderr
    [message] = repository.messages
    assert (message["method"], message["path"]) == ("PATCH", "repos/org/project/issues/comments/4")


def test_without_a_change_no_comment_is_made_and_an_old_one_says_so(repository):
    base = repository.commit(weighlock_lock="same\n")
    repository.commit(README_md="x")
    assert repository.run(ACTION, REVIEW_BASE=base).returncode == 0
    assert not repository.messages and not repository.calls.exists()
    assert "changed=false" in repository.output.read_text()
    old = json.dumps([{"id": 4, "bot": True, "body": MARK + "\nold"}])
    assert repository.run(ACTION, REVIEW_BASE=base, FAKE_COMMENTS=old).returncode == 0
    [message] = repository.messages
    assert message["method"] == "PATCH" and "No deliverable differs." in message["body"]


def test_a_lock_that_comes_or_goes_is_compared_with_an_empty_one(repository):
    base = repository.commit(README_md="x")
    head = repository.commit(weighlock_lock="new\n")
    assert repository.run(ACTION, REVIEW_BASE=base).returncode == 0
    assert Path(repository.calls.read_text().split()[-2]).read_text() == EMPTY
    repository.git("rm", "-q", "weighlock.lock")
    repository.git("commit", "-q", "-m", "gone")
    assert repository.run(ACTION, REVIEW_BASE=head).returncode == 0
    assert Path(repository.calls.read_text().split()[-1]).read_text() == EMPTY


def test_the_empty_lock_is_one(tmp_path):
    (tmp_path / "weighlock.lock").write_text(EMPTY)
    (tmp_path / "weighlock.yaml").write_text("version: 1\ndeliverables: {}\n")
    done = subprocess.run(
        [BINARY, "lock", "--check", "--offline"], cwd=tmp_path, capture_output=True, text=True,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr


def test_a_failing_program_fails_the_step_and_says_nothing(repository):
    base = repository.commit(weighlock_lock="old\n")
    repository.commit(weighlock_lock="new\n")
    done = repository.run(ACTION, REVIEW_BASE=base, FAKE_STATUS="1")
    assert done.returncode == 1 and "weighlock diff ended with 1" in done.stderr
    assert not repository.messages


def test_a_token_that_may_only_read_leaves_the_summary(repository):
    base = repository.commit(weighlock_lock="old\n")
    repository.commit(weighlock_lock="new\n")
    done = repository.run(ACTION, REVIEW_BASE=base, FAKE_GH_FAILS="1")
    assert done.returncode == 0 and "::warning::" in done.stdout
    assert "**behaviour changed**" in repository.summary.read_text()
    assert repository.run(ACTION, REVIEW_BASE=base, REVIEW_FAIL="true").returncode == 1


@pytest.mark.parametrize("lock", ["/etc/passwd", "../x", "a-->b", "a\nb", ""])
def test_an_input_that_is_no_path_is_refused(repository, lock):
    base = repository.commit(weighlock_lock="old\n")
    # An empty input means the default.
    assert (repository.run(ACTION, REVIEW_BASE=base, REVIEW_LOCK=lock).returncode == 0) == (lock == "")
    assert not repository.messages


def test_names_are_no_commands(repository):
    name = "$(touch pwned)`touch pwned`;touch pwned"
    (repository.place / name).mkdir()
    base = repository.commit(README_md="x")
    (repository.place / name / "weighlock.lock").write_text("new\n")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "x")
    done = repository.run(ACTION, REVIEW_BASE=base, REVIEW_LOCK=f"{name}/weighlock.lock", FAKE_REPORT="$(touch pwned)")
    assert done.returncode == 0, done.stderr
    assert not any("pwned" == path.name for path in repository.place.rglob("*"))
    assert "$(touch pwned)" in repository.messages[0]["body"]


def test_without_a_pull_request_it_says_what_to_do(repository):
    repository.commit(weighlock_lock="old\n")
    done = repository.run(ACTION, REVIEW_BASE="")
    assert done.returncode == 1 and "pull_request" in done.stderr


def test_a_shallow_checkout_fetches_the_base(repository, tmp_path):
    base = repository.commit(weighlock_lock="old\n")
    repository.commit(weighlock_lock="new\n")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", f"file://{repository.place}", str(clone)], env=repository.env, check=True)
    repository.place = clone
    assert repository.run(ACTION, REVIEW_BASE=base).returncode == 0
    assert Path(repository.calls.read_text().split()[-2]).read_text() == "old\n"


def test_the_action_is_what_the_runner_reads():
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((ACTION.parent / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash" and "${{" not in step["run"], "what others wrote must not become part of a script"
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (ROOT / hooks[0]["entry"]).samefile(HOOK) and os.access(HOOK, os.X_OK)


# The hook

MANIFEST = "version: 1\ndeliverables: {}\n"


def test_a_lock_that_fits_passes_and_one_that_does_not_is_refused(repository):
    env = {"WEIGHLOCK": BINARY}
    repository.commit(weighlock_yaml=MANIFEST, weighlock_lock=EMPTY)
    (repository.place / "weighlock.yaml").write_text(MANIFEST + "# a word\n")
    repository.git("add", "-A")
    done = repository.run(HOOK, **env)
    assert done.returncode == 0, done.stderr
    (repository.place / "weighlock.yaml").write_text("version: 1\ndeliverables: {a: {model: {repo: org/a}}}\n")
    repository.git("add", "-A")
    done = repository.run(HOOK, **env)
    assert done.returncode == 1 and "weighlock lock" in done.stderr


def test_what_is_not_staged_cannot_be_judged(repository):
    repository.commit(weighlock_yaml=MANIFEST, weighlock_lock=EMPTY)
    (repository.place / "weighlock.yaml").write_text(MANIFEST + "# one\n")
    repository.git("add", "-A")
    (repository.place / "weighlock.yaml").write_text(MANIFEST + "# two\n")
    done = repository.run(HOOK, WEIGHLOCK=BINARY)
    assert done.returncode == 1 and "not staged" in done.stderr


def test_projects_below_the_top_are_each_looked_at_once(repository):
    repository.commit(a__weighlock_lock="x\n", b__weighlock_lock="x\n")
    (repository.place / "a/weighlock.yaml").write_text("x")
    (repository.place / "a/weighlock.lock").write_text("y\n")
    (repository.place / "b/weighlock.yaml").write_text("x")
    repository.git("add", "-A")
    done = repository.run(
        HOOK, "a/weighlock.lock", "a/weighlock.yaml", "b/weighlock.yaml", WEIGHLOCK="fake-weighlock", FAKE_STATUS="0")
    assert done.returncode == 0, done.stderr
    calls = [line.split() for line in repository.calls.read_text().splitlines()]
    assert [call[0] for call in calls] == ["lock", "diff", "lock"]
    assert calls[0][1:] == ["--check", "--offline", "--project", "./a"]
    assert calls[1][1:3] == ["--stat", "--offline"] and calls[1][4] == "./a/weighlock.lock"


def test_a_commit_that_touches_no_project_is_let_through(repository):
    repository.commit(README_md="x")
    (repository.place / "README.md").write_text("y")
    repository.git("add", "-A")
    assert repository.run(HOOK, WEIGHLOCK="/nowhere").returncode == 0
