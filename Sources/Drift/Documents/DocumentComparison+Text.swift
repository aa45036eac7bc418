// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension DocumentComparison {
    /// A file that is not opened: its digest is all that is known.
    func opaque(_ pair: FilePair, _ kind: DocumentKind) -> DriftChange {
        let verb = pair.before == nil ? "came" : pair.after == nil ? "is gone" : "changed"
        let rule = "file-" + (pair.before == nil ? "added" : pair.after == nil ? "removed" : "changed")
        if kind == .leftover {
            return DriftChange(
                "leftover-changed", .packaging, .cosmetic, pair.component, [.init(pair.name)],
                "a file that training left behind \(verb)", consequence: "no engine reads it")
        }
        if pair.component == .tokenizer {
            return DriftChange(
                pair.before != nil && pair.after != nil ? "tokenizer-model-changed" : rule, .tokens, .behaviour,
                pair.component, [.init(pair.name)], "the tokenizer's model \(verb)",
                consequence: "its vocabulary is in a binary form and was not compared: text can become other tokens",
                before: pair.before?.state.sha256.map { .string($0.description) },
                after: pair.after?.state.sha256.map { .string($0.description) })
        }
        return DriftChange(
            rule, .architecture, .behaviour, pair.component, [.init(pair.name)],
            "a file of an unknown kind \(verb)",
            consequence: "no rule knows what reads it, so an output may depend on it",
            before: pair.before?.state.sha256.map { .string($0.description) },
            after: pair.after?.state.sha256.map { .string($0.description) })
    }

    /// A vocabulary in a binary form: SentencePiece, or tiktoken, which some repositories keep under the same name.
    func tokenizerModel(_ pair: FilePair, _ contents: (before: [UInt8]?, after: [UInt8]?)) -> [DriftChange] {
        let (name, component) = (pair.name, pair.component)
        guard let before = contents.before, let after = contents.after else {
            return [
                DriftChange(
                    contents.after != nil ? "file-added" : "file-removed", .tokens, .behaviour, component,
                    [.init(name)], "the tokenizer's model \(contents.after != nil ? "came" : "is gone")",
                    consequence: contents.after != nil
                        ? "libraries that look for it first take it from now on"
                        : "libraries take another file, or fail")
            ]
        }
        if let old = TiktokenFile(before), let new = TiktokenFile(after) {
            let changes = TokenizerComparison.vocabulary(old.tokens, new.tokens, at: .init(name), component: component)
            // The comparison goes by text: it has seen everything when no text is there twice.
            let isWhole = [old, new].allSatisfy { Set($0.tokens.map { TextKey($0.text) }).count == $0.tokens.count }
            return changes.isEmpty && isWhole
                ? [
                    DriftChange(
                        "format-only", .packaging, .cosmetic, component, [.init(name)],
                        "only the order of lines or white space differ", consequence: "the ranks are the same")
                ] : changes.ifEmpty(unreadable(pair, .behaviour, "a token is in it more than once"))
        }
        let comparison = SentencePieceComparison(name: name, component: component)
        switch (SentencePieceModel.read(before), SentencePieceModel.read(after)) {
        case (.success(let old), .success(let new)):
            return comparison.changes(old, new).ifEmpty(comparison.quiet)
        case (.success, .failure(let problem)): return [unreadable(pair, .breaking, problem.reason)]
        case (.failure(let problem), _): return [unreadable(pair, .behaviour, problem.reason)]
        }
    }

    private func unreadable(_ pair: FilePair, _ severity: DriftSeverity, _ reason: String) -> DriftChange {
        DriftChange(
            "tokenizer-model-changed", .tokens, severity, pair.component, [.init(pair.name)],
            severity == .breaking
                ? "the tokenizer's model is none any more: \(reason)" : "the tokenizer's model changed",
            consequence: severity == .breaking
                ? "what reads it fails" : "its vocabulary was not compared: \(reason). Text can become other tokens",
            before: pair.before?.state.sha256.map { .string($0.description) },
            after: pair.after?.state.sha256.map { .string($0.description) })
    }

    /// A file that is a text, or should be.
    static func text(
        _ pair: FilePair, _ kind: DocumentKind, _ contents: (before: [UInt8]?, after: [UInt8]?)
    ) -> [DriftChange] {
        let (name, component) = (pair.name, pair.component)
        let code = CodeComparison(name: name, component: component)
        switch (kind, contents.before, contents.after) {
        case (.readme, _, _): break
        case (.python, nil, _), (.otherCode, nil, _): return [code.placed(true)]
        case (.python, _, nil), (.otherCode, _, nil): return [code.placed(false)]
        default: break
        }
        if let old = contents.before, let new = contents.after, kind != .otherCode, kind != .template,
            TextForm.plain(old) == TextForm.plain(new)
        {
            return [
                DriftChange(
                    "format-only", .packaging, .cosmetic, component, [.init(name)], "only line ends differ",
                    consequence: "readers take the lines for the same")
            ]
        }
        let diff = TextForm.diff(contents.before ?? [], contents.after ?? [])
        func string(_ bytes: [UInt8]?) -> String? {
            bytes.map { TextForm.plain($0) }.flatMap { String(validating: $0, as: UTF8.self) }
        }
        let (old, new) = (string(contents.before ?? []), string(contents.after ?? []))
        switch kind {
        case .readme:
            return ReadmeComparison(path: pair.path, name: name).changes(contents.before, contents.after)
        case .python:
            guard let old, let new else { return [code.other(nil)] }
            return [code.python(old, new)]
        case .requirements:
            guard let old, let new else { return [code.other(nil)] }
            return PackageComparison(name: name, component: component).changes(old, new)
        case .otherCode: return [code.other(diff)]
        case .docs: return [document(pair, diff)]
        case .vocabularyText:
            guard let old, let new else { break }
            return TokenizerComparison.vocabulary(lines(old), lines(new), at: .init(name), component: component)
                .ifEmpty(plainChange(pair, diff))
        case .merges:
            guard let old, let new else { break }
            return TokenizerComparison.merges(rules(old), rules(new), at: .init(name), component: component)
                .ifEmpty(
                    DriftChange(
                        "format-only", .packaging, .cosmetic, component, [.init(name)],
                        "only the head of the file differs",
                        consequence: "the merges are the same"))
        default: break
        }
        return [plainChange(pair, diff)]
    }

    /// The tokens of a file with one on each line, the first with the number 0.
    private static func lines(_ text: String) -> [VocabularyComparison.Token] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { .init(String($1), Int64($0)) }
    }

    private static func rules(_ text: String) -> [String] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#version") }.map(String.init)
    }

    /// What a file is about of which only the layer is known.
    static func unknownKind(_ component: Component) -> DriftClass {
        switch component {
        case .tokenizer: .tokens
        case .chatTemplate: .prompt
        default: .architecture
        }
    }

    private static func plainChange(_ pair: FilePair, _ diff: TextDiff?) -> DriftChange {
        let verb = pair.before == nil ? "came" : pair.after == nil ? "is gone" : "changed"
        return DriftChange(
            "file-" + (pair.before == nil ? "added" : pair.after == nil ? "removed" : "changed"),
            unknownKind(pair.component), .behaviour, pair.component, [.init(pair.name)],
            "a text file \(verb)", consequence: "no rule knows what reads it, so an output may depend on it",
            evidence: diff.map { .text($0) })
    }

    private static func document(_ pair: FilePair, _ diff: TextDiff?) -> DriftChange {
        let file = pair.path.name.lowercased()
        let verb = pair.before == nil ? "came" : pair.after == nil ? "is gone" : "changed"
        if file.hasPrefix("license") || file.hasPrefix("licence") || file.hasPrefix("copying") {
            return DriftChange(
                "licence-changed", .identity, .security, .docs, [.init(pair.name)], "the text of the licence \(verb)",
                consequence: "outputs stay; what may be done with them may not", evidence: diff.map { .text($0) })
        }
        return DriftChange(
            "docs-changed", .docs, .cosmetic, .docs, [.init(pair.name)], "a document \(verb)",
            consequence: "nothing reads it when the model runs", evidence: diff.map { .text($0) })
    }
}

extension [DriftChange] {
    /// The changes, or this one when there are none.
    fileprivate func ifEmpty(_ change: DriftChange) -> [DriftChange] { isEmpty ? [change] : self }
}
