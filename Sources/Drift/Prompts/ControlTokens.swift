// SPDX-License-Identifier: Apache-2.0

/// Finds what looks like control tokens in a prompt: `<|im_start|>`, `<start_of_turn>`, `</think>`, `[INST]`.
enum ControlTokens {
    /// Longer stretches are prose between brackets.
    private static let maximumLength = 48
    /// The most that are found in one text.
    private static let maximumCount = 100_000

    /// The tokens of a text in their order.
    static func tokens(in text: String) -> [String] {
        var found: [String] = []
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count, found.count < maximumCount {
            let close: Unicode.Scalar
            switch scalars[index] {
            case "<": close = ">"
            case "[": close = "]"
            default:
                index += 1
                continue
            }
            let limit = min(scalars.count, index + maximumLength)
            guard let end = scalars[(index + 1)..<limit].firstIndex(of: close),
                isToken(scalars[(index + 1)..<end], close)
            else {
                index += 1
                continue
            }
            var view = String.UnicodeScalarView()
            // `<function=name>` opens what `</function>` closes.
            view.append(contentsOf: scalars[index..<end].prefix { $0 != "=" })
            view.append(scalars[end])
            found.append(String(view))
            index = end + 1
        }
        return found
    }

    /// Inside of `<…>` a name, maybe with bars or a slash around it; inside of `[…]` a name of capital letters.
    private static func isToken(_ inner: ArraySlice<Unicode.Scalar>, _ close: Unicode.Scalar) -> Bool {
        var name = inner
        if name.first == "/" { name.removeFirst() }
        if close == "]" {
            return name.count > 1 && name.first != "_" && name.allSatisfy { ("A"..."Z").contains($0) || $0 == "_" }
        }
        while let first = name.first, first == "|" || first == "\u{FF5C}" || first == "/" { name.removeFirst() }
        while let last = name.last, last == "|" || last == "\u{FF5C}" { name.removeLast() }
        if let place = name.firstIndex(of: "="), place > name.startIndex { name = name[..<place] }
        guard let first = name.first, first.properties.isAlphabetic else { return false }
        // U+2581 stands between words in some vocabularies.
        return name.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.:\u{2581}".unicodeScalars.contains($0)
        }
    }

    /// Whether a token has bars, as those that are no mark-up have.
    static func isBarred(_ token: String) -> Bool {
        (token.hasPrefix("<|") && token.hasSuffix("|>"))
            || (token.hasPrefix("<\u{FF5C}") && token.hasSuffix("\u{FF5C}>"))
    }

    /// Whether a token stands around reasoning, by its name.
    static func isReasoning(_ token: String) -> Bool {
        let name = token.lowercased()
        return ["think", "thought", "reason", "analysis"].contains { name.contains($0) }
    }

    /// What closes a token, any of these; empty when it opens nothing.
    static func closers(of token: String) -> [String] {
        if token.hasPrefix("</") || token.hasPrefix("[/") || token.hasPrefix("<|/") { return [] }
        if token.utf8.elementsEqual("<|start|>".utf8) { return ["<|end|>", "<|return|>", "<|call|>"] }
        if token.utf8.elementsEqual("<|begin|>".utf8) { return ["<|end|>", "<|calls|>"] }
        for (open, close) in [("start", "end"), ("START", "END"), ("begin", "end"), ("BEGIN", "END")] {
            guard let range = token.firstRange(of: open) else { continue }
            // `<|begin_of_text|>` opens the whole, and nothing closes that.
            return token.contains("of_text") || token.contains("of_sentence") || token.contains("\u{2581}of\u{2581}")
                ? [] : [token.replacingCharacters(range, close)]
        }
        if token.hasPrefix("["), token.hasSuffix("]") { return ["[/" + token.dropFirst()] }
        if token.hasPrefix("<|"), token.hasSuffix("|>") { return ["<|/" + token.dropFirst(2)] }
        if token.hasPrefix("<|"), token.hasSuffix(">") { return ["<" + token.dropFirst(2).dropLast() + "|>"] }
        if token.hasPrefix("<"), token.hasSuffix(">"), !token.hasSuffix("|>") { return ["</" + token.dropFirst()] }
        return []
    }
}

extension String {
    /// The text with a stretch replaced.
    fileprivate func replacingCharacters(_ range: Range<String.Index>, _ text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
