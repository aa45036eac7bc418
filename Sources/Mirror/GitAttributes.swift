// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What a `.gitattributes` file says about git LFS.
///
/// Reads the `filter` attribute only. Patterns have git's rules: without a slash they match the name, with one the
/// whole path; `*` and `?` stop at a slash, `**` does not.
struct GitAttributes: Sendable {
    private struct Rule: Sendable {
        let pattern: PathGlob
        let isLarge: Bool
    }
    private let rules: [Rule]

    /// The longest file that is read, in bytes; git's own limit is 100 MB.
    static let maximumLength = 1 << 20
    /// How many patterns are read; later ones are ignored.
    static let maximumRules = 4096

    /// Reads the text of a file. Lines that are not understood are passed over, as git does.
    init(_ text: [UInt8]) {
        var rules: [Rule] = []
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        where rules.count < GitAttributes.maximumRules {
            guard let (pattern, attributes) = GitAttributes.split(line), let glob = PathGlob(pattern) else { continue }
            for attribute in attributes {
                let text = String(decoding: attribute, as: UTF8.self)
                if text == "filter=lfs" {
                    rules.append(Rule(pattern: glob, isLarge: true))
                } else if text == "-filter" || text == "!filter" || text == "filter" || text.hasPrefix("filter=") {
                    rules.append(Rule(pattern: glob, isLarge: false))
                }
            }
        }
        self.rules = rules
    }

    private static func split(_ line: ArraySlice<UInt8>) -> ([UInt8], [ArraySlice<UInt8>])? {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let line = line.drop(while: isSpace)
        guard let first = line.first, first != UInt8(ascii: "#") else { return nil }
        guard first == UInt8(ascii: "\"") else {
            let words = line.split(whereSeparator: isSpace)
            return words.first.map { (Array($0), Array(words.dropFirst())) }
        }
        var pattern: [UInt8] = []
        var index = line.startIndex + 1
        while index < line.endIndex, line[index] != UInt8(ascii: "\"") {
            if line[index] == UInt8(ascii: "\\"), index + 1 < line.endIndex { index += 1 }
            pattern.append(line[index])
            index += 1
        }
        guard index < line.endIndex else { return nil }
        return (pattern, line[(index + 1)...].split(whereSeparator: isSpace))
    }

    /// Whether `path` is to be stored by git LFS; nil when the file says nothing about it. The last rule wins.
    func isLarge(_ path: RelativePath) -> Bool? {
        let bytes = Array(path.description.utf8)
        return rules.last { $0.pattern.matches(bytes) }?.isLarge
    }
}
