// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import SystemPackage

/// A file to read, and what its bytes are wanted for.
package enum DigestJob: Sendable {
    /// Its digest; with `tree`, also the chunk tree of a file that is longer than one chunk, in the same pass.
    case whole(FilePath, tree: Bool)
    /// Whether each of its chunks is what the tree says. Its chunks are shared out over all cores.
    case chunks(FilePath, ChunkTree)

    var path: FilePath {
        switch self {
        case .whole(let path, _), .chunks(let path, _): path
        }
    }
}

/// What came of a `DigestJob`.
package enum DigestFinding: Sendable, Hashable {
    /// The digests of the whole file.
    case whole(FileDigests)
    /// The file's size, and the chunks that are not what the tree says, in order; when the size is not the tree's, no chunk was
    /// read.
    case chunks(size: ByteCount, damaged: [Int])
}
