// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

/// Finds the small parts of a `tokenizer.json` between its vocabulary and its merges, which are passed over unread: such a file has
/// tens of megabytes.
struct TokenizerParts {
    /// The members that effective defaults are made of, and what they are called there.
    static let wanted: [(key: String, name: String)] = [
        ("normalizer", "normalizer"), ("pre_tokenizer", "pre-tokenizer"), ("post_processor", "post-processor"),
        ("decoder", "decoder"),
    ]
    /// The longest part that is read, in bytes.
    static let maximumPart = 1 << 20
    /// The most members of the file.
    static let maximumMembers = 1000

    /// The parts by key; a null for a part that is `null`.
    let parts: [(key: String, value: JSONValue)]

    /// Reads the parts; nil when the text is no JSON object, or has a key twice.
    init?(_ bytes: [UInt8]) {
        var walk = Walk(bytes: bytes)
        guard let members = walk.members() else { return nil }
        var parts: [(String, JSONValue)] = []
        for (key, _) in TokenizerParts.wanted {
            let found = members.filter { $0.key.elementsEqual(key.utf8) }
            guard found.count <= 1 else { return nil }
            guard let member = found.first else { continue }
            guard member.value.count <= TokenizerParts.maximumPart else { return nil }
            let text = Array(bytes[member.value])
            guard JSONShape.defect(of: text) == nil,
                let value = try? JSONDecoder().decode([JSONValue].self, from: Data([0x5B] + text + [0x5D])).first
            else { return nil }
            parts.append((key, value))
        }
        self.parts = parts
    }

    /// What stands for a part: its type and the digest of its compact JSON with sorted keys, so that white space and the order of
    /// keys do not count.
    static func summary(_ value: JSONValue) -> JSONValue {
        guard value != .null else { return .null }
        let digest = JSONValue.Member("sha256", .string(Digest(of: value.text(.compact)).description))
        let type = value["type"].map { [JSONValue.Member("type", $0)] } ?? []
        return .object([digest] + type)
    }

    /// Steps over values by their brackets and quotes.
    private struct Walk {
        struct Member {
            let key: ArraySlice<UInt8>
            let value: Range<Int>
        }

        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func members() -> [Member]? {
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return nil }
            guard take("{") else { return nil }
            var members: [Member] = []
            if take("}") { return isAtEnd ? members : nil }
            repeat {
                guard let key = string(), take(":"), let value = value() else { return nil }
                // A key with an escape could be one of ours in disguise.
                guard !key.contains(UInt8(ascii: "\\")), members.count < TokenizerParts.maximumMembers else {
                    return nil
                }
                members.append(Member(key: key, value: value))
            } while take(",")
            return take("}") && isAtEnd ? members : nil
        }

        private var isAtEnd: Bool { bytes[index...].allSatisfy { Walk.isSpace($0) } }

        private static func isSpace(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        }

        private mutating func skipSpace() { while index < bytes.count, Walk.isSpace(bytes[index]) { index += 1 } }

        private mutating func take(_ letter: Unicode.Scalar) -> Bool {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: letter) else { return false }
            index += 1
            return true
        }

        private mutating func string() -> ArraySlice<UInt8>? {
            guard take("\"") else { return nil }
            let start = index
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "\""):
                    index += 1
                    return bytes[start..<(index - 1)]
                case UInt8(ascii: "\\"): index += 2
                default: index += 1
                }
            }
            index = bytes.count
            return nil
        }

        private mutating func value() -> Range<Int>? {
            skipSpace()
            let start = index
            var depth = 0
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "\""):
                    guard string() != nil else { return nil }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return start < index ? start..<index : nil }
                    depth -= 1
                case UInt8(ascii: ",") where depth == 0: return start < index ? start..<index : nil
                default: break
                }
                index += 1
            }
            return nil
        }
    }
}
