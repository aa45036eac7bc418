// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift
internal import Safetensors

/// The beginning of what proves a change.
extension DriftText {
    func evidence(_ evidence: DriftEvidence?) -> [String] {
        switch evidence {
        case nil: []
        case .text(let diff): beginning(of: diff, indent: "    ")
        case .prompts(let prompts): self.prompts(prompts)
        case .tensors(let tensors): self.tensors(tensors)
        case .vocabulary(let vocabulary): self.vocabulary(vocabulary)
        case .symbols(let symbols):
            list(symbols, limit: Self.tokens, noun: "name") { symbol in
                "\(mark(symbol.kind.rawValue)) \(Escaped(symbol.name, limit: 200)), line \(symbol.line)"
            }
        case .names(let added, let removed, let changed):
            list(
                removed.map { ("-", $0) } + added.map { ("+", $0) } + changed.map { ("~", $0) }, limit: Self.tokens,
                noun: "name"
            ) { sign, name in
                "\(mark(sign)) \(Escaped(name, limit: 300))"
            }
        }
    }

    func list<Item>(_ items: [Item], limit: Int, noun: String, _ text: (Item) -> String) -> [String] {
        var out = items.prefix(limit).flatMap { wrapped(text($0), indent: "    ", hanging: "      ") }
        if items.count > limit {
            out.append("    " + paint("and \(counted(items.count - limit, "more " + noun))", .faint))
        }
        return out
    }

    /// A sign in the colour of what it says.
    func mark(_ word: String) -> String {
        switch word {
        case "+", "added": paint("+", .good)
        case "-", "removed": paint("-", .bad)
        default: paint("~", .caution)
        }
    }

    /// The first lines of a difference.
    func beginning(of diff: TextDiff, indent: String) -> [String] {
        var out: [String] = []
        for hunk in diff.hunks where out.count < Self.lines {
            out.append(indent + paint(hunk.heading, .name))
            out += hunk.lines.prefix(Self.lines - out.count).map { indent + line($0, Self.lineLength) }
        }
        let rest = diff.length - out.count
        if rest > 0 {
            out += wrapped(
                "\(diff.size); --unified prints the other \(counted(rest, "line"))", indent: indent, hanging: indent,
                style: .faint)
        }
        return out
    }

    func line(_ line: TextDiff.Line, _ limit: Int) -> String {
        let text = line.unified(limit: limit)
        switch line {
        case .added: return paint(text, .good)
        case .removed: return paint(text, .bad)
        case .context: return text
        case .noLineEnd: return paint(text, .faint)
        }
    }

    func prompts(_ prompts: [DriftEvidence.PromptDifference]) -> [String] {
        var out: [String] = []
        var isShown = false
        for (index, prompt) in prompts.enumerated() {
            guard index < Self.conversations else {
                let names = prompts[index...].map { Escaped($0.conversation, limit: 60).description }
                out += wrapped(
                    "also in \(names.joined(separator: ", ")); --unified prints them", indent: "    ", hanging: "    ",
                    style: .faint)
                break
            }
            out += flow(
                [("conversation", .faint), (Escaped(prompt.conversation, limit: 60).description + ":", .name)]
                    + words(Escaped(prompt.title, limit: 200).description).map { ($0, nil) }, indent: "    ",
                hanging: "      ")
            out += failures(prompt, indent: "      ")
            // One difference is shown where there are many: the others of a change are mostly the same again.
            if !prompt.diff.isEmpty, !isShown || prompts.count <= Self.conversations {
                out += beginning(of: prompt.diff, indent: "      ")
                isShown = true
            }
        }
        return out
    }

    func failures(_ prompt: DriftEvidence.PromptDifference, indent: String) -> [String] {
        [("before", prompt.before), ("after", prompt.after)].flatMap { side, outcome -> [String] in
            switch outcome {
            case .prompt: []
            case .failed(let error):
                wrapped(
                    "\(side): fails: \(Escaped(error, limit: 400))", indent: indent, hanging: indent + "  ", style: .bad
                )
            case .absent: [indent + paint("\(side): there is no template", .caution)]
            }
        }
    }

    func tensors(_ tensors: [DriftEvidence.TensorDifference]) -> [String] {
        let worst = tensors.sorted(by: DriftEvidence.TensorDifference.isWorse)
        var out: [String] = []
        for tensor in worst.prefix(Self.tensors) {
            let was = tensor.formerName.map { " (was \($0))" } ?? ""
            out += flow(
                [
                    (mark(tensor.kind.rawValue) + " \(tensor.name)\(was)", nil), (tensor.kind.rawValue, .name),
                    (tensor.forms, nil), (tensor.measure ?? tensor.excuse ?? "", nil),
                ].filter { !$0.0.isEmpty }, indent: "    ", hanging: "        ", gap: "  ")
        }
        if worst.count > Self.tensors {
            out.append("    " + paint("and \(counted(worst.count - Self.tensors, "more tensor"))", .faint))
        }
        return out
    }

    func vocabulary(_ difference: DriftEvidence.VocabularyDifference) -> [String] {
        func token(_ token: DriftEvidence.VocabularyDifference.Token) -> String {
            "\(JSONValue.string(token.text).shown(limit: 80)) \(token.id)"
        }
        let groups: [(String, Int, [String])] = [
            ("removed", difference.removedCount, difference.removed.map(token)),
            ("added", difference.addedCount, difference.added.map(token)),
            ("renumbered", difference.renumberedCount, difference.renumbered.map { "\(token($0.token)) → \($0.now)" }),
        ]
        return groups.flatMap { word, count, tokens -> [String] in
            guard count > 0 else { return [] }
            let shown = tokens.prefix(Self.tokens)
            let more = count > shown.count ? ", and \(count - shown.count) more" : ""
            return wrapped(
                "\(mark(word)) \(counted(count, "token")) \(word): \(shown.joined(separator: ", "))\(more)",
                indent: "    ",
                hanging: "      ")
        }
    }
}
