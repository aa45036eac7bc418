// SPDX-License-Identifier: Apache-2.0

/// The methods of a string.
struct TextMethods {
    let machine: Machine
    let text: String
    let name: String
    let arguments: CallArguments

    func call() throws(JinjaError) -> Value {
        try machine.read(text)
        switch name {
        case "upper": return try plain { $0.uppercased() }
        case "lower", "casefold": return try plain { $0.lowercased() }
        case "capitalize": return try plain(TextMethods.capitalized)
        case "title": return try plain(TextMethods.titled)
        case "swapcase":
            return try plain { text in
                text.unicodeScalars.map { scalar in
                    scalar.properties.isLowercase
                        ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
                }.joined()
            }
        case "strip", "lstrip", "rstrip": return try strip()
        case "split", "rsplit": return try split()
        case "splitlines": return try splitLines()
        case "startswith", "endswith": return try affix()
        case "replace": return try replace()
        case "join":
            let bound = try bind(["iterable"], 1)
            var parts: [String] = []
            for (place, item) in try machine.iterate(bound[0] ?? .none).enumerated() {
                guard let part = item.text else {
                    throw JinjaError(.type, "sequence item \(place): expected str instance, \(item.typeName) found")
                }
                parts.append(part)
            }
            try machine.reserve(parts.reduce(0) { $0 + $1.utf8.count + text.utf8.count })
            return .string(parts.joined(separator: text))
        case "find", "rfind", "index", "rindex", "count": return try search()
        case "removeprefix", "removesuffix":
            let part = try string(try bind(["affix"], 1)[0])
            if name == "removeprefix" {
                return try machine.string(text.utf8.starts(with: part.utf8) ? cut(dropFirst: part.utf8.count) : text)
            }
            return try machine.string(
                !part.isEmpty && text.utf8.reversed().starts(with: part.utf8.reversed())
                    ? String(decoding: text.utf8.dropLast(part.utf8.count), as: UTF8.self) : text)
        case "partition", "rpartition": return try partition()
        case "center", "ljust", "rjust", "zfill": return try pad()
        case "expandtabs": return try expandTabs()
        case "encode", "maketrans", "translate":
            throw JinjaError(.unsupported, "the string method `\(name)`")
        default: return .bool(try isOfKind())
        }
    }

    private func bind(_ names: [String], _ required: Int = 0) throws(JinjaError) -> [Value?] {
        try machine.bind("str.\(name)", names, arguments, required: required)
    }

    private func plain(_ change: (String) -> String) throws(JinjaError) -> Value {
        _ = try bind([])
        return try machine.string(change(text))
    }

    private func string(_ value: Value?) throws(JinjaError) -> String {
        if case .string(let text)? = value { return text }
        throw JinjaError(.type, "must be str, not \((value ?? .none).typeName)")
    }

    private func number(_ value: Value?, _ fallback: Int) throws(JinjaError) -> Int {
        guard let value else { return fallback }
        if case .none = value { return fallback }
        guard let number = value.wholeNumber else {
            throw JinjaError(.type, "'\(value.typeName)' object cannot be interpreted as an integer")
        }
        return number
    }

    private func cut(dropFirst count: Int) -> String { String(decoding: text.utf8.dropFirst(count), as: UTF8.self) }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
    }

    /// `str.title`: a capital after everything that is not a letter.
    static func titled(_ text: String) -> String {
        var isInside = false
        return text.unicodeScalars.map { scalar in
            defer { isInside = scalar.properties.isCased }
            return isInside ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
        }.joined()
    }

    private func strip() throws(JinjaError) -> Value {
        let bound = try bind(["chars"])
        var set: Set<Unicode.Scalar>?
        switch bound[0] {
        case nil, .some(.none): break
        case .string(let characters)?: set = Set(characters.unicodeScalars)
        case let value?: throw JinjaError(.type, "\(name) arg must be None or str, not \(value.typeName)")
        }
        return try machine.string(
            Characters.strip(text, left: name != "rstrip", right: name != "lstrip", of: set))
    }

    private func split() throws(JinjaError) -> Value {
        let bound = try bind(["sep", "maxsplit"])
        let limit = try number(bound[1], -1)
        var pieces: [String] = []
        let isReversed = name == "rsplit"
        switch bound[0] {
        case nil, .some(.none):
            let words = text.unicodeScalars.split { Characters.isSpace($0) }
            if limit < 0 || words.count <= limit {
                pieces = words.map { String($0) }
            } else if isReversed {
                let head = words[words.count - limit - 1]
                pieces = [Characters.strip(String(text.unicodeScalars[..<head.endIndex]), right: false)]
                pieces += words.suffix(limit).map { String($0) }
            } else {
                pieces = words.prefix(limit).map { String($0) }
                // What is left keeps the white space at its end.
                pieces.append(String(text.unicodeScalars[words[limit].startIndex...]))
            }
        case .string(let separator)?:
            guard !separator.isEmpty else { throw JinjaError(.value, "empty separator") }
            let places = try self.places(of: separator)
            let bytes = Array(text.utf8)
            let used = limit < 0 ? places[...] : isReversed ? places.suffix(limit) : places.prefix(limit)
            var start = 0
            for place in used {
                pieces.append(String(decoding: bytes[start..<place], as: UTF8.self))
                start = place + separator.utf8.count
            }
            pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        case let value?: throw JinjaError(.type, "must be str or None, not \(value.typeName)")
        }
        return try machine.list(pieces.map { .string($0) })
    }

    /// Where `part` is found, one behind the other, as places in the bytes.
    private func places(of part: String) throws(JinjaError) -> [Int] {
        let (bytes, needle) = (Array(text.utf8), Array(part.utf8))
        var places: [Int] = []
        guard let first = needle.first else { return [] }
        var place = 0
        var effort = 0
        while place + needle.count <= bytes.count {
            var index = 0
            if bytes[place] == first {
                index = 1
                while index < needle.count, bytes[place + index] == needle[index] { index += 1 }
            }
            effort += index + 1
            if index == needle.count {
                places.append(place)
                place += needle.count
            } else {
                place += 1
            }
            if effort > 4096 {
                try machine.step(effort / 32)
                effort = 0
            }
        }
        try machine.reserve(items: places.count)
        return places
    }

    private func splitLines() throws(JinjaError) -> Value {
        let keeps = try bind(["keepends"])[0]?.isTrue ?? false
        var lines: [Value] = []
        var line = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                if keeps { line.append(scalar) }
                if scalar == "\r", rest.first == "\n" {
                    rest.removeFirst()
                    if keeps { line.append("\n") }
                }
                lines.append(.string(String(line)))
                line = String.UnicodeScalarView()
            default: line.append(scalar)
            }
        }
        if !line.isEmpty { lines.append(.string(String(line))) }
        return try machine.list(lines)
    }

    private func affix() throws(JinjaError) -> Value {
        let bound = try bind(["affix", "start", "end"], 1)
        var subject = text
        if bound[1] != nil || bound[2] != nil {
            let scalars = Array(text.unicodeScalars)
            var view = String.UnicodeScalarView()
            for place in Machine.places(scalars.count, try number(bound[1], 0), try number(bound[2], scalars.count), 1)
            {
                view.append(scalars[place])
            }
            subject = String(view)
        }
        let candidates: [Value]
        switch bound[0] {
        case .tuple(let sequence)?: candidates = sequence.items
        case .string?: candidates = [bound[0] ?? .none]
        default:
            throw JinjaError(
                .type, "\(name) first arg must be str or a tuple of str, not \((bound[0] ?? .none).typeName)")
        }
        for candidate in candidates {
            guard let part = candidate.text else {
                throw JinjaError(.type, "tuple for \(name) must only contain str, not \(candidate.typeName)")
            }
            if name == "startswith"
                ? subject.utf8.starts(with: part.utf8) : subject.utf8.reversed().starts(with: part.utf8.reversed())
            {
                return .bool(true)
            }
        }
        return .bool(false)
    }

    func replaced(_ old: String, _ new: String, _ limit: Int) throws(JinjaError) -> String {
        let bytes = Array(text.utf8)
        var places: [Int]
        if old.isEmpty {
            places = [0]
            for scalar in text.unicodeScalars { places.append((places.last ?? 0) + String(scalar).utf8.count) }
        } else {
            places = try self.places(of: old)
        }
        if limit >= 0 { places = Array(places.prefix(limit)) }
        let (growth, overflow) = places.count.multipliedReportingOverflow(by: new.utf8.count)
        try machine.reserve(overflow ? .max : min(.max / 2, growth) + bytes.count)
        var out: [UInt8] = []
        var start = 0
        for place in places {
            out += bytes[start..<place]
            out += new.utf8
            start = place + old.utf8.count
        }
        out += bytes[start...]
        return String(decoding: out, as: UTF8.self)
    }

    private func replace() throws(JinjaError) -> Value {
        let bound = try bind(["old", "new", "count"], 2)
        return .string(try replaced(try string(bound[0]), try string(bound[1]), try number(bound[2], -1)))
    }

    private func search() throws(JinjaError) -> Value {
        let bound = try bind(["sub", "start", "end"], 1)
        let part = try string(bound[0])
        let count = text.unicodeScalars.count
        let range = Machine.places(count, try number(bound[1], 0), try number(bound[2], count), 1)
        let start = try number(bound[1], 0)
        let low = range.first ?? min(max(0, start), count)
        let scalars = Array(text.unicodeScalars)
        var view = String.UnicodeScalarView()
        for place in range { view.append(scalars[place]) }
        let subject = TextMethods(machine: machine, text: String(view), name: name, arguments: arguments)
        var places = part.isEmpty ? Array(0...range.count) : try subject.places(of: part)
        if name == "count" { return .int(places.count) }
        if name.hasPrefix("r"), !part.isEmpty {
            // The last one may overlap one that was found from the left.
            let (bytes, needle) = (Array(subject.text.utf8), Array(part.utf8))
            var place = bytes.count - needle.count
            while place >= 0, !bytes[place...].starts(with: needle) {
                place -= 1
                if place % 256 == 0 { try machine.step(8) }
            }
            places = place >= 0 ? [place] : []
        }
        guard let found = name.hasPrefix("r") ? places.last : places.first else {
            if name.hasSuffix("index") { throw JinjaError(.value, "substring not found") }
            return .int(-1)
        }
        if part.isEmpty { return .int(low + found) }
        return .int(low + String(decoding: Array(subject.text.utf8)[..<found], as: UTF8.self).unicodeScalars.count)
    }

    private func partition() throws(JinjaError) -> Value {
        let separator = try string(try bind(["sep"], 1)[0])
        guard !separator.isEmpty else { throw JinjaError(.value, "empty separator") }
        let bytes = Array(text.utf8)
        let places = try self.places(of: separator)
        guard let place = name == "partition" ? places.first : places.last else {
            let parts = name == "partition" ? [text, "", ""] : ["", "", text]
            return try machine.tuple(parts.map { .string($0) })
        }
        return try machine.tuple([
            .string(String(decoding: bytes[..<place], as: UTF8.self)), .string(separator),
            .string(String(decoding: bytes[(place + separator.utf8.count)...], as: UTF8.self)),
        ])
    }

    private func pad() throws(JinjaError) -> Value {
        let bound = try bind(name == "zfill" ? ["width"] : ["width", "fillchar"], 1)
        let width = try number(bound[0], 0)
        try machine.reserve(min(max(width, 0), .max / 8) * 4)
        if name == "zfill" { return try machine.string(NumberFormat.pad(text, width, "0", "=")) }
        var fill: Unicode.Scalar = " "
        if let value = bound[1] {
            guard case .string(let one) = value, let first = one.unicodeScalars.first, one.unicodeScalars.count == 1
            else { throw JinjaError(.type, "The fill character must be exactly one character long") }
            fill = first
        }
        if name == "center" { return try machine.string(TextMethods.centered(text, width, fill)) }
        return try machine.string(NumberFormat.pad(text, width, fill, name == "ljust" ? "<" : ">"))
    }

    /// `str.center`: of an odd rest the left side gets more where the width is odd.
    static func centered(_ text: String, _ width: Int, _ fill: Unicode.Scalar = " ") -> String {
        let missing = width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let left = missing / 2 + (missing & width & 1)
        return String(repeating: String(fill), count: left) + text
            + String(repeating: String(fill), count: missing - left)
    }

    private func expandTabs() throws(JinjaError) -> Value {
        let size = try number(try bind(["tabsize"])[0], 8)
        guard size <= 1000 else { throw JinjaError(.budget, "tabs of more than 1000 characters") }
        try machine.reserve(text.utf8.count &* max(1, size))
        var out = String.UnicodeScalarView()
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let count = size > 0 ? size - column % size : 0
                for _ in 0..<count { out.append(" ") }
                column += count
            } else {
                out.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return .string(String(out))
    }

    private func isOfKind() throws(JinjaError) -> Bool {
        _ = try bind([])
        let scalars = text.unicodeScalars
        func all(_ test: (Unicode.Scalar) -> Bool) -> Bool { !scalars.isEmpty && scalars.allSatisfy(test) }
        func isAlpha(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
            default: false
            }
        }
        switch name {
        case "isalpha": return all(isAlpha)
        case "isalnum": return all { isAlpha($0) || $0.properties.numericType != nil }
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isdecimal": return all { $0.properties.numericType == .decimal }
        case "isdigit": return all { $0.properties.numericType == .decimal || $0.properties.numericType == .digit }
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isspace": return all { Characters.isSpace($0) }
        case "isprintable": return scalars.allSatisfy { Representation.isPrintable($0) }
        case "islower", "isupper":
            let cased = scalars.filter(\.properties.isCased)
            return !cased.isEmpty
                && cased.allSatisfy { name == "islower" ? $0.properties.isLowercase : $0.properties.isUppercase }
        case "istitle":
            return scalars.contains(where: \.properties.isCased)
                && TextMethods.titled(text).utf8.elementsEqual(text.utf8)
        case "isidentifier":
            guard let first = scalars.first else { return false }
            return Characters.isNameStart(first)
                && scalars.dropFirst().allSatisfy { $0 == "_" || $0.properties.isXIDContinue }
        default: return false
        }
    }
}
