// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Looks for tags and callables in YAML, line by line: no document is built, so anchors cannot multiply.
package enum YAMLCheck {
    /// Checks a YAML file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.textBytes, at: place, into: &findings) else {
            return
        }
        guard let text = decoded(bytes) else {
            findings.add(.documentMalformed, place, "\(CheckText.quoted(name)) is neither UTF-8 nor UTF-16")
            return
        }
        check(Array(text.utf8), name: name, at: place, into: &findings)
    }

    /// YAML may be UTF-16, which a search for bytes would not see.
    private static func decoded(_ bytes: [UInt8]) -> String? {
        let isLittle = bytes.starts(with: [0xFF, 0xFE])
        guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return CheckText.text(bytes) }
        var units: [UInt16] = []
        for index in stride(from: 2, to: bytes.count - 1, by: 2) {
            units.append(
                isLittle
                    ? UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8
                    : UInt16(bytes[index + 1]) | UInt16(bytes[index]) << 8)
        }
        return String(decoding: units, as: UTF16.self)
    }

    private static func check(_ bytes: [UInt8], name: String, at place: ScanPlace, into findings: inout ScanFindings) {
        var walk = ConfigWalk(name: name, place: place, repository: nil)
        let lines = lines(bytes)
        var pending: String?
        var sawLocal = false
        for (line, raw) in lines {
            let code = withoutComment(unescaped(raw))
            let text = String(decoding: code, as: UTF8.self)
            // `? key` is a key whose value follows behind a colon of its own.
            let isExplicit = code.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: ":")
            let rest = isExplicit ? code[...].drop { $0 == 0x20 || $0 == 0x09 }.dropFirst() : code[...]
            if let key = pending, let value = scalar(rest), !value.isEmpty {
                set(key, value, line, &walk)
                pending = nil
            }
            if hasOnlyPlainValues(code) {
                findings.add(
                    .yamlPythonTag, place.line(line),
                    "the line has a tag of Python for a plain value: \(CheckText.quoted(text, limit: 80))",
                    verdict: .review)
            } else if CheckText.contains(text, "!!python") || CheckText.contains(text, "2002:python") {
                findings.add(
                    .yamlPythonTag, place.line(line),
                    "the line has a tag of Python: \(CheckText.quoted(text, limit: 80))")
            } else if let tag = localTag(code) {
                let name = tag.split(separator: ":", maxSplits: 1).dropFirst().first.map(String.init)
                if let name, PythonNames.isForbiddenTarget(name) {
                    findings.add(
                        .configDangerousTarget, place.line(line), "the tag \(CheckText.quoted(tag)) names a callable",
                        name: name)
                } else if !sawLocal {
                    sawLocal = true
                    findings.add(.yamlLocalTag, place.line(line), "the tag \(CheckText.quoted(tag)) is used", name: tag)
                }
            }
            if explicitKey(code) == "_target_" { pending = "_target_" }
            if isAlias(of: "_target_", code) {
                findings.add(
                    .configUnknownTarget, place.line(line), "`_target_` is a value, which can be a key elsewhere",
                    name: "_target_")
            }
            for key in [
                "_target_", "target", "class_path", "loader_module", "trust_remote_code", "auto_map",
                "_attn_implementation",
            ] {
                guard let value = value(of: key, in: code) else { continue }
                if let text = scalar(value), !text.isEmpty { set(key, text, line, &walk) } else { pending = key }
            }
        }
        for finding in walk.findings.findings { findings.add(finding) }
    }

    /// Tags that make plain values, as trainers write them into their settings.
    private static let plain = [
        "tuple", "str", "unicode", "int", "long", "float", "complex", "bool", "none", "bytes", "list", "dict",
    ]

    /// Whether a line has tags of Python, and none but those of plain values.
    private static func hasOnlyPlainValues(_ line: [UInt8]) -> Bool {
        let tag = Array("!!python".utf8)
        guard CheckText.find(Array("2002:python".utf8), in: line) == nil else { return false }
        var start = 0
        while let found = CheckText.find(tag, in: line, from: start) {
            start = found + tag.count
            let name = line[start...].prefix { $0 > 0x20 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "]") }
            guard plain.contains(where: { name.elementsEqual("/\($0)".utf8) }) else { return false }
        }
        return start > 0
    }

    /// The lines with their numbers. YAML ends lines at more characters than editors count.
    private static func lines(_ bytes: [UInt8]) -> [(Int, [UInt8])] {
        var result: [(Int, [UInt8])] = []
        var current: [UInt8] = []
        var (number, index) = (1, 0)
        while index < bytes.count {
            let rest = bytes[index...]
            if rest.starts(with: [0xC2, 0x85]) || bytes[index] == 0x0D || bytes[index] == 0x0A {
                result.append((number, current))
                current = []
                if bytes[index] == 0x0A { number += 1 }
                index += bytes[index] == 0xC2 ? 2 : 1
            } else if rest.starts(with: [0xE2, 0x80, 0xA8]) || rest.starts(with: [0xE2, 0x80, 0xA9]) {
                result.append((number, current))
                current = []
                index += 3
            } else {
                current.append(bytes[index])
                index += 1
            }
        }
        return result + [(number, current)]
    }

    /// The key of a line `? key`.
    private static func explicitKey(_ line: [UInt8]) -> String? {
        let rest = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: "-") }
        guard rest.first == UInt8(ascii: "?"), rest.dropFirst().first == 0x20 else { return nil }
        return scalar(rest.dropFirst())
    }

    /// Whether a line gives the word an anchor, as a value.
    private static func isAlias(of word: String, _ line: [UInt8]) -> Bool {
        guard let anchor = line.firstIndex(of: UInt8(ascii: "&")) else { return false }
        let rest = line[anchor...].drop { $0 != 0x20 }
        return scalar(rest).map { $0.utf8.elementsEqual(word.utf8) } ?? false
    }

    private static func set(_ key: String, _ value: String, _ line: Int, _ walk: inout ConfigWalk) {
        walk.entry(key, ScannedJSON.Node(value: .string(value), line: line))
    }

    /// What follows `key:` in a line; the key stands alone, quoted or not.
    private static func value(of key: String, in line: [UInt8]) -> ArraySlice<UInt8>? {
        let name = Array(key.utf8)
        var start = 0
        while let found = CheckText.find(name, in: line, from: start) {
            start = found + name.count
            if found > 0, isWord(line[found - 1]) { continue }
            var rest = line[start...]
            if let quote = rest.first, quote == 0x22 || quote == 0x27 { rest = rest.dropFirst() }
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard rest.first == UInt8(ascii: ":") else { continue }
            return rest.dropFirst()
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte == 0x5F || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    /// A scalar without quotes, anchor and tag, up to where a flow would go on.
    private static func scalar(_ bytes: ArraySlice<UInt8>) -> String? {
        var rest = bytes.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        while let first = rest.first, first == UInt8(ascii: "&") || first == UInt8(ascii: "!") {
            rest = rest.drop { $0 != 0x20 }.drop { $0 == 0x20 }
        }
        if let first = rest.first, [UInt8(ascii: ">"), UInt8(ascii: "|")].contains(first) { return nil }
        if let quote = rest.first, quote == 0x22 || quote == 0x27 {
            return String(decoding: rest.dropFirst().prefix { $0 != quote }, as: UTF8.self)
        }
        var text = rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") && $0 != UInt8(ascii: "]") }
        while let last = text.last, last == 0x20 || last == 0x0D || last == 0x09 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    /// A tag such as `!include`, where a tag can stand.
    private static func localTag(_ line: [UInt8]) -> String? {
        var before: UInt8 = 0x20
        var quote: UInt8?
        var lead: UInt8?
        for (index, byte) in line.enumerated() {
            defer {
                before = byte
                if byte != 0x20, byte != 0x09 { lead = byte }
            }
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            if (byte == 0x22 || byte == 0x27) && !isWord(before) { quote = byte }
            guard byte == UInt8(ascii: "!"), before == 0x20 || before == 0x09, index + 1 < line.count else { continue }
            guard
                lead == nil || lead == UInt8(ascii: ":") || lead == UInt8(ascii: "-") || lead == UInt8(ascii: ",")
                    || lead == UInt8(ascii: "[") || lead == UInt8(ascii: "{")
            else { continue }
            let tag = line[index...].prefix { $0 > 0x20 && $0 != UInt8(ascii: ",") }
            let known = [
                "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!set", "!!binary", "!!timestamp",
                "!!omap",
            ]
            let text = String(decoding: tag, as: UTF8.self)
            guard tag.count > 1, !known.contains(text),
                isWord(line[index + 1]) || line[index + 1] == UInt8(ascii: "!")
                    || line[index + 1] == UInt8(ascii: "<")
            else { continue }
            return text
        }
        return nil
    }

    private static func withoutComment(_ line: [UInt8]) -> [UInt8] {
        var quote: UInt8?
        for (index, byte) in line.enumerated() {
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == 0x22 || byte == 0x27 {
                if index == 0 || !isWord(line[index - 1]) { quote = byte }
            } else if byte == UInt8(ascii: "#"), index == 0 || line[index - 1] == 0x20 || line[index - 1] == 0x09 {
                return Array(line[..<index])
            }
        }
        return line
    }

    /// The line with `%2F`, `\x2f` and `\u002f` read as the bytes they stand for.
    private static func unescaped(_ line: [UInt8]) -> [UInt8] {
        guard line.contains(UInt8(ascii: "%")) || line.contains(UInt8(ascii: "\\")) else { return line }
        var out: [UInt8] = []
        var index = 0
        while index < line.count {
            let byte = line[index]
            var digits = 0
            var skip = 1
            if byte == UInt8(ascii: "%") { digits = 2 }
            if byte == UInt8(ascii: "\\"), index + 1 < line.count {
                switch line[index + 1] {
                case UInt8(ascii: "x"): (digits, skip) = (2, 2)
                case UInt8(ascii: "u"): (digits, skip) = (4, 2)
                case UInt8(ascii: "U"): (digits, skip) = (8, 2)
                default: break
                }
            }
            let end = index + skip + digits
            if digits > 0, end <= line.count,
                let code = UInt32(String(decoding: line[index + skip..<end], as: UTF8.self), radix: 16), code >= 0x20,
                let scalar = Unicode.Scalar(code)
            {
                out += Array(String(scalar).utf8)
                index = end
            } else {
                out.append(byte)
                index += 1
            }
        }
        return out
    }
}
