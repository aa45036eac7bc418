// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares two SentencePiece models.
struct SentencePieceComparison {
    /// The file's name in reports.
    let name: String
    let component: Component

    /// What differs; empty when outputs depend on nothing that does.
    func changes(_ before: SentencePieceModel, _ after: SentencePieceModel) -> [DriftChange] {
        var changes = settings("trainer_spec", before.trainer, after.trainer)
        changes += pieces(before, after)
        changes += settings("normalizer_spec", before.normalizer, after.normalizer)
        changes += settings("denormalizer_spec", before.denormalizer, after.denormalizer)
        if before.unknown != after.unknown {
            changes.append(
                DriftChange(
                    "tokenizer-unknown-key", .tokens, .behaviour, component, [.init(name)],
                    "the model has other fields than before that no table knows",
                    consequence: TokenizerKeys.unknown.consequence))
        }
        return changes
    }

    /// The bytes differ and nothing does that acts after training.
    var quiet: DriftChange {
        DriftChange(
            "training-only", .packaging, .cosmetic, component, [.init(name)],
            "only what training noted in the model differs", consequence: ConfigKeys.training.consequence)
    }

    // MARK: Pieces

    private func pieces(_ before: SentencePieceModel, _ after: SentencePieceModel) -> [DriftChange] {
        let place = DriftChange.Place(name, "pieces")
        func tokens(_ model: SentencePieceModel) -> [VocabularyComparison.Token] {
            model.pieces.enumerated().map { .init($1, Int64($0)) }
        }
        var changes = TokenizerComparison.vocabulary(tokens(before), tokens(after), at: place, component: component)
        let old = Dictionary(
            before.pieces.enumerated().map { (TextKey($1), $0) }, uniquingKeysWith: { $1 })
        var scores = 0
        var types: [String] = []
        for (index, piece) in after.pieces.enumerated() {
            let former =
                index < before.pieces.count && before.pieces[index].utf8.elementsEqual(piece.utf8)
                ? index : old[TextKey(piece)]
            guard let former else { continue }
            if before.scores[former] != after.scores[index] { scores += 1 }
            if before.types[former] != after.types[index] {
                types.append("\(piece): \(Self.type(before.types[former])) → \(Self.type(after.types[index]))")
            }
        }
        if scores > 0 {
            changes.append(
                DriftChange(
                    "vocabulary-scores", .tokens, .behaviour, component, [place],
                    "\(scores) \(scores == 1 ? "token has" : "tokens have") another score",
                    consequence: "text is cut into other tokens"))
        }
        if let first = types.first {
            changes.append(
                DriftChange(
                    "vocabulary-types", .tokens, .behaviour, component, [place],
                    "\(types.count) \(types.count == 1 ? "token is" : "tokens are") of another kind"
                        + " (`\(Escaped(first, limit: 100))`\(types.count > 1 ? ", …" : ""))",
                    consequence:
                        "control tokens never come out of text, user-defined ones always do: text is cut otherwise",
                    evidence: .names(
                        added: [], removed: [], changed: Array(types.prefix(VocabularyComparison.maximumListed)))))
        }
        return changes
    }

    private static func type(_ number: UInt8) -> String {
        let names = SentencePieceModel.typeNames
        return Int(number) < names.count && number > 0 ? names[Int(number)] : "type \(number)"
    }

    // MARK: Settings

    private static let rules: [String: KeyRule] = KeyRule.table([
        (
            "model_type",
            KeyRule("tokenizer-model-type", .tokens, .breaking, "text becomes other tokens")
        ),
        (
            "treat_whitespace_as_suffix byte_fallback",
            KeyRule("tokenizer-model-setting", .tokens, .behaviour, "text is cut into other tokens")
        ),
        ("unk_id bos_id eos_id pad_id", ConfigKeys.tokenIDs),
        ("unk_piece bos_piece eos_piece pad_piece", TokenizerKeys.special),
        (
            "unk_surface",
            KeyRule("tokenizer-decoder", .tokens, .behaviour, "tokens become other text")
        ),
        (
            "name precompiled_charsmap add_dummy_prefix remove_extra_whitespaces escape_whitespaces",
            KeyRule(
                "tokenizer-normalizer", .tokens, .behaviour, "text is rewritten otherwise before it is cut into tokens")
        ),
    ])

    private func settings(
        _ section: String, _ before: [String: SentencePieceModel.Setting], _ after: [String: SentencePieceModel.Setting]
    ) -> [DriftChange] {
        after.keys.sorted().compactMap { key in
            let (was, now) = (before[key], after[key])
            guard was != now, let rule = Self.rules[key] else { return nil }
            // The name is a note: what it stands for is in the map of characters.
            let isNote = key == "name" && before["precompiled_charsmap"] == after["precompiled_charsmap"]
            let decodes = section == "denormalizer_spec"
            let (old, new) = (Self.value(key, was), Self.value(key, now))
            func shown(_ value: JSONValue) -> String { Escaped(value.text(.compact), limit: 80).description }
            return DriftChange(
                isNote ? ConfigKeys.names.rule : decodes ? "tokenizer-decoder" : rule.rule,
                isNote ? .packaging : rule.kind, isNote ? .cosmetic : rule.severity, component,
                [.init(name, section + "." + key)],
                "`\(section).\(key)` is \(shown(new)), was \(shown(old))",
                consequence: isNote
                    ? "the map of characters that it stands for is the same"
                    : decodes ? "tokens become other text" : rule.consequence, before: old, after: new)
        }
    }

    private static let modelTypes = ["", "unigram", "bpe", "word", "char"]

    /// A value as people read it: flags as flags, types by their names, `-1` for none.
    private static func value(_ key: String, _ setting: SentencePieceModel.Setting?) -> JSONValue {
        switch setting {
        case nil: .null
        case .text(let text): .string(text)
        case .bytes(let digest): .string("sha256:" + digest.description)
        case .number(let number):
            if key == "model_type", (1..<UInt64(modelTypes.count)).contains(number) {
                .string(modelTypes[Int(number)])
            } else if key.hasSuffix("_id") || key == "model_type" {
                .integer(Int64(Int32(truncatingIfNeeded: number)))
            } else {
                .bool(number != 0)
            }
        }
    }
}
