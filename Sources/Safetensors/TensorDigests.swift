// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// The digests of a model's tensors, and of the model: the numbers, not their packaging.
///
/// Defined in `docs/formats/tensor-digest.md`. Container, order, sharding, padding and metadata do not count; names,
/// types, shapes and every bit of every tensor do.
public struct TensorDigests: Sendable, Hashable {
    /// A tensor's name and digest.
    public struct Entry: Sendable, Hashable {
        /// The name.
        public let name: TensorName
        /// The digest.
        public let digest: Digest

        /// Puts a name and a digest together.
        public init(_ name: TensorName, _ digest: Digest) { (self.name, self.digest) = (name, digest) }

        /// Reads a line of a listing, without its line end.
        init?(line: [UInt8]) {
            let isEscaped = line.first == UInt8(ascii: "\\")
            let rest = line.dropFirst(isEscaped ? 1 : 0)
            guard rest.count >= 66, let digest = Digest(String(decoding: rest.prefix(64), as: UTF8.self)),
                rest.dropFirst(64).prefix(2).elementsEqual("  ".utf8)
            else { return nil }
            var name: [UInt8] = []
            var bytes = rest.dropFirst(66)
            while let byte = bytes.popFirst() {
                guard isEscaped, byte == UInt8(ascii: "\\") else {
                    name.append(byte)
                    continue
                }
                switch bytes.popFirst() {
                case UInt8(ascii: "\\"): name.append(UInt8(ascii: "\\"))
                case UInt8(ascii: "n"): name.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "r"): name.append(UInt8(ascii: "\r"))
                default: return nil
                }
            }
            guard let name = TensorName(utf8: name) else { return nil }
            self.init(name, digest)
        }
    }

    /// The tensors, sorted by the bytes of their names.
    public let entries: [Entry]

    /// Takes tensors in any order.
    ///
    /// - Throws: `duplicateTensor` when two have one name, as when a model's shards overlap.
    public init(_ entries: some Sequence<Entry>) throws(SafetensorsError) {
        let sorted = entries.sorted { $0.name < $1.name }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.name == right.name {
            throw .duplicateTensor(left.name)
        }
        self.entries = sorted
    }

    /// Takes tensors whose names are known to differ.
    init(distinct entries: [Entry]) { self.entries = entries.sorted { $0.name < $1.name } }

    /// Reads and hashes every tensor of a file, each byte once, on all processors, and on each of them as many tensors side by side
    /// as it does best, two or sixteen, in buffers of 1 MiB at most. What lies in a hole of the file is known to be zero and not
    /// read.
    ///
    /// `progress` is called on this thread with the number of bytes hashed since the last call; when it returns false the
    /// work ends and the result is nil.
    public init?(
        of file: borrowing SafetensorsFile, progress: (Int) -> Bool = { _ in true }
    ) throws(SafetensorsError) {
        guard let found = try TensorQueue(file.header).run(file, progress) else { return nil }
        try self.init(found)
    }

    /// The digests of a model whose tensors lie in several files.
    public init(merging parts: [TensorDigests]) throws(SafetensorsError) { try self.init(parts.flatMap(\.entries)) }

    /// The digest of the tensor of this name.
    public subscript(name: TensorName) -> Digest? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].name == name ? entries[low].digest : nil
    }

    /// One line a tensor, as `sha256sum` prints a file: the digest, two spaces, the name, a line end. A name with a
    /// backslash or a line end is escaped in its way, with a backslash before the digest.
    public var listing: [UInt8] {
        var out: [UInt8] = []
        for entry in entries {
            let needsEscape = entry.name.bytes.contains {
                $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
            }
            if needsEscape { out.append(UInt8(ascii: "\\")) }
            out += entry.digest.description.utf8
            out += "  ".utf8
            for byte in entry.name.bytes {
                switch byte {
                case UInt8(ascii: "\\"): out += "\\\\".utf8
                case UInt8(ascii: "\n"): out += "\\n".utf8
                case UInt8(ascii: "\r"): out += "\\r".utf8
                default: out.append(byte)
                }
            }
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }

    /// Reads a listing back.
    ///
    /// - Throws: `duplicateTensor`, or `listing` with the number of the first line that is not one.
    public init(listing: some Collection<UInt8>) throws(SafetensorsError) {
        var entries: [Entry] = []
        for (index, line) in listing.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).enumerated()
        {
            guard let entry = Entry(line: Array(line)) else { throw .listing(line: index + 1) }
            entries.append(entry)
        }
        try self.init(entries)
    }

    /// The tensor digest of the model: the SHA-256 of `listing`.
    public var model: Digest { Digest(of: listing) }

    /// The names whose tensors differ, or are on one side only, sorted.
    public func differences(from other: TensorDigests) -> [TensorName] {
        var names: [TensorName] = []
        var (left, right) = (0, 0)
        while left < entries.count || right < other.entries.count {
            if right == other.entries.count || left < entries.count && entries[left].name < other.entries[right].name {
                names.append(entries[left].name)
                left += 1
            } else if left == entries.count || other.entries[right].name < entries[left].name {
                names.append(other.entries[right].name)
                right += 1
            } else {
                if entries[left].digest != other.entries[right].digest { names.append(entries[left].name) }
                left += 1
                right += 1
            }
        }
        return names
    }
}
