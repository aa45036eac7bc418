// SPDX-License-Identifier: Apache-2.0
//
// Deliverable: what goes into production under one model name, as values.
//
// What it is: the manifest (`Manifest`), the lock (`Lock`), the components and digests that make a deliverable's
// identity, and the effective defaults read out of a repository's small files. Text in, value out; value in, text out.
// The formats are specified in `docs/formats/manifest.md`, `lock.md` and `identity.md`.
// What it is not: it opens no file and no connection, and does not know where bytes come from or where they lie.
// Entry points: `Manifest.parse`, `Lock.parse`, `Lock.canonicalText`, `EffectiveDefaults.extract`.
