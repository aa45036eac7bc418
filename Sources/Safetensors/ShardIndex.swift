// SPDX-License-Identifier: Apache-2.0

public import ContentModel
internal import FileIO
public import SystemPackage

/// What `model.safetensors.index.json` says: which file holds which tensor.
public struct ShardIndex: Sendable {
    /// The tensors, sorted by the bytes of their names, each with its file.
    public let tensors: [Entry]
    /// The number of bytes of all tensors, when the index says it as a whole number.
    public let totalSize: UInt64?

    /// A tensor and the file that should hold it.
    public struct Entry: Sendable, Hashable {
        /// The tensor's name.
        public let tensor: TensorName
        /// The file's name, relative to the index.
        public let file: RelativePath
    }

    /// The limit on the size of an index file, in bytes.
    public static let sizeLimit = Int(HeaderLimits.length)

    /// Reads the index at `path`.
    ///
    /// - Throws: `Failure` with code `invalid-safetensors`, `file` or `limit-exceeded`.
    public init(_ path: FilePath) throws(Failure) {
        let bytes = try FileSystem.read(path, limit: ShardIndex.sizeLimit)
        do throws(Failure) { try self.init(parsing: bytes.span) } catch {
            throw Failure(
                error.code, "`\(Escaped(path.string, limit: 1024))`: \(error.message)", hint: error.hint,
                details: error.details)
        }
    }

    /// Parses the text of an index. Names are bytes; every file name must be a plain relative path; a tensor that is
    /// named twice is an error.
    public init(parsing bytes: Span<UInt8>) throws(Failure) {
        do throws(HeaderError) {
            if let place = UTF8Check.firstInvalid(bytes, from: 0) { throw .invalidUTF8(place: place) }
        } catch { throw Failure(.invalidSafetensors, error.message.replacingHeader) }
        var scanner = HeaderScanner(bytes, base: 0)
        var pairs: [(TensorName, String)] = []
        var total: UInt64?
        do throws(HeaderError) {
            var seen = false
            try scanner.expect(UInt8(ascii: "{"), "an object")
            var first = true
            while try scanner.hasNext(closing: UInt8(ascii: "}"), first: &first) {
                let place = scanner.position
                let key = scanner.decoded(try scanner.key())
                if key.elementsEqual("weight_map".utf8) {
                    if seen { throw scanner.problem(.duplicateField("weight_map"), at: place) }
                    seen = true
                    pairs = try ShardIndex.map(&scanner)
                } else if key.elementsEqual("metadata".utf8), scanner.peek() == UInt8(ascii: "{") {
                    total = try ShardIndex.total(&scanner)
                } else {
                    try scanner.skipValue(depth: 1)
                }
            }
            scanner.skipWhitespace()
            if scanner.position < scanner.count { throw scanner.problem(.trailingBytes, at: scanner.position) }
            if !seen { throw scanner.problem(.missingField("weight_map"), at: 0) }
        } catch { throw Failure(.invalidSafetensors, error.message.replacingHeader) }
        pairs.sort { $0.0 < $1.0 }
        for (left, right) in zip(pairs, pairs.dropFirst()) where left.0 == right.0 {
            throw Failure(.invalidSafetensors, "the index names tensor `\(left.0)` twice")
        }
        // A model has few files and many tensors: each name is checked once.
        var paths: [TensorName: RelativePath] = [:]
        var entries: [Entry] = []
        entries.reserveCapacity(pairs.count)
        for (tensor, file) in pairs {
            let key = TensorName(file)
            let path: RelativePath
            if let known = paths[key] { path = known } else { path = try RelativePath(file) }
            paths[key] = path
            entries.append(Entry(tensor: tensor, file: path))
        }
        tensors = entries
        totalSize = total
    }

    /// The files that the index names, sorted, each once.
    public var files: [RelativePath] { Array(Set(tensors.map(\.file))).sorted() }

    private static func map(_ scanner: inout HeaderScanner) throws(HeaderError) -> [(TensorName, String)] {
        var pairs: [(TensorName, String)] = []
        try scanner.expect(UInt8(ascii: "{"), "an object of file names")
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "}"), first: &first) {
            let tensor = TensorName(checked: scanner.decoded(try scanner.key()))
            guard scanner.peek() == UInt8(ascii: "\"") else { throw scanner.unexpected("a file name") }
            pairs.append((tensor, String(decoding: scanner.decoded(try scanner.string()), as: UTF8.self)))
        }
        return pairs
    }

    private static func total(_ scanner: inout HeaderScanner) throws(HeaderError) -> UInt64? {
        var total: UInt64?
        try scanner.expect(UInt8(ascii: "{"), "an object")
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "}"), first: &first) {
            let key = scanner.decoded(try scanner.key())
            _ = scanner.peek()
            let place = scanner.position
            if key.elementsEqual("total_size".utf8) {
                // Some programs write `1.2e10`: then there is nothing exact to compare with.
                total = try? scanner.unsignedInteger()
                scanner.position = place
            }
            try scanner.skipValue(depth: 2)
        }
        return total
    }
}

extension String {
    /// The scanner speaks of headers; here it reads an index.
    fileprivate var replacingHeader: String {
        for prefix in ["invalid header", "the header"] where hasPrefix(prefix) {
            return (prefix == "the header" ? "the index" : "invalid index") + dropFirst(prefix.count)
        }
        return self
    }
}
