// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import GGUF

/// Compares what two GGUF files say beside their tensors, key by key.
///
/// Chat templates are left out: they are compared with those of the other files, by what they render.
struct GGUFMetadataComparison {
    private let before: (header: GGUFHeader, source: any ByteSource)
    private let after: (header: GGUFHeader, source: any ByteSource)
    private let file: String

    /// The most keys with a change of their own; the rest is one change.
    private static let changeLimit = 200
    /// The largest vocabulary that is compared token by token.
    private static let vocabularyLimit: UInt64 = 4 << 20
    /// How many tokens of each kind are shown.
    private static let shownTokens = 100
    /// The longest text, and the longest array, that is shown.
    private static let shownLength = 2000
    private static let shownElements = 16

    /// - Parameter file: the name that places have.
    init(
        _ before: (GGUFHeader, any ByteSource), _ after: (GGUFHeader, any ByteSource), file: String
    ) { (self.before, self.after, self.file) = (before, after, file) }

    /// The changes, by key.
    var changes: [DriftChange] {
        let (old, new) = (GGUFMetadataComparison.values(before.header), GGUFMetadataComparison.values(after.header))
        let architecture =
            after.header["general.architecture"]?.string ?? before.header["general.architecture"]?.string ?? ""
        let keys = Set(old.keys).union(new.keys).filter {
            old[$0] != new[$0] && !GGUFMetadataComparison.isTemplate($0.bytes)
        }
        .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var changes: [DriftChange] = []
        for key in keys.prefix(GGUFMetadataComparison.changeLimit) {
            let text = key.text
            changes.append(change(text, GGUFKeyClass(text, architecture: architecture), old[key], new[key]))
        }
        let rest = keys.dropFirst(GGUFMetadataComparison.changeLimit)
        if !rest.isEmpty {
            let classes = rest.map { GGUFKeyClass($0.text, architecture: architecture) }
            let worst = classes.min { $0.severity < $1.severity }
            changes.append(
                DriftChange(
                    "gguf-metadata", worst?.kind ?? .architecture, worst?.severity ?? .behaviour, .weights,
                    [DriftChange.Place(file)], "\(rest.count) more metadata keys differ",
                    evidence: .names(
                        added: [], removed: [],
                        changed: rest.prefix(GGUFMetadataComparison.shownLength).map { Escaped($0.text).description })))
        }
        return changes
    }

    /// A key as its bytes: `String` would call two spellings of one text equal.
    private struct Key: Hashable {
        let bytes: [UInt8]
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The first value of each key counts.
    private static func values(_ header: GGUFHeader) -> [Key: GGUFValue] {
        var found: [Key: GGUFValue] = [:]
        for entry in header.metadata {
            let key = Key(bytes: Array(entry.key.utf8))
            if found[key] == nil { found[key] = entry.value }
        }
        return found
    }

    private static func isTemplate(_ key: [UInt8]) -> Bool { key.starts(with: "tokenizer.chat_template".utf8) }

    private func change(_ key: String, _ means: GGUFKeyClass, _ old: GGUFValue?, _ new: GGUFValue?) -> DriftChange {
        let shown = Escaped(key)
        var severity = means.severity
        var evidence: DriftEvidence?
        var summary: String
        switch (old, new) {
        case (nil, let new?): summary = "`\(shown)` is new: \(GGUFMetadataComparison.text(new))"
        case (let old?, nil): summary = "`\(shown)` is gone: it was \(GGUFMetadataComparison.text(old))"
        case (let old?, let new?):
            summary = "`\(shown)`: \(GGUFMetadataComparison.text(old)) → \(GGUFMetadataComparison.text(new))"
        case (nil, nil): summary = "`\(shown)`"
        }
        if key.utf8.elementsEqual("tokenizer.ggml.tokens".utf8), let old = old?.array, let new = new?.array,
            let vocabulary = vocabulary(old, new)
        {
            evidence = .vocabulary(vocabulary)
            summary =
                "vocabulary: \(vocabulary.addedCount) added, \(vocabulary.removedCount) removed, \(vocabulary.renumberedCount) renumbered"
            if vocabulary.removedCount > 0 || vocabulary.renumberedCount > 0 { severity = .breaking }
        }
        return DriftChange(
            "gguf-metadata", means.kind, severity, .weights, [DriftChange.Place(file, key)], summary,
            consequence: means.consequence, before: old.map(GGUFMetadataComparison.json),
            after: new.map(GGUFMetadataComparison.json), evidence: evidence)
    }

    // MARK: - Vocabulary

    private func vocabulary(_ old: GGUFArray, _ new: GGUFArray) -> DriftEvidence.VocabularyDifference? {
        typealias Token = DriftEvidence.VocabularyDifference.Token
        guard let one = GGUFMetadataComparison.tokens(old, before.source),
            let other = GGUFMetadataComparison.tokens(new, after.source)
        else { return nil }
        func ids(_ tokens: [[UInt8]]) -> [[UInt8]: Int] {
            var found: [[UInt8]: Int] = [:]
            for (id, token) in tokens.enumerated() where found[token] == nil { found[token] = id }
            return found
        }
        let (oldIDs, newIDs) = (ids(one), ids(other))
        var (added, removed): ([Token], [Token]) = ([], [])
        var renumbered: [(token: Token, now: Int64)] = []
        var counts = (added: 0, removed: 0, renumbered: 0)
        func token(_ bytes: [UInt8], _ id: Int) -> Token { Token(String(decoding: bytes, as: UTF8.self), Int64(id)) }
        for (id, bytes) in one.enumerated() where oldIDs[bytes] == id {
            guard let now = newIDs[bytes] else {
                counts.removed += 1
                if removed.count < GGUFMetadataComparison.shownTokens { removed.append(token(bytes, id)) }
                continue
            }
            guard now != id else { continue }
            counts.renumbered += 1
            if renumbered.count < GGUFMetadataComparison.shownTokens {
                renumbered.append((token(bytes, id), Int64(now)))
            }
        }
        for (id, bytes) in other.enumerated() where newIDs[bytes] == id && oldIDs[bytes] == nil {
            counts.added += 1
            if added.count < GGUFMetadataComparison.shownTokens { added.append(token(bytes, id)) }
        }
        return DriftEvidence.VocabularyDifference(
            added: added, removed: removed, renumbered: renumbered, addedCount: counts.added,
            removedCount: counts.removed, renumberedCount: counts.renumbered)
    }

    private static func tokens(_ array: GGUFArray, _ source: any ByteSource) -> [[UInt8]]? {
        guard array.elementType == .string, array.count <= vocabularyLimit,
            let elements = try? array.elements(in: source)
        else { return nil }
        return elements.map { element in
            switch element {
            case .string(let text): Array(text.utf8)
            case .bytes(let bytes): bytes
            default: []
            }
        }
    }

    // MARK: - Values

    private static func text(_ value: GGUFValue) -> String {
        switch value {
        case .string(let text): "`\(Escaped(text, limit: 60))`"
        case .array(let array): "\(array.count) elements (\(array.digest.short))"
        default: json(value).text(.compact)
        }
    }

    private static func json(_ value: GGUFValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text.utf8.count <= shownLength ? text : String(text.prefix(shownLength)) + "…")
        case .bytes(let bytes): .string(Digest(of: bytes).description)
        case .bool(let flag): .bool(flag)
        case .float32(let number): .number(Double("\(number)") ?? Double(number))
        case .float64(let number): .number(number)
        case .uint64(let number): Int64(exactly: number).map(JSONValue.integer) ?? .string(String(number))
        case .array(let array):
            if let kept = array.kept, kept.count <= shownElements, !kept.contains(where: { $0.array != nil }) {
                .array(kept.map(json))
            } else {
                .object([
                    "count": Int64(exactly: array.count).map(JSONValue.integer),
                    "sha256": .string(array.digest.description),
                ])
            }
        default: value.integer.map(JSONValue.integer) ?? .null
        }
    }
}
