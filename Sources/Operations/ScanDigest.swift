// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// The digest of the bytes that were scanned, from the same source: a name could mean another file by now.
enum ScanDigest {
    /// Reads the whole source.
    static func of(_ source: any ByteSource) throws(ByteError) -> Digest {
        var hasher = SHA256()
        var chunks = SourceChunks(source, at: 0, count: source.size)
        while let chunk = try chunks.next() { hasher.update(chunk.span.bytes) }
        return hasher.finalize()
    }
}
