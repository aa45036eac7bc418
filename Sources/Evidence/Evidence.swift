// SPDX-License-Identifier: Apache-2.0
//
// Evidence: what was in force, when, and who accepted it.
//
// What it is: `History`, the append-only, hash-chained list of locks, and the locks themselves beside it. The format is
// docs/formats/history.md.
// What it is not: it does not decide what may be locked, and it knows no clock: the caller says what time it is.
// Entry point: `History`.
