# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script here begins with: `. "$(dirname "$0")/common.sh"`. Changes to the root of the clone.

set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

# The oldest Swift this package builds with.
SWIFT_REQUIRED_MAJOR=6
SWIFT_REQUIRED_MINOR=3

# One set of flags for every build, so that `make check`, `make test` and `make build` share what they compile.
BUILD_FLAGS=(--explicit-target-dependency-import-check error)

# Progress goes to stderr: stdout is for what a script is asked for.
say() { printf '%s\n' "$*" >&2; }
step() { if [ -t 2 ]; then printf '\033[1m==> %s\033[0m\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi; }
die() {
    printf 'error: %s\n' "$1" >&2
    if [ "${2:-}" != "" ]; then printf 'hint: %s\n' "$2" >&2; fi
    exit 1
}

# A toolchain's `swift` has the compiler's own program beside it. Another program of that name (OpenStack's client) may
# come first in PATH, and asking for a version is no test: it fails as well where a shared library is missing.
is_swift() { [ -e "$(dirname "$(readlink -f "$1")")/swift-frontend" ] || "$1" --version 2>/dev/null | grep -q 'Swift version'; }

# Sets SWIFT to the toolchain's driver, whether it can run here or not.
find_swift() {
    local candidate
    local candidates=("${SWIFT:-}" /opt/swift/usr/bin/swift)
    while IFS= read -r candidate; do candidates+=("$candidate"); done < <(type -ap swift || true)
    candidates+=("$HOME/.local/share/swiftly/bin/swift" /usr/libexec/swift/bin/swift)
    for candidate in "${candidates[@]}"; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && is_swift "$(command -v "$candidate")"; then
            SWIFT="$(command -v "$candidate")"
            export SWIFT
            return 0
        fi
    done
    return 1
}

need_swift() {
    find_swift || die "no Swift toolchain found" \
        "run \`make bootstrap\`; it says what to install. SWIFT=/path/to/swift names one that is not in PATH"
}

# Where `swift build` puts a debug binary; builds nothing.
debug_directory() { need_swift; "$SWIFT" build --show-bin-path; }

# Seconds since the script began, for people: 5 s, 2 min 05 s.
elapsed() {
    local total=$SECONDS
    if [ "$total" -lt 60 ]; then printf '%d s' "$total"; else printf '%d min %02d s' $((total / 60)) $((total % 60)); fi
}
