// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// An incremental SHA-256 hasher (FIPS 180-4).
///
/// A value: copying it forks the computation. The cost is that of the processor's SHA instructions where it has them,
/// about a third of that speed otherwise.
public struct SHA256: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
    )
    private var tail = BlockTail()

    /// Creates a hasher that has seen no bytes.
    public init() {}

    /// Feeds `bytes` to the hasher.
    public mutating func update(_ bytes: RawSpan) {
        unsafe tail.feed(bytes) { blocks, count in
            unsafe withUnsafeMutableBytes(of: &state) { state in
                // SAFETY: eight words of state, and `count` whole blocks guaranteed by `BlockTail.feed`.
                unsafe weighlock_sha256_blocks(state.assumingMemoryBound(to: UInt32.self).baseAddress!, blocks, count)
            }
        }
    }

    /// Feeds the UTF-8 bytes of `text`.
    public mutating func update(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe update(text.utf8Span.span.bytes)
    }

    /// Returns the digest of everything fed so far; the hasher itself can go on.
    public func finalize() -> Digest {
        var copy = self
        unsafe copy.update(tail.padding.span.bytes)  // SAFETY: bytes without padding, borrowed for the call
        let s = copy.state
        return Digest(words: [s.0, s.1, s.2, s.3, s.4, s.5, s.6, s.7])
    }

    /// Feeds two hashers with buffers of the same length, interleaved on one core.
    ///
    /// Bound by throughput instead of latency, so it is faster than two calls of `update` where the processor has SHA
    /// instructions. When the lengths differ, or a hasher is not at a block boundary, it falls back to those calls.
    public static func update(_ a: inout SHA256, _ first: RawSpan, _ b: inout SHA256, _ second: RawSpan) {
        guard a.tail.isEmpty, b.tail.isEmpty else {
            a.update(first)
            b.update(second)
            return
        }
        let blocks = min(first.byteCount, second.byteCount) / 64
        if blocks > 0 {
            unsafe withUnsafeMutableBytes(of: &a.state) { stateA in
                unsafe withUnsafeMutableBytes(of: &b.state) { stateB in
                    unsafe first.withUnsafeBytes { p in
                        unsafe second.withUnsafeBytes { q in
                            // SAFETY: both buffers hold at least `blocks` whole blocks.
                            unsafe weighlock_sha256_blocks_x2(
                                stateA.assumingMemoryBound(to: UInt32.self).baseAddress!,
                                p.assumingMemoryBound(to: UInt8.self).baseAddress!,
                                stateB.assumingMemoryBound(to: UInt32.self).baseAddress!,
                                q.assumingMemoryBound(to: UInt8.self).baseAddress!, blocks)
                        }
                    }
                }
            }
            a.tail.count(blocks: blocks)
            b.tail.count(blocks: blocks)
        }
        a.update(first.extracting(droppingFirst: blocks * 64))
        b.update(second.extracting(droppingFirst: blocks * 64))
    }
}

extension Digest {
    /// Computes the SHA-256 of `bytes`.
    public init(of bytes: [UInt8]) {
        var hasher = SHA256()
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe hasher.update(bytes.span.bytes)
        self = hasher.finalize()
    }

    /// Computes the SHA-256 of the UTF-8 bytes of `text`.
    public init(of text: String) {
        var hasher = SHA256()
        hasher.update(text)
        self = hasher.finalize()
    }
}
