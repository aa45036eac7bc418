// SPDX-License-Identifier: Apache-2.0

/// The keys that `weighlock.yaml` knows, by place.
enum ManifestKeys {
    static let top = ["version", "endpoint", "deliverables", "policy"]
    static let shortTop = ["version", "endpoint", "model", "policy"]
    static let deliverable = [
        "model", "tokenizer", "adapters", "image", "packages", "launch", "cache_dir", "base", "datasets", "prompts",
        "patches", "variants",
    ]
    static let variant = ["model", "tokenizer", "adapters", "image", "packages", "launch"]
    static let source = ["repo", "revision", "include", "exclude", "origin"]
    static let shortSource = source + ["tokenizer_revision", "cache_dir"]
    static let launch = ["command", "env", "files"]
    static let policy = ["pickle", "remote_code", "cooldown", "licenses", "accept"]
    static let origins = ["s3://", "oci://", "dir:", "bundle:"]
}
