// SPDX-License-Identifier: Apache-2.0

/// A pattern over paths with git's rules (gitignore(5), without negation).
struct PathGlob: Sendable {
    private enum Token: Sendable {
        case literal(UInt8)
        case one
        case star
        case everything
        /// `**/`: any number of whole directories. Takes two places: at a boundary, and inside a name.
        case directories, insideDirectory
        case set([ClosedRange<UInt8>], negated: Bool)
    }
    private let tokens: [Token]
    private let matchesName: Bool

    /// The longest pattern accepted, in bytes.
    static let maximumLength = 1024
    private static let slash = UInt8(ascii: "/")

    /// Compiles a pattern; nil when it is empty, too long, negated or an unclosed set.
    init?(_ pattern: [UInt8]) {
        guard !pattern.isEmpty, pattern.count <= PathGlob.maximumLength, pattern.first != UInt8(ascii: "!") else {
            return nil
        }
        matchesName = !pattern.contains(PathGlob.slash)
        let body = Array(pattern.first == PathGlob.slash ? pattern.dropFirst() : pattern[...])
        var tokens: [Token] = []
        var index = 0
        while index < body.count {
            switch body[index] {
            case UInt8(ascii: "*"):
                var end = index
                while end < body.count, body[end] == UInt8(ascii: "*") { end += 1 }
                let opens = index == 0 || body[index - 1] == PathGlob.slash
                if end - index == 2, opens, end < body.count, body[end] == PathGlob.slash {
                    tokens += [.directories, .insideDirectory]
                    end += 1
                } else if end - index == 2, opens, end == body.count {
                    tokens.append(.everything)
                } else {
                    tokens.append(.star)
                }
                index = end
            case UInt8(ascii: "?"):
                tokens.append(.one)
                index += 1
            case UInt8(ascii: "["):
                guard let (token, next) = PathGlob.set(body, at: index + 1) else { return nil }
                tokens.append(token)
                index = next
            case UInt8(ascii: "\\") where index + 1 < body.count:
                tokens.append(.literal(body[index + 1]))
                index += 2
            default:
                tokens.append(.literal(body[index]))
                index += 1
            }
        }
        self.tokens = tokens
    }

    private static let classes: [String: [ClosedRange<UInt8>]] = [
        "space": [0x09...0x0D, 0x20...0x20], "digit": [0x30...0x39], "alpha": [0x41...0x5A, 0x61...0x7A],
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "upper": [0x41...0x5A], "lower": [0x61...0x7A],
        "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]

    private static func set(_ body: [UInt8], at start: Int) -> (Token, Int)? {
        var index = start
        var ranges: [ClosedRange<UInt8>] = []
        let negated = index < body.count && (body[index] == UInt8(ascii: "!") || body[index] == UInt8(ascii: "^"))
        if negated { index += 1 }
        let first = index
        while index < body.count {
            if body[index] == UInt8(ascii: "]"), index > first { return (.set(ranges, negated: negated), index + 1) }
            if body[index] == UInt8(ascii: "["), index + 1 < body.count, body[index + 1] == UInt8(ascii: ":"),
                let colon = body[(index + 2)...].firstIndex(of: UInt8(ascii: ":")), colon + 1 < body.count,
                body[colon + 1] == UInt8(ascii: "]")
            {
                guard let known = classes[String(decoding: body[(index + 2)..<colon], as: UTF8.self)] else {
                    return nil
                }
                ranges += known
                index = colon + 2
                continue
            }
            if body[index] == UInt8(ascii: "\\"), index + 1 < body.count { index += 1 }
            let low = body[index]
            if index + 2 < body.count, body[index + 1] == UInt8(ascii: "-"), body[index + 2] != UInt8(ascii: "]") {
                if low <= body[index + 2] { ranges.append(low...body[index + 2]) }
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        return nil
    }

    /// Whether the path matches, in time proportional to pattern × path: all places the pattern can be at advance
    /// together.
    func matches(_ path: [UInt8]) -> Bool {
        let text = matchesName ? path[(path.lastIndex(of: PathGlob.slash).map { $0 + 1 } ?? 0)...] : path[...]
        var places = [Bool](repeating: false, count: tokens.count + 1)
        places[0] = true
        skipEmptyMatches(&places)
        for byte in text {
            var next = [Bool](repeating: false, count: tokens.count + 1)
            for place in 0..<tokens.count where places[place] {
                if let target = advance(tokens[place], byte, place) { next[target] = true }
            }
            skipEmptyMatches(&next)
            places = next
        }
        return places[tokens.count]
    }

    private func advance(_ token: Token, _ byte: UInt8, _ place: Int) -> Int? {
        let isSlash = byte == PathGlob.slash
        switch token {
        case .literal(let expected): return byte == expected ? place + 1 : nil
        case .one: return isSlash ? nil : place + 1
        case .star: return isSlash ? nil : place
        case .everything: return place
        case .directories: return isSlash ? nil : place + 1
        case .insideDirectory: return isSlash ? place - 1 : place
        case .set(let ranges, let negated):
            return !isSlash && ranges.contains { $0.contains(byte) } != negated ? place + 1 : nil
        }
    }

    private func skipEmptyMatches(_ places: inout [Bool]) {
        for place in 0..<tokens.count where places[place] {
            switch tokens[place] {
            case .star, .everything: places[place + 1] = true
            case .directories: places[place + 2] = true
            default: break
            }
        }
    }
}
