// SPDX-License-Identifier: Apache-2.0

/// The filters that take a text.
struct TextFilters {
    let machine: Machine
    let name: String
    let value: Value
    let arguments: CallArguments

    func call() throws(JinjaError) -> Value {
        let text = try machine.text(value)
        try machine.read(text)
        switch name {
        case "upper": return try plain(text.uppercased())
        case "lower": return try plain(text.lowercased())
        case "capitalize": return try plain(TextMethods.capitalized(text))
        case "title": return try plain(TextFilters.titled(text))
        case "wordcount":
            _ = try bind([])
            var count = 0
            var isInside = false
            for scalar in text.unicodeScalars {
                let isWord = Characters.isWord(scalar)
                if isWord, !isInside { count += 1 }
                isInside = isWord
            }
            return .int(count)
        case "trim":
            let bound = try bind(["chars"])
            if case .string(let characters)? = bound[0] {
                return try machine.string(Characters.strip(text, of: Set(characters.unicodeScalars)))
            }
            return try machine.string(Characters.strip(text))
        case "replace":
            let bound = try bind(["old", "new", "count"], 2)
            let old = try machine.text(bound[0] ?? .none)
            let new = try machine.text(bound[1] ?? .none)
            var limit = -1
            if let count = bound[2] {
                if case .none = count {
                } else if let number = count.wholeNumber {
                    limit = number
                } else {
                    throw JinjaError(.type, "'\(count.typeName)' object cannot be interpreted as an integer")
                }
            }
            let methods = TextMethods(machine: machine, text: text, name: "replace", arguments: arguments)
            return .string(try methods.replaced(old, new, limit))
        case "center":
            let width = try bind(["width"])[0]?.wholeNumber ?? 80
            try machine.reserve(min(max(0, width), .max / 8))
            return try machine.string(TextMethods.centered(text, width))
        case "indent": return try indent(text)
        case "truncate": return try truncate(text)
        case "filesizeformat": return try fileSize()
        case "urlencode": return try urlEncode()
        case "xmlattr": return try attributes()
        case "pprint":
            try machine.reserve(value.weight)
            let text = Representation.repr(value)
            guard text.unicodeScalars.count <= 80, value.depth <= 1 || text.unicodeScalars.count < 80 else {
                throw JinjaError(.unsupported, "the filter `pprint` on what takes more than one line")
            }
            return .string(text)
        case "striptags": return try plain(try TextFilters.unescaped(TextFilters.withoutTags(text)))
        default: throw JinjaError(.unsupported, "the filter `\(name)`")
        }
    }

    private func bind(_ names: [String], _ required: Int = 0) throws(JinjaError) -> [Value?] {
        try machine.bind("do_" + name, names, arguments, required: required)
    }

    private func plain(_ text: String) throws(JinjaError) -> Value {
        _ = try bind([])
        return try machine.string(text)
    }

    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "'": out += "&#39;"
            case "\"": out += "&#34;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Words begin after white space, hyphens and brackets: not as `str.title`.
    static func titled(_ text: String) -> String {
        var out = ""
        var isStart = true
        for scalar in text.unicodeScalars {
            out += isStart ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            isStart = Characters.isSpace(scalar) || ["-", "(", "{", "[", "<"].contains(scalar)
        }
        return out
    }

    private static func withoutTags(_ text: String) -> String {
        let bytes = Array(text.utf8)
        func ends(_ mark: String, from start: Int) -> Int? {
            var place = start
            while place + mark.utf8.count <= bytes.count {
                if bytes[place...].starts(with: mark.utf8) { return place + mark.utf8.count }
                place += 1
            }
            return nil
        }
        var out: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "<") {
                let isComment = bytes[place...].starts(with: "<!--".utf8)
                // What is not closed is no tag, and then there is none behind it either.
                guard let end = isComment ? ends("-->", from: place + 4) : ends(">", from: place) else { break }
                place = end
            } else {
                out.append(bytes[place])
                place += 1
            }
        }
        out += bytes[place...]
        return String(decoding: out, as: UTF8.self).unicodeScalars.split { Characters.isSpace($0) }
            .map { String($0) }.joined(separator: " ")
    }

    /// A text with its entities as characters: the five that the filters write. There are two thousand more.
    private static func unescaped(_ text: String) throws(JinjaError) -> String {
        let known = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'", "#34": "\""]
        let parts = text.split(separator: "&" as Character, omittingEmptySubsequences: false)
        var out = parts.first.map { String($0) } ?? ""
        for part in parts.dropFirst() {
            if let end = part.utf8.firstIndex(of: UInt8(ascii: ";")), let character = known[String(part[..<end])] {
                out += character + part[part.utf8.index(after: end)...]
            } else if let first = part.unicodeScalars.first, first.isASCII,
                first == "#" || first.properties.isAlphabetic
            {
                throw JinjaError(.unsupported, "the filter `striptags` on another entity than `&amp;` and its like")
            } else {
                out += "&" + part
            }
        }
        return out
    }

    private func indent(_ text: String) throws(JinjaError) -> Value {
        let bound = try bind(["width", "first", "blank"])
        switch value {
        case .string, .markup: break
        case .undefined(let missing): throw missing.error
        case .tuple: throw JinjaError(.type, "can only concatenate tuple (not \"str\") to tuple")
        case .list: throw JinjaError(.attribute, "'list' object has no attribute 'splitlines'")
        default:
            throw JinjaError(.type, "unsupported operand type(s) for +=: '\(value.typeName)' and 'str'")
        }
        var prefix = "    "
        if case .string(let given)? = bound[0] {
            prefix = given
        } else if let width = bound[0]?.wholeNumber {
            try machine.reserve(max(0, width))
            prefix = String(repeating: " ", count: max(0, width))
        }
        let isBlankToo = bound[2]?.isTrue ?? false
        let lineCount = text.utf8.reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
        let (growth, overflow) = lineCount.multipliedReportingOverflow(by: prefix.utf8.count)
        try machine.reserve(overflow ? .max : min(.max / 2, growth) + text.utf8.count)
        // As jinja2: the text gets a line end of its own, then the lines behind the first get the prefix.
        var lines = text.split(separator: "\n" as Character, omittingEmptySubsequences: false).map { String($0) }
        if lines.isEmpty { lines = [""] }
        var out = lines[0]
        for line in lines.dropFirst() { out += "\n" + (line.isEmpty && !isBlankToo ? "" : prefix) + line }
        if bound[1]?.isTrue ?? false { out = prefix + out }
        return .string(out)
    }

    private func truncate(_ text: String) throws(JinjaError) -> Value {
        let bound = try bind(["length", "killwords", "end", "leeway"])
        let length = bound[0]?.wholeNumber ?? 255
        var end = try bound[2].map { (value) throws(JinjaError) in try machine.text(value) } ?? "..."
        let leeway = bound[3]?.wholeNumber ?? 5
        let endCount = end.unicodeScalars.count
        guard length >= endCount else { throw JinjaError(.value, "expected length >= \(endCount), got \(length)") }
        guard leeway >= 0 else { throw JinjaError(.value, "expected leeway >= 0, got \(leeway)") }
        let scalars = text.unicodeScalars
        let (limit, overflow) = length.addingReportingOverflow(leeway)
        if value.text == nil {
            // Whatever has a length is left as it is, if that is short enough.
            let count = try machine.length(value)
            if overflow || count <= limit { return value }
            throw JinjaError(.unsupported, "the filter `truncate` on a \(value.typeName)")
        }
        if overflow || scalars.count <= limit { return .string(text) }
        if case .markup = value { end = try machine.escaped(end) }
        let cut = scalars.prefix(length - endCount)
        if bound[1]?.isTrue ?? false { return try machine.string(String(cut) + end) }
        let place = cut.lastIndex(of: " ")
        return try machine.string(String(place.map { cut[..<$0] } ?? cut) + end)
    }

    private func fileSize() throws(JinjaError) -> Value {
        let isBinary = try bind(["binary"])[0]?.isTrue ?? false
        if case .undefined(let missing) = value { throw missing.error }
        var bytes = value.number
        if case .string(let text) = value {
            bytes = Machine.double(text)
            if bytes == nil {
                throw JinjaError(.value, "could not convert string to float: \(Representation.quoted(text))")
            }
        }
        guard let bytes else {
            throw JinjaError(.type, "float() argument must be a string or a real number, not '\(value.typeName)'")
        }
        let base = isBinary ? 1024.0 : 1000.0
        if bytes == 1 { return .string("1 Byte") }
        if bytes < base { return .string("\(NumberFormat.fixed(bytes.rounded(.towardZero), 0)) Bytes") }
        var unit = base
        let names =
            isBinary
            ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
        for name in names {
            unit *= base
            if bytes < unit || name == names.last {
                return .string(NumberFormat.fixed(base * bytes / unit, 1) + " " + name)
            }
        }
        return .string("")
    }

    private static func quotedURL(_ text: String, isQuery: Bool) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/") where !isQuery: out += "/"
            case UInt8(ascii: " ") where isQuery: out += "+"
            default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }

    private func urlEncode() throws(JinjaError) -> Value {
        _ = try bind([])
        var pairs: [Value]
        switch value {
        case .dict(let dict): pairs = ViewObject(.items, dict).items
        case .list(let sequence), .tuple(let sequence): pairs = sequence.items
        default: return try machine.string(TextFilters.quotedURL(try machine.text(value), isQuery: false))
        }
        var out: [String] = []
        for pair in pairs {
            let parts = try machine.iterate(pair)
            guard parts.count == 2 else {
                throw JinjaError(.value, "not enough values to unpack (expected 2, got \(parts.count))")
            }
            out.append(
                TextFilters.quotedURL(try machine.text(parts[0]), isQuery: true) + "="
                    + TextFilters.quotedURL(try machine.text(parts[1]), isQuery: true))
        }
        pairs = []
        return try machine.string(out.joined(separator: "&"))
    }

    private func attributes() throws(JinjaError) -> Value {
        let hasSpace = try bind(["autospace"])[0]?.isTrue ?? true
        guard case .dict(let dict) = value else {
            throw JinjaError(.attribute, "'\(value.typeName)' object has no attribute 'items'")
        }
        var out: [String] = []
        for entry in dict.entries {
            if case .none = entry.value { continue }
            if entry.value.isUndefined { continue }
            let key = try machine.text(entry.key)
            if key.unicodeScalars.contains(where: { Characters.isSpace($0) || "/>=".unicodeScalars.contains($0) }) {
                throw JinjaError(.value, "Invalid character in attribute name: \(Representation.quoted(key))")
            }
            out.append("\(TextFilters.escaped(key))=\"\(TextFilters.escaped(try machine.text(entry.value)))\"")
        }
        return try machine.string((hasSpace && !out.isEmpty ? " " : "") + out.joined(separator: " "))
    }
}
