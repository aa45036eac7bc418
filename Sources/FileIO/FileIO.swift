// SPDX-License-Identifier: Apache-2.0
//
// FileIO: the only door to the file system.
//
// What it is: `File` (one open descriptor), `FileSystem` (names: create, list, rename, link, replace atomically),
// `FileLock`, and `Digests` (hash many files on all cores). Every error is a `Failure` that names the path.
// What it is not: it knows nothing of stores, caches or models.
// Entry point: `FileSystem`.
