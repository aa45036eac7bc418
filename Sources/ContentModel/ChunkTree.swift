// SPDX-License-Identifier: Apache-2.0

/// The SHA-256 of every chunk of a blob, so that a part of it can be checked without the rest.
///
/// Defined in `docs/formats/store.md`. It proves no more than what its root is compared with: a tree is worth something when
/// it was computed in the pass that found the whole blob's digest right.
public struct ChunkTree: Hashable, Sendable {
    /// The length of a chunk in bytes; the last chunk of a blob may be shorter.
    public static let chunkSize: Int64 = 1 << 20
    /// The most chunks of a blob that gets a tree: 1 TiB of bytes, 32 MiB of digests.
    public static let maximumChunks = 1 << 20

    /// The length of the blob.
    public let size: ByteCount
    /// The SHA-256 of each chunk's bytes, in order.
    public let leaves: [Digest]

    /// Puts a tree together; nil when the number of leaves does not fit the size, or is over the limit.
    public init?(size: ByteCount, leaves: [Digest]) {
        guard leaves.count <= ChunkTree.maximumChunks, Int64(leaves.count) == ChunkTree.chunkCount(size) else {
            return nil
        }
        (self.size, self.leaves) = (size, leaves)
    }

    /// How many chunks a blob of `size` has.
    public static func chunkCount(_ size: ByteCount) -> Int64 {
        size.value / chunkSize + (size.value % chunkSize == 0 ? 0 : 1)
    }

    /// Where a chunk lies in the blob; empty for a chunk that there is not.
    public func range(of chunk: Int) -> Range<Int64> {
        guard leaves.indices.contains(chunk) else { return 0..<0 }
        let start = Int64(chunk) * ChunkTree.chunkSize
        return start..<min(start + ChunkTree.chunkSize, size.value)
    }

    /// The chunks that are not the same in `other`, a tree of a blob of the same size.
    public func differences(from other: ChunkTree) -> [Int] {
        zip(leaves, other.leaves).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
    }

    // MARK: The file form

    private static let magic = Array("weighlock-tree1\n".utf8)
    /// The length of what stands before the leaves.
    private static let headerSize = 32

    /// How long the file form of a tree of a blob of `size` is; nil when such a blob gets no tree.
    public static func encodedSize(_ size: ByteCount) -> Int? {
        let count = chunkCount(size)
        return count <= Int64(maximumChunks) ? headerSize + Int(count) * 32 : nil
    }

    /// The tree as a file holds it: sixteen bytes of magic, chunk size and blob size (little-endian, 64 bits each), leaves.
    public var encoded: [UInt8] {
        var out = ChunkTree.magic
        out.reserveCapacity(ChunkTree.headerSize + leaves.count * 32)
        for number in [ChunkTree.chunkSize, size.value] {
            out += (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64($0 * 8)) }
        }
        for leaf in leaves { out += leaf.bytes }
        return out
    }

    /// The SHA-256 of the file form: it names this tree and no other.
    public var root: Digest { Digest(of: encoded) }

    /// Reads the file form; nil when it is anything but a tree of this version, whole and with nothing behind it.
    public init?(encoded bytes: [UInt8]) {
        guard bytes.count >= ChunkTree.headerSize, bytes.starts(with: ChunkTree.magic) else { return nil }
        func number(_ place: Int) -> Int64 {
            (0..<8).reversed().reduce(0) { $0 << 8 | Int64(bytes[place + $1]) }
        }
        guard number(16) == ChunkTree.chunkSize, let size = ByteCount(number(24)),
            ChunkTree.encodedSize(size) == bytes.count
        else { return nil }
        let leaves = stride(from: ChunkTree.headerSize, to: bytes.count, by: 32).map {
            Digest(bytes: Array(bytes[$0..<$0 + 32]))
        }
        self.init(size: size, leaves: leaves)
    }
}

extension ChunkTree {
    /// Computes the tree of a blob that passes by once, front to back.
    public struct Builder: Sendable {
        private var leaves: [Digest] = []
        private var leaf = SHA256()
        private var filled: Int64 = 0
        private var size: Int64 = 0

        /// Begins with no bytes.
        public init() {}

        /// Feeds the next bytes to the tree and, interleaved with it on one core, to the hasher of the whole blob.
        ///
        /// Costs what two lanes of SHA-256 cost, which is less than two passes. Bytes beyond the largest blob that gets a
        /// tree are hashed for the whole alone.
        public mutating func update(_ bytes: RawSpan, with whole: inout SHA256) {
            var rest = bytes
            while rest.byteCount > 0 {
                guard leaves.count < ChunkTree.maximumChunks else {
                    whole.update(rest)
                    size = .max
                    return
                }
                let count = Int(min(Int64(rest.byteCount), ChunkTree.chunkSize - filled))
                let piece = rest.extracting(first: count)
                SHA256.update(&whole, piece, &leaf, piece)
                rest = rest.extracting(droppingFirst: count)
                filled += Int64(count)
                size += Int64(count)
                if filled == ChunkTree.chunkSize {
                    leaves.append(leaf.finalize())
                    (leaf, filled) = (SHA256(), 0)
                }
            }
        }

        /// The tree of everything fed so far; nil when that is more than a blob with a tree may have. Can go on after it.
        public func finalize() -> ChunkTree? {
            ChunkTree(size: ByteCount(clamping: size), leaves: filled == 0 ? leaves : leaves + [leaf.finalize()])
        }
    }
}
