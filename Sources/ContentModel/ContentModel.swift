// SPDX-License-Identifier: Apache-2.0
//
// ContentModel: names and identities as validated values, and the digests that prove them.
//
// What it is: `Digest`, `GitObjectID`, `RelativePath`, `RepositoryID`, `Revision`, `Component`, `ByteCount`; the
// hashers `SHA256` and `SHA1`; `JSONValue`, the one writer of canonical JSON; `Failure`, the error every layer above
// the parsers throws.
// What it is not: it does no I/O and imports no Foundation. A value of these types is valid by construction.
// Entry point: none; start at `Digest.swift`.
