// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension TemplateLint {
    /// Whether values of Python reach the prompt as Python writes them: a list that was printed where its texts should be,
    /// `None` for a field that is not there, `True` where JSON was meant.
    mutating func checkPython(_ abilities: TemplateAbilities) {
        for conversation in samples.all(abilities) {
            guard let text = text(conversation),
                let found = PythonText.first(in: text, besides: abilities.literals)
            else { continue }
            let small = ConversationShrinker.smallest(conversation) { candidate in
                guard let text = self.text(candidate) else { return false }
                return PythonText.first(in: text, besides: abilities.literals) != nil
            }
            let shown = self.text(small).flatMap { PythonText.first(in: $0, besides: abilities.literals) } ?? found
            return note(
                TemplateFinding(
                    .python, .warning, "the prompt has a Python value in it: `\(Escaped(shown.text, limit: 80))`",
                    conversation: small, excerpt: shown.excerpt))
        }
    }
}

/// Finds what only Python writes.
private enum PythonText {
    struct Found {
        let text: String
        let excerpt: String
    }

    /// No chat is made of these.
    private static let traces = [
        "<class '", " object at 0x", "<generator object", "<function ", "<Namespace", "<bound method",
        "<built-in method",
        "<Macro ", "<map object", "dict_items(", "dict_keys(", "dict_values(",
    ]
    private static let words = ["None", "True", "False", "Undefined"]

    /// The first of them in a prompt that does not stand in the template itself.
    static func first(in text: String, besides literals: String) -> Found? {
        let output = Array(text.utf8)
        let known = Array(literals.utf8)
        for trace in traces where Excerpt.firstPlace(of: Array(trace.utf8), in: known) == nil {
            if let place = Excerpt.firstPlace(of: Array(trace.utf8), in: output) {
                return found(output, place, trace, text)
            }
        }
        if let place = quotedKey(output, besides: known) { return found(output, place, "{'", text) }
        for word in words where place(of: word, in: known) == nil {
            if let place = place(of: word, in: output) { return found(output, place, word, text) }
        }
        return nil
    }

    private static func found(_ output: [UInt8], _ place: Int, _ text: String, _ whole: String) -> Found {
        let stretch = output[place..<min(output.count, place + max(text.utf8.count, text.hasPrefix("{") ? 24 : 0))]
        return Found(text: String(decoding: stretch, as: UTF8.self), excerpt: Excerpt.at(place, in: whole))
    }

    /// `{'name': `: a key in single quotes behind a brace.
    private static func quotedKey(_ output: [UInt8], besides known: [UInt8]) -> Int? {
        var place = 0
        while let brace = Excerpt.firstPlace(of: Array("{'".utf8), in: output, from: place) {
            let key = output[(brace + 2)...].prefix(64).prefix { ($0 >= 0x30 && $0 <= 0x7A) || $0 == 0x2D }
            if !key.isEmpty, output[(brace + 2 + key.count)...].starts(with: "':".utf8),
                Excerpt.firstPlace(of: Array(output[brace..<brace + 2 + key.count]), in: known) == nil
            {
                return brace
            }
            place = brace + 2
        }
        return nil
    }

    /// A word between characters that are no letters, and not behind `=`: `f(exact=True)` is how some models call tools.
    private static func place(of word: String, in text: [UInt8]) -> Int? {
        let needle = Array(word.utf8)
        func isLetter(_ byte: UInt8?) -> Bool {
            guard let byte else { return false }
            return byte == 0x5F || byte >= 0x80 || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
        }
        var start = 0
        while let found = Excerpt.firstPlace(of: needle, in: text, from: start) {
            let end = found + needle.count
            let before = found > 0 ? text[found - 1] : nil
            if before != UInt8(ascii: "="), !isLetter(before), !isLetter(end < text.count ? text[end] : nil) {
                return found
            }
            start = end
        }
        return nil
    }
}
