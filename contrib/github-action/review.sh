#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares the lock of a pull request's base with that of its head and keeps one comment that says what differs.
# Reads REVIEW_BASE, REVIEW_NUMBER, REVIEW_REPOSITORY, REVIEW_LOCK, REVIEW_WEIGHLOCK and REVIEW_FAIL; `gh` finds its token in GH_TOKEN.
set -euo pipefail

lock=${REVIEW_LOCK:-weighlock.lock}
program=${REVIEW_WEIGHLOCK:-weighlock}
work=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/weighlock-review.XXXXXX")
report=$work/report.md
mark="<!-- weighlock-review: $lock -->"

fail() {
    echo "::error::$*" >&2
    exit 1
}

note() { if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "$1=$2" >> "$GITHUB_OUTPUT"; fi; }

case $lock in
/* | *..* | *$'\n'* | *--* | "") fail "the input \`lock\` has to be a path below the repository's root" ;;
esac
[[ ${REVIEW_BASE:-} =~ ^[0-9a-f]{40,64}$ ]] || fail "there is no base commit: run this on the event \`pull_request\`"
[[ ${REVIEW_NUMBER:-} =~ ^[0-9]+$ ]] || fail "there is no pull request: run this on the event \`pull_request\`"

# A shallow checkout has only the head.
if ! git cat-file -e "$REVIEW_BASE^{commit}" 2> /dev/null; then
    git fetch --quiet --no-tags --depth=1 origin "$REVIEW_BASE" || fail "the base commit $REVIEW_BASE cannot be fetched"
fi

# What a side that has no lock holds: nothing.
nothing() {
    local digest=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    printf '{\n  "version": 1,\n  "identity": "%s",\n  "deliverables": []\n}\n' "$digest"
}

before=$work/before/weighlock.lock
after=$work/after/weighlock.lock
mkdir "$work/before" "$work/after"
if git cat-file -e "$REVIEW_BASE:$lock" 2> /dev/null; then
    git cat-file blob "$REVIEW_BASE:$lock" > "$before"
else
    nothing > "$before"
fi
if [ -f "$lock" ]; then cp "$lock" "$after"; else nothing > "$after"; fi

changed=false
if ! cmp -s "$before" "$after"; then
    status=0
    "$program" diff --exit-code --markdown "$report" "$before" "$after" > "$work/talk" 2>&1 || status=$?
    case $status in
    0) ;;
    4) changed=true ;;
    *)
        cat "$work/talk" >&2
        fail "weighlock diff ended with $status"
        ;;
    esac
fi
if [ ! -s "$report" ]; then printf 'No deliverable differs.\n' > "$report"; fi

{
    printf '%s\n' "$mark"
    printf '## What this pull request changes in %s\n\n' "\`${lock//\`/}\`"
    cat "$report"
} > "$work/comment.md"
note changed "$changed"
note report "$report"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$work/comment.md" >> "$GITHUB_STEP_SUMMARY"; fi

# Only a comment that a program wrote is replaced: anybody can write one that begins with the mark.
comments="repos/$REVIEW_REPOSITORY/issues/$REVIEW_NUMBER/comments"
mine() {
    gh api --paginate "$comments?per_page=100" --jq '.[] | select(.user.type == "Bot") | [.id, (.body | split("\n")[0])] | @tsv'
}
send() {
    if ! list=$(mine); then return 1; fi
    id=$(awk -F '\t' -v mark="$mark" '{ sub(/\r$/, "", $2) } $2 == mark { print $1; exit }' <<< "$list")
    if [ -n "$id" ]; then
        gh api --silent --method PATCH "repos/$REVIEW_REPOSITORY/issues/comments/$id" --field body=@"$work/comment.md"
    elif [ "$changed" = true ]; then
        gh api --silent --method POST "$comments" --field body=@"$work/comment.md"
    fi
}
# A pull request from a fork has a token that may only read; its review is in the summary.
if [ -n "${GH_TOKEN:-}" ] && ! send; then
    echo "::warning::the comment could not be written: the token needs \`pull-requests: write\`; the review is in the summary"
fi

if [ "$changed" = true ] && [ "${REVIEW_FAIL:-false}" = true ]; then fail "the deliverables differ; see the review"; fi
