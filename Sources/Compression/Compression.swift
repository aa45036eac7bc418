// SPDX-License-Identifier: Apache-2.0

/// Unpacks compressed streams from untrusted bytes: deflate, zlib, gzip, bzip2, xz, LZMA and Zstandard.
///
/// The decoders are written here, in memory-safe Swift, instead of being linked: they need no package of the system, the
/// program runs on a bare machine, and a hostile stream can at worst be refused. They only unpack. They are slower than the C libraries
/// by a small factor, which is the price; model weights are hardly ever compressed.
///
/// `Expander` gives the bytes in order, in bounded memory; `ExpandedSource` makes them a `ByteSource` for parsers; and
/// `ZipDirectory.contents` opens an archive's member. Every decoder checks the format's own checksums, refuses what it does
/// not know, and stops at the limits of `ExpansionLimits`.
package enum Compression {}
