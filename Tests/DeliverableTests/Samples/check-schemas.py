#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the two JSON Schemas against the samples beside this file, and the samples inside the product's documents.

`valid-*` must pass, `invalid-*` must fail; `refused-*` break rules that a schema cannot say and must pass here.
Needs the packages jsonschema and pyyaml."""

import json
import pathlib
import re
import sys

import jsonschema
import yaml

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent
failures = 0


def load(text, suffix):
    return json.loads(text) if suffix == ".lock" else yaml.safe_load(text)


def check(name, text, suffix, expected):
    global failures
    try:
        value = load(text, suffix)
    except (yaml.YAMLError, ValueError):
        return  # not a matter of schemas
    errors = list(validators[suffix].iter_errors(value))
    if bool(errors) == expected:
        failures += 1
        print(f"{name}: expected {'valid' if expected else 'invalid'}, found {[e.message for e in errors][:3]}")


validators = {}
for suffix in (".yaml", ".lock"):
    schema = json.loads((root / f"Sources/Deliverable/weighlock{suffix}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validators[suffix] = jsonschema.Draft202012Validator(schema)

count = 0
for path in sorted(here.iterdir()):
    if path.suffix in validators:
        count += 1
        check(path.name, path.read_text(encoding="utf-8"), path.suffix, not path.name.startswith("invalid-"))
for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", (root / "docs/formats/manifest.md").read_text(encoding="utf-8"), re.S)):
    count += 1
    check(f"manifest.md, block {number + 1}", text, ".yaml", True)
for text in re.findall(r"```json\n(.*?)```", (root / "docs/formats/lock.md").read_text(encoding="utf-8"), re.S):
    count += 1
    check("lock.md", text.replace("<64 hex>", "0" * 64).replace("<40 hex>", "0" * 40), ".lock", True)

print(f"{count} samples checked, {failures} wrong")
sys.exit(1 if failures or not count else 0)
