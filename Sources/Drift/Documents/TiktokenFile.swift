// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A vocabulary in the form of tiktoken: a line for each token, its bytes in base64 and its rank.
struct TiktokenFile {
    /// The tokens with their ranks, in the order of the file. A token that is no UTF-8 text is shown by its bytes.
    let tokens: [VocabularyComparison.Token]

    /// The most lines: the largest vocabularies in use have a quarter of a million.
    static let maximumLines = 2_000_000

    /// Reads a file; nil when it is none, or has more than `maximumLines` lines.
    init?(_ bytes: [UInt8]) {
        var tokens: [VocabularyComparison.Token] = []
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let words = line.split(separator: 0x20)
            guard tokens.count < TiktokenFile.maximumLines, words.count == 2,
                let token = TiktokenFile.decoded(words[0]),
                let rank = Int64(String(decoding: words[1], as: UTF8.self)), rank >= 0
            else { return nil }
            tokens.append(.init(TiktokenFile.shown(token), rank))
        }
        guard !tokens.isEmpty else { return nil }
        self.tokens = tokens
    }

    /// One text for each sequence of bytes: what stands for a byte cannot be a token's own text.
    private static func shown(_ token: [UInt8]) -> String {
        if let text = String(validating: token, as: UTF8.self), !text.utf8.contains(0) { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = token.map { String(decoding: [digits[Int($0 >> 4)], digits[Int($0 & 15)]], as: UTF8.self) }
        return "\u{0}" + bytes.joined(separator: " ")
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
        var out: [UInt8] = []
        var bits: UInt32 = 0
        for (index, byte) in text.dropLast(padding).enumerated() {
            guard let value = value(byte) else { return nil }
            bits = bits << 6 | value
            if index % 4 == 3 {
                out += [UInt8(bits >> 16 & 0xFF), UInt8(bits >> 8 & 0xFF), UInt8(bits & 0xFF)]
                bits = 0
            }
        }
        switch padding {
        case 1: out += [UInt8(bits >> 10 & 0xFF), UInt8(bits >> 2 & 0xFF)]
        case 2: out.append(UInt8(bits >> 4 & 0xFF))
        default: break
        }
        return out
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
