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

    /// Feeds two hashers, interleaved on one core.
    ///
    /// Bound by throughput instead of latency, so it is faster than two calls of `update` where the processor has SHA
    /// instructions, as far as both buffers reach; what one has more is fed alone. The hashers may stand anywhere in a
    /// block.
    public static func update(_ a: inout SHA256, _ first: RawSpan, _ b: inout SHA256, _ second: RawSpan) {
        let first = first.extracting(droppingFirst: a.completeBlock(first))
        let second = second.extracting(droppingFirst: b.completeBlock(second))
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

    /// Feeds what is missing of a block that was begun, and returns how many bytes that took.
    private mutating func completeBlock(_ bytes: RawSpan) -> Int {
        let count = min(tail.missing, bytes.byteCount)
        update(bytes.extracting(first: count))
        return count
    }
}

// MARK: - Many streams on one core

extension SHA256 {
    /// How many streams one core hashes at once at its best: 16 where the processor has registers that wide, else 2.
    public static var lanes: Int { max(2, Int(weighlock_sha256_wide_lanes())) }

    /// From how many streams on sixteen lanes beat pairs, though some of them run empty.
    private static let fewestForWide = 10

    /// Feeds many hashers at once: hasher *i* gets the `counts[i]` bytes of `buffer` from `i * stride` on.
    ///
    /// Fastest when the counts are equal and there are `lanes` of them; right whatever they are.
    public static func update(_ hashers: inout [SHA256], from buffer: RawSpan, stride: Int, counts: [Int]) {
        precondition(hashers.count == counts.count && stride >= 0, "one count for each hasher")
        for (index, count) in counts.enumerated() {
            precondition(count >= 0 && count <= buffer.byteCount - index * stride, "a lane ends behind the buffer")
        }
        // The part of each lane that is still to be fed.
        var ranges = counts.indices.map { $0 * stride..<$0 * stride + counts[$0] }
        for index in hashers.indices {
            let count = hashers[index].completeBlock(buffer.extracting(ranges[index]))
            ranges[index] = ranges[index].lowerBound + count..<ranges[index].upperBound
        }
        if lanes == 16 { wide(&hashers, buffer, &ranges) }
        var waiting: Int?
        for index in hashers.indices where !ranges[index].isEmpty {
            guard let other = waiting else {
                waiting = index
                continue
            }
            var (a, b) = (hashers[other], hashers[index])
            update(&a, buffer.extracting(ranges[other]), &b, buffer.extracting(ranges[index]))
            (hashers[other], hashers[index]) = (a, b)
            waiting = nil
        }
        if let waiting { hashers[waiting].update(buffer.extracting(ranges[waiting])) }
    }

    /// Runs sixteen lanes as long as enough of them have whole blocks.
    private static func wide(_ hashers: inout [SHA256], _ buffer: RawSpan, _ ranges: inout [Range<Int>]) {
        while true {
            let active = hashers.indices.filter { ranges[$0].count >= 64 }.prefix(16)
            guard active.count >= fewestForWide else { return }
            // Every turn brings at least one lane to its end.
            let blocks = active.reduce(Int.max) { min($0, ranges[$1].count / 64) }
            var states: [UInt32] = []
            states.reserveCapacity(16 * 8)
            for lane in 0..<16 {
                // Lanes without work repeat the first one's, and nobody looks at what comes of it.
                let s = hashers[lane < active.count ? active[lane] : active[0]].state
                states += [s.0, s.1, s.2, s.3, s.4, s.5, s.6, s.7]
            }
            unsafe buffer.withUnsafeBytes { bytes in
                unsafe states.withUnsafeMutableBufferPointer { states in
                    let start = unsafe bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
                    var places: [UnsafeMutablePointer<UInt32>] = unsafe []
                    var inputs: [UnsafePointer<UInt8>] = unsafe []
                    for lane in 0..<16 {
                        let index = lane < active.count ? active[lane] : active[0]
                        unsafe places.append(states.baseAddress! + lane * 8)
                        unsafe inputs.append(start + ranges[index].lowerBound)
                    }
                    // SAFETY: sixteen states of eight words, apart from each other, and sixteen places in the buffer
                    // with at least `blocks` whole blocks behind each.
                    unsafe weighlock_sha256_blocks_x16(&places, &inputs, blocks)
                }
            }
            for (lane, index) in active.enumerated() {
                let s = states[lane * 8..<lane * 8 + 8]
                let b = s.startIndex
                hashers[index].state = (
                    s[b], s[b + 1], s[b + 2], s[b + 3], s[b + 4], s[b + 5], s[b + 6], s[b + 7]
                )
                hashers[index].tail.count(blocks: blocks)
                ranges[index] = ranges[index].lowerBound + blocks * 64..<ranges[index].upperBound
            }
        }
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
