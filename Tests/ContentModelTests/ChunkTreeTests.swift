// SPDX-License-Identifier: Apache-2.0

import CKernels
import ContentModel
import TestKit
import Testing

@Suite struct `A chunk tree` {
    private static let chunk = Int(ChunkTree.chunkSize)

    private static func build(_ bytes: [UInt8], pieces: (Int) -> Int) -> (tree: ChunkTree?, whole: Digest) {
        var builder = ChunkTree.Builder()
        var whole = SHA256()
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<min(bytes.count, start + max(1, pieces(start)))])
            builder.update(piece.span.bytes, with: &whole)
            start += piece.count
        }
        return (builder.finalize(), whole.finalize())
    }

    /// The definition, word for word: magic, chunk size, blob size, and the SHA-256 of every chunk.
    private static func written(_ bytes: [UInt8]) -> [UInt8] {
        var out = Array("weighlock-tree1\n".utf8)
        for number in [chunk, bytes.count] { out += (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            out += Digest(of: Array(bytes[start..<min(bytes.count, start + chunk)])).bytes
        }
        return out
    }

    @Test(arguments: [0, 1, 64, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 77])
    func `its file form is that of the document, and its leaves are the digests of the chunks`(count: Int) throws {
        var random = SeededGenerator(seed: 7)
        let bytes = random.bytes(count)
        let (tree, whole) = Self.build(bytes) { _ in 300_001 }
        let found = try #require(tree)
        #expect(whole == Digest(of: bytes))
        #expect(found.encoded == Self.written(bytes))
        #expect(found.encoded.count == ChunkTree.encodedSize(found.size))
        #expect(found.root == Digest(of: Self.written(bytes)))
        #expect(ChunkTree(encoded: found.encoded) == found)
        #expect(found.leaves.count == (count + Self.chunk - 1) / Self.chunk)
        #expect(found.leaves.indices.reduce(Int64(0)) { $0 + Int64(found.range(of: $1).count) } == Int64(count))
        #expect(found.range(of: found.leaves.count).isEmpty && found.range(of: -1).isEmpty)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it does not depend on the pieces in which the bytes come`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(3 * Self.chunk + Int.random(in: 0...Self.chunk, using: &random))
        let sizes = (0..<50).map { _ in [1, 63, 64, 65, 4_096, 1_500_000].randomElement(using: &random)! }
        let pieces = Self.build(bytes) { sizes[$0 % 50] * 31 }
        #expect(pieces.tree == Self.build(bytes) { _ in Self.chunk }.tree, "seed \(seed)")
        #expect(pieces.whole == Digest(of: bytes), "seed \(seed)")
    }

    @Test func `one changed bit changes one leaf`() throws {
        var random = SeededGenerator(seed: 9)
        var bytes = random.bytes(4 * Self.chunk)
        let before = try #require(Self.build(bytes) { _ in Self.chunk }.tree)
        bytes[2 * Self.chunk + 5] ^= 1
        let after = try #require(Self.build(bytes) { _ in Self.chunk }.tree)
        #expect(after.differences(from: before) == [2])
        #expect(after.root != before.root)
    }

    @Test func `what is not a whole tree of this version is none`() throws {
        var random = SeededGenerator(seed: 11)
        let tree = try #require(Self.build(random.bytes(2 * Self.chunk)) { _ in Self.chunk }.tree)
        let good = tree.encoded
        for length in [0, 15, 16, 31, 32, 63, good.count - 1] {
            #expect(ChunkTree(encoded: Array(good.prefix(length))) == nil, "\(length) bytes")
        }
        #expect(ChunkTree(encoded: good + [0]) == nil)
        for place in 0..<32 {
            var bad = good
            bad[place] ^= 0x80
            #expect(ChunkTree(encoded: bad) == nil, "byte \(place)")
        }
        for size: Int64 in [-1, .min, .max] {
            var bad = good
            for shift in 0..<8 { bad[24 + shift] = UInt8(truncatingIfNeeded: size >> Int64(shift * 8)) }
            #expect(ChunkTree(encoded: bad) == nil, "\(size)")
        }
        #expect(ChunkTree(size: ByteCount(clamping: 1), leaves: []) == nil)
        #expect(ChunkTree(size: .zero, leaves: [Digest(of: "")]) == nil)
    }

    @Test func `a blob over the limit has none`() {
        let limit = Int64(ChunkTree.maximumChunks) * ChunkTree.chunkSize
        #expect(ChunkTree.encodedSize(ByteCount(clamping: limit)) == 32 + 32 * ChunkTree.maximumChunks)
        #expect(ChunkTree.encodedSize(ByteCount(clamping: limit + 1)) == nil)
        #expect(ChunkTree.encodedSize(ByteCount(clamping: .max)) == nil)
    }
}

@Suite struct `Many streams at once` {
    @Test(arguments: [31, 32, 33, 34, 35, 36] as [UInt64])
    func `any number of lanes of any lengths gives what single hashers give`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for count in [0, 1, 2, 3, 9, 10, 15, 16, 17, 40] {
            var together = Array(repeating: SHA256(), count: count)
            var apart = together
            for turn in 0..<4 {
                let stride = 2_000
                let buffer = random.bytes(stride * max(1, count))
                // Turn 0: all equal, the wide path; then lanes that stand in the middle of a block, and empty ones.
                let counts = (0..<count).map { _ in
                    turn == 0
                        ? 1_984
                        : [0, 1, 63, 64, Int.random(in: 0...stride, using: &random)].randomElement(using: &random)!
                }
                SHA256.update(&together, from: buffer.span.bytes, stride: stride, counts: counts)
                for index in 0..<count {
                    apart[index].update(buffer[index * stride..<index * stride + counts[index]].span.bytes)
                }
            }
            #expect(together.map { $0.finalize() } == apart.map { $0.finalize() }, "seed \(seed), \(count) lanes")
        }
    }

    @Test(arguments: [41, 42, 43] as [UInt64])
    func `sixteen lanes of the processor give what the portable code gives`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for blocks in [0, 1, 2, 7, 33] {
            // One byte in front and an odd distance, so that blocks are not aligned.
            let distance = blocks * 64 + 1
            let bytes = random.bytes(distance * 16 + 1)
            var fast = (0..<128).map { _ in UInt32.random(in: .min ... .max, using: &random) }
            var slow = fast
            bytes.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return }
                fast.withUnsafeMutableBufferPointer { states in
                    guard let state = states.baseAddress else { return }
                    var places = (0..<16).map { state + $0 * 8 }
                    var inputs = (0..<16).map { start + 1 + $0 * distance }
                    weighlock_sha256_blocks_x16(&places, &inputs, blocks)
                }
                slow.withUnsafeMutableBufferPointer { states in
                    guard let state = states.baseAddress else { return }
                    for lane in 0..<16 {
                        weighlock_sha256_blocks_portable(state + lane * 8, start + 1 + lane * distance, blocks)
                    }
                }
            }
            #expect(fast == slow, "seed \(seed), \(blocks) blocks")
        }
    }

    @Test(arguments: [51, 52, 53] as [UInt64])
    func `two lanes at different places of a block, fed long buffers, give what two hashers give`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            var (a, b) = (SHA256(), SHA256())
            var (c, d) = (a, b)
            let head = (
                random.bytes(Int.random(in: 0...130, using: &random)),
                random.bytes(Int.random(in: 0...130, using: &random))
            )
            let body = (
                random.bytes(Int.random(in: 0...9_000, using: &random)),
                random.bytes(Int.random(in: 0...9_000, using: &random))
            )
            a.update(head.0.span.bytes)
            b.update(head.1.span.bytes)
            SHA256.update(&a, body.0.span.bytes, &b, body.1.span.bytes)
            c.update((head.0 + body.0).span.bytes)
            d.update((head.1 + body.1).span.bytes)
            #expect(a.finalize() == c.finalize() && b.finalize() == d.finalize(), "seed \(seed)")
        }
    }
}
