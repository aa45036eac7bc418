// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// An incremental SHA-1 hasher, for git object ids only.
public struct SHA1: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
    )
    private var tail = BlockTail()

    /// Creates a hasher that has seen no bytes.
    public init() {}

    /// Creates a hasher that has seen the header of a git object of `kind` (`blob`, `tree`, `commit`) of `size` bytes.
    public init(gitObject kind: String, size: Int64) {
        self.init()
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe update(Array("\(kind) \(size)\0".utf8).span.bytes)
    }

    /// Feeds `bytes` to the hasher.
    public mutating func update(_ bytes: RawSpan) {
        unsafe tail.feed(bytes) { blocks, count in
            unsafe withUnsafeMutableBytes(of: &state) { state in
                // SAFETY: five words of state, and `count` whole blocks guaranteed by `BlockTail.feed`.
                unsafe weighlock_sha1_blocks(state.assumingMemoryBound(to: UInt32.self).baseAddress!, blocks, count)
            }
        }
    }

    /// Returns the object id of everything fed so far; the hasher itself can go on.
    public func finalize() -> GitObjectID {
        var copy = self
        unsafe copy.update(tail.padding.span.bytes)  // SAFETY: bytes without padding, borrowed for the call
        let s = copy.state
        return GitObjectID(words: [s.0, s.1, s.2, s.3, s.4])
    }
}

extension GitObjectID {
    /// Computes the id that git gives a blob with this content (`git hash-object`).
    public init(ofBlob content: [UInt8]) {
        var hasher = SHA1(gitObject: "blob", size: Int64(content.count))
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe hasher.update(content.span.bytes)
        self = hasher.finalize()
    }
}
