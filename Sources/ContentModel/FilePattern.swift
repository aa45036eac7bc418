// SPDX-License-Identifier: Apache-2.0

/// A pattern over file paths with the Hub's rules: Python's `fnmatch.fnmatchcase`, where `*` crosses `/`, and a pattern
/// that ends in `/` means everything below.
public struct FilePattern: Hashable, Sendable, CustomStringConvertible {
    private enum Token: Hashable {
        case any
        case one
        case literal(UnicodeScalar)
        case set([ClosedRange<UInt32>], negated: Bool)
    }

    /// The pattern as it was written.
    public let description: String
    private let tokens: [Token]

    /// The longest pattern accepted, in characters.
    public static let maximumLength = 1024

    /// Compiles `text`. As in fnmatch every text is a pattern: an unclosed `[` stands for itself.
    ///
    /// - Throws: `Failure` with code `usage` when it is empty or too long.
    public init(_ text: String) throws(Failure) {
        guard !text.isEmpty, text.unicodeScalars.count <= FilePattern.maximumLength else {
            throw Failure(
                .usage, "a file pattern must have 1 to \(FilePattern.maximumLength) characters: `\(Escaped(text))`")
        }
        description = text
        tokens = FilePattern.compile(Array((text.hasSuffix("/") ? text + "*" : text).unicodeScalars))
    }

    private static func compile(_ text: [UnicodeScalar]) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < text.count {
            let scalar = text[index]
            index += 1
            switch scalar {
            case "*": if tokens.last != .any { tokens.append(.any) }
            case "?": tokens.append(.one)
            case "[":
                var end = index
                if end < text.count, text[end] == "!" { end += 1 }
                if end < text.count, text[end] == "]" { end += 1 }
                while end < text.count, text[end] != "]" { end += 1 }
                guard end < text.count else {
                    tokens.append(.literal("["))
                    continue
                }
                tokens.append(set(Array(text[index..<end])))
                index = end + 1
            default: tokens.append(.literal(scalar))
            }
        }
        return tokens
    }

    private static func set(_ body: [UnicodeScalar]) -> Token {
        var body = body[...]
        let negated = body.first == "!"
        if negated { body = body.dropFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        var index = body.startIndex
        while index < body.endIndex {
            let low = body[index].value
            if index + 2 < body.endIndex, body[index + 1] == "-" {
                let high = body[index + 2].value
                if low <= high { ranges.append(low...high) }  // an inverted range matches nothing, as in Python
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        return .set(ranges, negated: negated)
    }

    /// Whether `path` matches, in time proportional to pattern × path.
    public func matches(_ path: RelativePath) -> Bool {
        let text = Array(path.description.unicodeScalars)
        // Greedy with one point of return: only the last `*` ever needs to be tried again.
        var (t, p) = (0, 0)
        var star: (token: Int, text: Int)?
        while t < text.count {
            if p < tokens.count, tokens[p] == .any {
                star = (p, t)
                p += 1
            } else if p < tokens.count, FilePattern.accepts(tokens[p], text[t]) {
                p += 1
                t += 1
            } else if let back = star {
                star = (back.token, back.text + 1)
                (p, t) = (back.token + 1, back.text + 1)
            } else {
                return false
            }
        }
        while p < tokens.count, tokens[p] == .any { p += 1 }
        return p == tokens.count
    }

    private static func accepts(_ token: Token, _ scalar: UnicodeScalar) -> Bool {
        switch token {
        case .any, .one: true
        case .literal(let expected): expected == scalar
        case .set(let ranges, let negated): ranges.contains { $0.contains(scalar.value) } != negated
        }
    }

    /// Equality of the texts, byte for byte.
    public static func == (left: FilePattern, right: FilePattern) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// Hashes the text's bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }

    /// Whether `path` is selected: any `include` matches (or there is none) and no `exclude` does.
    public static func selects(_ path: RelativePath, include: [FilePattern], exclude: [FilePattern]) -> Bool {
        (include.isEmpty || include.contains { $0.matches(path) }) && !exclude.contains { $0.matches(path) }
    }
}
