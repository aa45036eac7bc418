// SPDX-License-Identifier: Apache-2.0
//
// Drift: what changed between a locked source and what its name means now.
//
// What it is: pure comparisons, at the level of files and components. It is the seam for the comparison in the terms of a
// model: a `FileChange` names both contents, so that a later reader of those contents can say more about it.
// What it is not: it fetches nothing and renders nothing.
// Entry point: `SourceDrift`.
