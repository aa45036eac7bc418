// SPDX-License-Identifier: Apache-2.0

/// The name of a repository on a Hub: `name` or `namespace/name`, of a kind.
public struct RepositoryID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What the repository holds; decides its place in URLs and in the cache.
    public enum Kind: String, Sendable, CaseIterable {
        case model, dataset, space

        /// The word in API paths and cache folders: `models`, `datasets`, `spaces`.
        public var plural: String { rawValue + "s" }
        /// What stands before the name in web URLs: nothing for models, `datasets/`, `spaces/`.
        public var urlPrefix: String { self == .model ? "" : plural + "/" }
    }

    /// What the repository holds.
    public let kind: Kind
    /// `name` or `namespace/name`.
    public let name: String

    /// The longest name or namespace accepted, in characters.
    public static let maximumSegmentLength = 96

    /// Validates a name by the Hub's rules: one or two segments of 1–96 characters of `A–Z a–z 0–9 _ . -`, no `--` and no
    /// `..`, not beginning or ending with `-` or `.`, not ending in `.git`.
    ///
    /// - Throws: `Failure` with code `invalidName` that points at the character.
    public init(_ text: String, kind: Kind = .model) throws(Failure) {
        if let (reason, column) = RepositoryID.defect(of: text) {
            let shown = Escaped(text).description
            throw Failure(
                .invalidName, "`\(shown)` is not a repository name: \(reason)",
                hint: "a repository is named `namespace/name`, as in `sentence-transformers/all-MiniLM-L6-v2`",
                details: column.map { [shown, String(repeating: " ", count: $0) + "^"] } ?? [])
        }
        self.kind = kind
        name = text
    }

    private static func defect(of text: String) -> (String, Int?)? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return ("it is empty", nil) }
        var segmentStart = 0
        var slashes = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "/"):
                slashes += 1
                if slashes > 1 { return ("it has more than one `/`", index) }
                if let reason = defect(ofSegment: bytes[segmentStart..<index]) { return (reason, segmentStart) }
                segmentStart = index + 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                break
            case UInt8(ascii: "-"), UInt8(ascii: "."):
                if index > segmentStart, bytes[index - 1] == byte {
                    return ("`\(byte == UInt8(ascii: "-") ? "--" : "..")` is not allowed", index)
                }
            default:
                let place = String(decoding: bytes[..<index], as: UTF8.self).count
                return ("only letters, digits, `_`, `-` and `.` are allowed", place)
            }
        }
        if let reason = defect(ofSegment: bytes[segmentStart...]) { return (reason, segmentStart) }
        if text.hasSuffix(".git") { return ("it ends in `.git`", bytes.count - 4) }
        return nil
    }

    private static func defect(ofSegment segment: ArraySlice<UInt8>) -> String? {
        guard let first = segment.first, let last = segment.last else { return "a part is empty" }
        if segment.count > maximumSegmentLength { return "a part is longer than \(maximumSegmentLength) characters" }
        let edges: [UInt8] = [UInt8(ascii: "-"), UInt8(ascii: ".")]
        if edges.contains(first) || edges.contains(last) { return "a part begins or ends with `-` or `.`" }
        return nil
    }

    /// The folder of this repository in a Hugging Face cache: `models--org--name`.
    public var cacheFolder: String { kind.plural + "--" + name.split(separator: "/").joined(separator: "--") }

    /// The name, with its kind in front unless it is a model.
    public var description: String { kind.urlPrefix + name }

    /// Orders by kind, then by name bytes.
    public static func < (left: RepositoryID, right: RepositoryID) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
