// SPDX-License-Identifier: Apache-2.0

internal import Jinja

/// Works out which texts an expression of a template can be, without running it.
///
/// Names stand for every value that the template assigns to them anywhere: what runs when is not followed, so more may come out than
/// can happen, never less.
struct TemplateFolding {
    /// What is known of an expression.
    enum Folded {
        /// It is one of these texts.
        case texts([String])
        /// It is a list of which each item is one of these; the items of a name or a literal in their order.
        case list([Folded])
        /// It is one of these whole numbers.
        case integer(Int)
        /// It is put together here from parts of which some are not known.
        case computed
        /// It comes from elsewhere.
        case unknown
    }

    /// What the template assigns to each name.
    var assignments: [String: [Expression]] = [:]
    /// Macros whose results are not followed.
    var macros: Set<String> = []
    /// Texts that blocks set.
    var blocks: [String: [String]] = [:]
    private var steps = 0

    /// How many expressions are folded for one template, counting repetitions.
    private static let stepLimit = 2_000_000

    /// The values of `expression`; the work over all calls is limited.
    mutating func fold(_ expression: Expression, depth: Int = 0) -> Folded {
        steps += 1
        guard depth < 40, steps < TemplateFolding.stepLimit else { return .computed }
        let folded = evaluate(expression, depth)
        // Long texts cost more than one step.
        if case .texts(let texts) = folded { for text in texts { steps += text.utf8.count / 32 } }
        return folded
    }

    private mutating func evaluate(_ expression: Expression, _ depth: Int) -> Folded {
        switch expression.kind {
        case .constant(.string(let text)): return .texts([text])
        case .constant(.integer(let number)): return .integer(number)
        case .negative(let value):
            guard let number = fold(value, depth: depth + 1).integer, number != .min else { return .unknown }
            return .integer(-number)
        case .name(let name): return self.name(name, depth)
        case .list(let items), .tuple(let items): return .list(items.prefix(4096).map { fold($0, depth: depth + 1) })
        case .dictionary(let pairs): return .list(pairs.prefix(4096).map { fold($0.key, depth: depth + 1) })
        case .concatenation(let parts): return joined(parts.map { fold($0, depth: depth + 1) }, separator: "")
        case .binary(.add, let left, let right):
            let (a, b) = (fold(left, depth: depth + 1), fold(right, depth: depth + 1))
            // Without a text in sight it is arithmetic.
            guard a.isKnown || b.isKnown else { return .unknown }
            if case .list(let first) = a, case .list(let second) = b { return .list(first + second) }
            return joined([a, b], separator: "")
        case .binary(.multiply, let left, let right):
            return repeated(fold(left, depth: depth + 1), fold(right, depth: depth + 1))
        case .binary(.modulo, let left, let right):
            let format = fold(left, depth: depth + 1)
            guard case .texts = format else { return .unknown }
            return formatted(format, [fold(right, depth: depth + 1)])
        case .conditional(_, let value, let otherwise):
            return either([fold(value, depth: depth + 1)] + (otherwise.map { [fold($0, depth: depth + 1)] } ?? []))
        case .or(let left, let right), .and(let left, let right):
            return either([fold(left, depth: depth + 1), fold(right, depth: depth + 1)])
        case .filter(let value?, let name, let arguments): return filter(value, name, arguments, depth)
        case .call(let function, let arguments): return call(function, arguments, depth)
        case .element(let object, let key): return element(object, key, depth)
        case .attribute(let object, let name):
            guard case .name(let owner) = object.kind else { return .unknown }
            return self.name(owner + "." + name, depth)
        default: return .unknown
        }
    }

    private mutating func name(_ name: String, _ depth: Int) -> Folded {
        let values = assignments[name] ?? []
        guard values.count <= CheckLimits.foldedValues else { return .unknown }
        let texts = blocks[name].map { [Folded.texts(Array($0.prefix(CheckLimits.foldedValues)))] } ?? []
        return either(values.map { fold($0, depth: depth + 4) } + texts)
    }

    private func either(_ values: [Folded]) -> Folded {
        var texts: [String] = []
        var isComputed = false
        for value in values {
            switch value {
            case .texts(let more): texts += more
            case .computed: isComputed = true
            case .list, .integer: if values.count == 1 { return value }
            case .unknown: break
            }
        }
        guard texts.count <= CheckLimits.foldedValues, !texts.isEmpty else { return isComputed ? .computed : .unknown }
        return .texts(texts)
    }

    /// The texts side by side; `computed` as soon as one of them is not known.
    private func joined(_ parts: [Folded], separator: String) -> Folded {
        var results = [""]
        for (index, part) in parts.enumerated() {
            let choices: [String]
            switch part {
            case .texts(let texts): choices = texts
            case .integer(let number): choices = [String(number)]
            default: return .computed
            }
            var next: [String] = []
            for result in results {
                for choice in choices {
                    let text = result + (index == 0 ? "" : separator) + choice
                    guard text.utf8.count <= CheckLimits.foldedBytes, next.count < CheckLimits.foldedValues else {
                        return .computed
                    }
                    next.append(text)
                }
            }
            results = next
        }
        return .texts(results)
    }

    private func repeated(_ left: Folded, _ right: Folded) -> Folded {
        let (value, count): (Folded, Int)
        switch (left, right) {
        case (.texts, .integer(let number)): (value, count) = (left, number)
        case (.integer(let number), .texts): (value, count) = (right, number)
        default: return .unknown
        }
        guard case .texts(let texts) = value else { return .unknown }
        guard count > 0 else { return .texts([""]) }
        guard count <= 4096, texts.allSatisfy({ $0.utf8.count * count <= CheckLimits.foldedBytes }) else {
            return .computed
        }
        return .texts(texts.map { String(repeating: $0, count: count) })
    }

    private func mapped(_ value: Folded, _ change: (String) -> String) -> Folded {
        switch value {
        case .texts(let texts): .texts(texts.map(change))
        case .list: .computed
        default: value
        }
    }

    // MARK: - Filters and methods

    private mutating func filter(
        _ value: Expression, _ name: String, _ arguments: Expression.Arguments, _ depth: Int
    ) -> Folded {
        let folded = fold(value, depth: depth + 1)
        let given = arguments.positional.map { fold($0, depth: depth + 1) }
        switch name {
        case "lower": return mapped(folded) { $0.lowercased() }
        case "upper": return mapped(folded) { $0.uppercased() }
        case "capitalize", "title": return mapped(folded) { $0.capitalizedWord }
        case "string", "trim", "safe", "e", "escape", "forceescape", "striptags", "urlencode":
            return mapped(folded) { $0.trimmedSpaces }
        case "reverse":
            if case .list(let items) = folded { return .list(items.reversed()) }
            return mapped(folded) { String($0.reversed()) }
        case "list":
            if case .texts(let texts) = folded, texts.count == 1 { return .list(texts[0].map { .texts([String($0)]) }) }
            return folded
        case "first", "last":
            guard case .list(let items) = folded else { return folded.isTexts ? .computed : .unknown }
            return (name == "first" ? items.first : items.last) ?? .unknown
        case "join":
            guard let items = listed(folded) else { return folded.isComputed ? .computed : .unknown }
            return joined(items, separator: given.first?.single ?? "")
        case "replace": return replaced(folded, given)
        case "format": return formatted(folded, given)
        case "default", "d": return either([folded] + given)
        case "batch", "slice", "center", "indent", "truncate", "wordwrap", "unique", "sort", "map", "select", "reject":
            return folded.isKnown ? .computed : .unknown
        default: return folded.isKnown && !["length", "count", "int", "tojson"].contains(name) ? .computed : .unknown
        }
    }

    private mutating func call(_ function: Expression, _ arguments: Expression.Arguments, _ depth: Int) -> Folded {
        let given = arguments.positional.map { fold($0, depth: depth + 1) }
        if case .name(let name) = function.kind, macros.contains(name) { return .computed }
        if case .name("dict") = function.kind { return .list(arguments.named.map { .texts([$0.name]) }) }
        guard case .attribute(let object, let method) = function.kind else { return .unknown }
        let folded = fold(object, depth: depth + 1)
        switch method {
        case "lower", "casefold": return mapped(folded) { $0.lowercased() }
        case "upper": return mapped(folded) { $0.uppercased() }
        case "capitalize", "title": return mapped(folded) { $0.capitalizedWord }
        case "strip", "lstrip", "rstrip": return given.isEmpty ? mapped(folded) { $0.trimmedSpaces } : built(folded)
        case "swapcase":
            return mapped(folded) {
                String($0.map { $0.isUppercase ? Character($0.lowercased()) : Character($0.uppercased()) })
            }
        case "join":
            guard let separator = folded.single else { return folded.isKnown ? .computed : .unknown }
            guard let items = given.first.flatMap(listed) else { return .unknown }
            return joined(items, separator: separator)
        case "replace": return replaced(folded, given)
        case "format":
            guard folded.isTexts else { return folded.isComputed ? .computed : .unknown }
            return formatted(folded, given + arguments.named.map { fold($0.value, depth: depth + 1) })
        case "split":
            guard let text = folded.single, let separator = given.first?.single, separator.count == 1,
                let character = separator.first
            else { return built(folded) }
            return .list(
                text.split(separator: character, omittingEmptySubsequences: false).map { .texts([String($0)]) })
        case "keys", "values", "copy": return folded
        default: return built(folded)
        }
    }

    /// A text that is made from known ones in a way that is not followed.
    private func built(_ folded: Folded) -> Folded { folded.isKnown ? .computed : .unknown }

    private func listed(_ folded: Folded) -> [Folded]? {
        switch folded {
        case .list(let items): items
        case .texts(let texts) where texts.count == 1: texts[0].map { .texts([String($0)]) }
        default: nil
        }
    }

    private func replaced(_ folded: Folded, _ given: [Folded]) -> Folded {
        guard folded.isTexts, given.count >= 2 else { return folded.isComputed ? .computed : .unknown }
        guard let old = given[0].single, let new = given[1].single, !old.isEmpty else { return .computed }
        return mapped(folded) { $0.replacing(bytes: old, with: new) }
    }

    /// `%`-formats and `{}`-formats with known arguments: every placeholder takes the next argument.
    private func formatted(_ folded: Folded, _ given: [Folded]) -> Folded {
        guard case .texts(let formats) = folded else { return folded.isComputed ? .computed : .unknown }
        var arguments: [Folded] = []
        for value in given {
            if case .list(let items) = value { arguments += items } else { arguments.append(value) }
        }
        var results: [String] = []
        for format in formats {
            guard let text = TemplateFormat.fill(format, arguments) else { return .computed }
            results.append(text)
        }
        return .texts(results)
    }

    private mutating func element(_ object: Expression, _ key: Expression, _ depth: Int) -> Folded {
        let folded = fold(object, depth: depth + 1)
        guard folded.isKnown else { return .unknown }
        if case .slice(let start, let stop, let step) = key.kind {
            guard case .texts(let texts) = folded else { return .computed }
            if start == nil, stop == nil, case .integer(-1)? = step.map({ fold($0, depth: depth + 1) }) {
                return .texts(texts.map { String($0.reversed()) })
            }
            if start == nil, stop == nil, step == nil { return folded }
            var bounds: [Int?] = [nil, nil]
            for (index, bound) in [start, stop].enumerated() {
                guard let bound else { continue }
                guard case .integer(let number) = fold(bound, depth: depth + 1), number >= 0 else { return .computed }
                bounds[index] = number
            }
            guard step == nil else { return .computed }
            return mapped(folded) { text in
                let characters = Array(text.unicodeScalars)
                let low = min(bounds[0] ?? 0, characters.count)
                let high = max(low, min(bounds[1] ?? characters.count, characters.count))
                return String(String.UnicodeScalarView(characters[low..<high]))
            }
        }
        guard case .integer(let index) = fold(key, depth: depth + 1) else { return .computed }
        guard let items = listed(folded) else { return .computed }
        let place = index < 0 ? items.count + index : index
        return items.indices.contains(place) ? items[place] : .unknown
    }
}

extension TemplateFolding.Folded {
    /// The number, when it is one.
    var integer: Int? {
        if case .integer(let number) = self { return number }
        return nil
    }

    /// Whether it is one or several texts.
    var isTexts: Bool {
        if case .texts = self { return true }
        return false
    }

    /// Whether it was put together in a way that was not followed.
    var isComputed: Bool {
        if case .computed = self { return true }
        return false
    }

    /// Whether it is made of constants.
    var isKnown: Bool {
        switch self {
        case .texts, .list, .computed: true
        case .integer, .unknown: false
        }
    }

    /// The text, when there is only one.
    var single: String? {
        if case .texts(let texts) = self, texts.count == 1 { return texts[0] }
        return nil
    }

    /// The texts.
    var all: [String] {
        if case .texts(let texts) = self { return texts }
        return []
    }
}

extension String {
    fileprivate var trimmedSpaces: String {
        var view = self[...]
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        while let last = view.last, last.isWhitespace { view.removeLast() }
        return String(view)
    }

    fileprivate var capitalizedWord: String {
        guard let first else { return self }
        return first.uppercased() + dropFirst().lowercased()
    }

    fileprivate func replacing(bytes old: String, with new: String) -> String {
        let (text, part) = (Array(utf8), Array(old.utf8))
        var out: [UInt8] = []
        var place = 0
        while let found = CheckText.find(part, in: text, from: place) {
            out += text[place..<found]
            out += Array(new.utf8)
            guard out.count <= CheckLimits.foldedBytes else { return self }
            place = found + part.count
        }
        return String(decoding: out + text[place...], as: UTF8.self)
    }
}
