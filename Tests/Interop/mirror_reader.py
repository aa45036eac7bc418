# SPDX-License-Identifier: Apache-2.0
"""What a client sees of the mirror, as one JSON object. Run by the tests with each client's own interpreter; knows only
huggingface_hub. Usage: mirror_reader.py PLAN, where PLAN is JSON."""

import hashlib
import json
import os
import sys
from pathlib import Path

import huggingface_hub
from huggingface_hub import HfApi, hf_hub_download, snapshot_download

PLAN = json.loads(sys.argv[1])
TINY = PLAN["tiny"]
TOKEN = PLAN["token"]
api = HfApi()
report = {"version": huggingface_hub.__version__, "xet": None}


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def told(function):
    """What a function returns; of an error its class and the message's first line."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - the report is the point
        return {"error": [kind.__name__ for kind in type(error).__mro__], "message": str(error)}


def download(name, path, **options):
    place = hf_hub_download(name, path, **options)
    return {"commit": Path(place).parts[Path(place).parts.index("snapshots") + 1], "sha256": digest(place)}


def whole(name, **options):
    root = Path(snapshot_download(name, **options))
    return {"commit": root.name, "files": {str(p.relative_to(root)): digest(p) for p in sorted(root.rglob("*")) if p.is_file()}}


def entries(items):
    return {
        item.path: {"size": getattr(item, "size", None), "oid": getattr(item, "blob_id", None) or getattr(item, "tree_id", None),
                    "lfs": getattr(item, "lfs", None) and item.lfs.sha256}
        for item in items}


try:
    import hf_xet  # noqa: F401
    report["xet"] = os.environ.get("HF_HUB_DISABLE_XET") is None
except ImportError:
    pass

report["downloads"] = {r: told(lambda: download(TINY, PLAN["file"], revision=r)) for r in PLAN["revisions"]}
report["default"] = told(lambda: download(TINY, PLAN["file"]))
report["unicode"] = told(lambda: download(TINY, PLAN["unicode"]))
report["empty"] = told(lambda: download(TINY, "empty.txt"))
report["snapshot"] = told(lambda: whole(TINY))
report["again"] = told(lambda: whole(TINY))
report["one segment"] = told(lambda: whole("gpt2"))
report["dataset"] = told(lambda: whole("example/data", repo_type="dataset"))
report["filtered"] = told(lambda: whole(TINY, revision="v1", allow_patterns=["*.json"]))

report["list"] = told(lambda: api.list_repo_files(TINY))
report["many"] = told(lambda: sorted(api.list_repo_files("example/many")))
report["many by tree"] = told(lambda: sorted(item.path for item in api.list_repo_tree("example/many", recursive=True)))
report["tree"] = told(lambda: entries(api.list_repo_tree(TINY, recursive=True)))
report["top"] = told(lambda: entries(api.list_repo_tree(TINY)))
report["below"] = told(lambda: entries(api.list_repo_tree(TINY, path_in_repo="nested/deep")))
report["expanded"] = told(lambda: {i.path: i.last_commit.oid for i in api.list_repo_tree(TINY, recursive=True, expand=True)})
report["paths"] = told(lambda: entries(api.get_paths_info(TINY, ["config.json", "nested", "no-such-file"])))


def refs():
    found = api.list_repo_refs(TINY, include_pull_requests=True)
    return {kind: {r.name: r.target_commit for r in getattr(found, kind)} for kind in ("branches", "tags", "pull_requests")}


report["refs"] = told(refs)
report["commits"] = told(lambda: [[c.commit_id, c.title] for c in api.list_repo_commits(TINY)])


def info():
    found = api.model_info(TINY, files_metadata=True)
    return {"sha": found.sha, "files": {
        s.rfilename: {"size": s.size, "oid": s.blob_id, "lfs": s.lfs and s.lfs["sha256"]} for s in found.siblings}}


report["info"] = told(info)
report["exists"] = told(lambda: [api.repo_exists(TINY), api.repo_exists("example/none"), api.revision_exists(TINY, "v1"),
                                 api.revision_exists(TINY, "v2"), api.file_exists(TINY, "config.json"), api.file_exists(TINY, "none")])
report["auth"] = told(lambda: api.auth_check(TINY))
report["auth of gated"] = told(lambda: api.auth_check("example/gated"))
report["auth of gated, known"] = told(lambda: HfApi(token=TOKEN).auth_check("example/gated"))
report["whoami"] = told(lambda: bool(HfApi(token=TOKEN).whoami()["name"]))
report["whoami, unknown token"] = told(lambda: HfApi(token="hf_unknown").whoami())
report["gated"] = told(lambda: download("example/gated", "config.json"))
report["gated, known"] = told(lambda: download("example/gated", "config.json", token=TOKEN))
report["gated, listed"] = told(lambda: api.model_info("example/gated").gated)
report["private"] = told(lambda: download("example/private", "config.json"))
report["bad token"] = told(lambda: download("example/private", "config.json", token="hf_unknown"))
report["private, known"] = told(lambda: download("example/private", "config.json", token=TOKEN))
report["no repository"] = told(lambda: download("example/none", "config.json"))
report["no repository, whole"] = told(lambda: whole("example/none"))
report["no revision"] = told(lambda: download(TINY, "config.json", revision="v2"))
report["no file"] = told(lambda: download(TINY, "none.json"))
report["no directory"] = told(lambda: list(api.list_repo_tree(TINY, path_in_repo="none")))

json.dump(report, sys.stdout)
