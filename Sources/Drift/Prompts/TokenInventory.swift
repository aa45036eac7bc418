// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
internal import Jinja

/// Which control tokens a tokenizer knows.
package struct TokenInventory: Sendable {
    private let added: Set<[UInt8]>
    /// `tokenizer.json` as it is; its vocabulary is searched, not parsed.
    private let vocabulary: [UInt8]

    /// The most tokens that are taken out of one list.
    private static let maximumTokens = 1_000_000

    /// Takes tokens that are at hand.
    package init(_ tokens: [String]) {
        added = Set(tokens.map { Array($0.utf8) })
        vocabulary = []
    }

    private init(added: Set<[UInt8]>, vocabulary: [UInt8]) { (self.added, self.vocabulary) = (added, vocabulary) }

    /// Reads what the tokenizer of a source knows; nil when the source has no file that says so.
    ///
    /// - Throws: what the snapshot's reader throws.
    package static func read(
        _ snapshot: Snapshot, role: SourceRole, directory: String = ""
    ) async throws -> TokenInventory? {
        func bytes(_ name: String) async throws -> [UInt8]? {
            guard let path = try? RelativePath(directory.isEmpty ? name : directory + "/" + name) else { return nil }
            do { return try await snapshot.document(path, role: role) } catch let failure as Failure
                where failure.code == .missing
            { return nil }
        }
        func json(_ name: String) async throws -> JSONValue? {
            guard let text = try await bytes(name).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                return nil
            }
            return try? JSONValue(parsing: text)
        }
        guard let vocabulary = try await bytes("tokenizer.json") else { return nil }
        var added: Set<[UInt8]> = []
        for member in (try await json("tokenizer_config.json")?.last("added_tokens_decoder")?.members ?? []).prefix(
            maximumTokens)
        {
            if let text = member.value.last("content")?.string { added.insert(Array(text.utf8)) }
        }
        for member in (try await json("added_tokens.json")?.members ?? []).prefix(maximumTokens) {
            added.insert(Array(member.key.utf8))
        }
        return TokenInventory(added: added, vocabulary: vocabulary)
    }

    /// Whether the tokenizer has a token of exactly this text.
    package func knows(_ token: String) -> Bool {
        if added.contains(Array(token.utf8)) { return true }
        guard !vocabulary.isEmpty else { return false }
        // As it is, or with everything that is not ASCII escaped, as Python's `json` writes by default.
        return TokenInventory.spellings(token).contains { TokenInventory.contains(vocabulary, $0) }
    }

    private static func spellings(_ token: String) -> [[UInt8]] {
        let plain = Array(JSONValue.string(token).text(.compact).utf8)
        var escaped: [UInt8] = []
        for unit in String(decoding: plain, as: UTF8.self).utf16 {
            if let byte = UInt8(exactly: unit), byte < 0x80 {
                escaped.append(byte)
            } else {
                let digits = String(unit, radix: 16)
                escaped += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            }
        }
        return plain == escaped ? [plain] : [plain, escaped]
    }

    /// Whether `needle`, whose last byte is rarer than its first, is in the text.
    private static func contains(_ text: [UInt8], _ needle: [UInt8]) -> Bool {
        guard let first = needle.dropFirst().first, needle.count <= text.count else { return false }
        var index = 1
        let last = text.count - (needle.count - 1)
        while index <= last, let found = text[index...].firstIndex(of: first) {
            guard found <= last else { return false }
            if text[found - 1] == needle[0], text[(found - 1)...].starts(with: needle) { return true }
            index = found + 1
        }
        return false
    }
}
