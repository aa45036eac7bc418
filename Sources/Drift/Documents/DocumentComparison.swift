// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares everything that is a document: configuration, tokenizers, code, cards, file sets.
///
/// Weights and templates are compared elsewhere; here only the files around them are.
struct DocumentComparison {
    var shelf: DocumentShelf
    private let pairs: [FilePair]
    private(set) var changes: [DriftChange] = []
    private(set) var sameFiles = 0
    private(set) var differentFiles = 0
    /// The pairs whose bytes differ, or that are on one side only.
    private(set) var differing: [FilePair] = []

    init(_ before: Snapshot, _ after: Snapshot) {
        shelf = DocumentShelf(before, after)
        pairs = FilePair.all(before, after)
    }

    /// The sources of which a file differs.
    var touched: Set<SourceRole> { Set(differing.map(\.role)) }

    /// The result of all but the defaults.
    mutating func run() async throws {
        try await sort()
        let renamed = renames()
        for pair in differing where !renamed.contains(TextKey(pair.name)) {
            try Task.checkCancellation()
            try await compare(pair)
        }
        try await compareStopTokens()
        try await compareTokenizerFiles()
        try await compareIndexes()
        merge()
    }

    // MARK: Which files differ

    private mutating func sort() async throws {
        for pair in pairs {
            if pair.isSame {
                sameFiles += 1
            } else if pair.isDifferent {
                differing.append(pair)
            } else if try await sameBytes(pair) {
                sameFiles += 1
            } else {
                differing.append(pair)
            }
        }
        differentFiles = differing.count
    }

    /// Whether two files of which different kinds of digests are known are the same. Weights count as different: they
    /// are compared tensor by tensor.
    private mutating func sameBytes(_ pair: FilePair) async throws -> Bool {
        guard pair.component != .weights else { return false }
        guard case .content(let old) = try await shelf.bytes(pair.before, .before),
            case .content(let new) = try await shelf.bytes(pair.after, .after)
        else { return false }
        return old == new
    }

    /// Files that are the same under another path. Only those that nothing finds by a fixed name: a `config.json`
    /// that has moved is gone and come.
    private mutating func renames() -> Set<TextKey> {
        var found: Set<TextKey> = []
        var gone = differing.filter { $0.after == nil }
        for pair in differing where pair.before == nil {
            let kind = DocumentKind(pair.path, component: pair.component)
            guard kind != .weights, kind != .template, !kind.isKeyed || kind == .otherJSON, let file = pair.after,
                file.state.size > .zero,
                let index = gone.firstIndex(where: {
                    $0.role == pair.role && $0.component == pair.component
                        && $0.before?.state.sameContent(as: file.state) == true
                })
            else { continue }
            let former = gone.remove(at: index)
            let rule: (DriftSeverity, String) =
                switch pair.component {
                case .docs: (.cosmetic, "nothing reads it when the model runs")
                case .code: (.security, "what imports it by the old name does not find it; the code is the same")
                default: (.behaviour, "what opens it by the old name does not find it; the bytes are the same")
                }
            changes.append(
                DriftChange(
                    "file-renamed", .packaging, rule.0, pair.component, [.init(pair.name), .init(former.name)],
                    "`\(Escaped(former.path.description, limit: 100))` is now"
                        + " `\(Escaped(pair.path.description, limit: 100))`", consequence: rule.1,
                    before: .string(former.name), after: .string(pair.name)))
            found.formUnion([TextKey(pair.name), TextKey(former.name)])
        }
        return found
    }

    // MARK: File by file

    private mutating func compare(_ pair: FilePair) async throws {
        switch pair.role {
        case .dataset, .base: return compareWatched(pair)
        default: break
        }
        let kind = DocumentKind(pair.path, component: pair.component)
        switch kind {
        case .weights: return
        // Templates that some engine finds are compared with all that belongs to them.
        case .template where (pair.after ?? pair.before).flatMap { TemplateSet.kind(of: $0) } != nil: return
        case .opaque, .leftover: return changes.append(opaque(pair, kind))
        default: break
        }
        let old = try await shelf.bytes(pair.before, .before)
        let new = try await shelf.bytes(pair.after, .after)
        if case .unread = old { return }
        if case .unread = new { return }
        var contents: (before: [UInt8]?, after: [UInt8]?) = (nil, nil)
        if case .content(let bytes) = old { contents.before = bytes }
        if case .content(let bytes) = new { contents.after = bytes }
        let found: [DriftChange]
        if let change = try await said(elsewhere: pair, kind) {
            found = [change]
        } else if kind.isKeyed || [.tokenizer, .vocabularyJSON, .addedTokens].contains(kind) {
            found = try await json(pair, kind, contents)
        } else if kind == .tokenizerModel {
            found = tokenizerModel(pair, contents)
        } else {
            found = DocumentComparison.text(pair, kind, contents)
        }
        changes += found
    }

    private mutating func json(
        _ pair: FilePair, _ kind: DocumentKind, _ contents: (before: [UInt8]?, after: [UInt8]?)
    ) async throws -> [DriftChange] {
        let old = try await shelf.json(pair.before, .before)
        let new = try await shelf.json(pair.after, .after)
        var documents: (before: JSONDocument?, after: JSONDocument?) = (nil, nil)
        if case .content(let document) = old { documents.before = document }
        if case .content(let document) = new { documents.after = document }
        let found = JSONFileComparison(pair: pair, kind: kind).changes(documents, contents)
        guard kind == .tokenizerConfig, let old = documents.before?.root, let new = documents.after?.root else {
            return found
        }
        return try await relieved(found, pair, old, new)
    }

    private mutating func compareWatched(_ pair: FilePair) {
        guard case .dataset = pair.role else { return }
        let verb = pair.before == nil ? "came" : pair.after == nil ? "is gone" : "changed"
        changes.append(
            DriftChange(
                "dataset-changed", .identity, .behaviour, .datasets, [.init(pair.name)], "a file of a dataset \(verb)",
                consequence: "the model answers as before; scores on this data do not compare"))
    }

    // MARK: Across files

    /// The pair at a path; nil when there is none.
    private func pair(_ path: String, _ role: SourceRole) -> FilePair? {
        pairs.first { $0.role == role && $0.path.description.utf8.elementsEqual(path.utf8) }
    }

    private func differs(_ path: String, _ role: SourceRole) -> Bool {
        differing.contains { $0.role == role && $0.path.description.utf8.elementsEqual(path.utf8) }
    }

    /// Where the tokenizer comes from on both sides.
    private var tokenizerRole: SourceRole {
        pair("tokenizer_config.json", .tokenizer) != nil || pair("tokenizer.json", .tokenizer) != nil
            ? .tokenizer : .model
    }

    private mutating func compareStopTokens() async throws {
        let role = tokenizerRole
        guard
            differs("config.json", .model) || differs("generation_config.json", .model)
                || differs("tokenizer_config.json", role)
        else { return }
        let old = try await stopTokens(.before, role)
        let new = try await stopTokens(.after, role)
        if let change = StopTokens.change(old, new, tokenizerPrefix: role.pathPrefix) { changes.append(change) }
    }

    private mutating func stopTokens(_ side: DocumentShelf.Side, _ role: SourceRole) async throws -> StopTokens {
        let generation = try await shelf.root("generation_config.json", role: .model, side)
        let config = try await shelf.root("config.json", role: .model, side)
        let settings = try await shelf.root("tokenizer_config.json", role: role, side)
        var added = [AddedTokens(decoder: settings?["added_tokens_decoder"])].compactMap(\.self)
        let first = StopTokens(
            generation: generation, config: config, tokenizerConfig: settings, added: added, vocabulary: nil)
        guard first.text != nil, first.id == nil, first.generation != nil || first.config != nil else { return first }
        // The large file last: only when the small ones do not know the token.
        if let map = try await shelf.root("added_tokens.json", role: role, side), let more = AddedTokens(map: map) {
            added.append(more)
        }
        let tokenizer = try await shelf.root("tokenizer.json", role: role, side)
        if let more = AddedTokens(list: tokenizer?["added_tokens"]) { added.append(more) }
        return StopTokens(
            generation: generation, config: config, tokenizerConfig: settings, added: added,
            vocabulary: tokenizer?["model"]?["vocab"])
    }

    private mutating func compareTokenizerFiles() async throws {
        let role = tokenizerRole
        let isTokenizer = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]
            .contains { differs($0, role) }
        let isSize = changes.contains {
            $0.rule == "config-shape" && $0.places.contains { $0.key?.hasSuffix("vocab_size") ?? false }
        }
        guard isTokenizer || isSize else { return }
        let old = try await agreement(.before, role)
        let new = try await agreement(.after, role)
        changes += TokenizerAgreement.changes(old, new)
    }

    private mutating func agreement(
        _ side: DocumentShelf.Side, _ role: SourceRole
    ) async throws -> TokenizerAgreement {
        TokenizerAgreement(
            tokenizer: try await shelf.root("tokenizer.json", role: role, side),
            settings: try await shelf.root("tokenizer_config.json", role: role, side),
            map: try await shelf.root("special_tokens_map.json", role: role, side),
            config: try await shelf.root("config.json", role: .model, side), prefix: role.pathPrefix)
    }

    private mutating func compareIndexes() async throws {
        let isGone = Set(differing.filter { $0.after == nil && $0.component == .weights }.map(\.role))
        for pair in pairs where pair.component == .weights && pair.path.name.hasSuffix(".index.json") {
            guard let file = pair.after, !pair.isSame || isGone.contains(pair.role) else { continue }
            guard case .content(let document?) = try await shelf.json(file, .after) else { continue }
            let missing = IndexComparison.missing(document.root, file, in: shelf.after)
            guard !missing.isEmpty else { continue }
            var former: [String] = []
            if let old = pair.before, case .content(let document?) = try await shelf.json(old, .before) {
                former = IndexComparison.missing(document.root, old, in: shelf.before)
            }
            if let change = IndexComparison.change(file, before: former, after: missing) { changes.append(change) }
        }
    }

    // MARK: Defaults

    /// The effective defaults that differ: read from the files that differ, and from those around a template.
    mutating func defaults() async throws -> [DriftReport.DefaultChange] {
        var found: [DriftReport.DefaultChange] = []
        for role in touched.sorted() {
            let wanted = differing.filter { $0.role == role && EffectiveDefaults.wants($0.path) }
            guard !wanted.isEmpty else { continue }
            let hasTemplates = wanted.contains { DefaultsComparison.holdsTemplates($0.path) }
            let files = pairs.filter { pair in
                pair.role == role && EffectiveDefaults.wants(pair.path)
                    && (wanted.contains { $0.path == pair.path }
                        || hasTemplates && DefaultsComparison.holdsTemplates(pair.path))
            }
            let old = try await contents(files.compactMap(\.before), .before)
            let new = try await contents(files.compactMap(\.after), .after)
            var turnsWhole = differs("config.json", role)
            for side in [DocumentShelf.Side.before, .after] where turnsWhole {
                turnsWhole = KeyDefaults.turnsWhole(try await shelf.root("config.json", role: role, side))
            }
            found += DefaultsComparison.changes(
                EffectiveDefaults.extract(from: old, role: role), EffectiveDefaults.extract(from: new, role: role),
                turnsWhole: turnsWhole)
        }
        return found
    }

    private mutating func contents(
        _ files: [Snapshot.File], _ side: DocumentShelf.Side
    ) async throws -> [(path: RelativePath, content: [UInt8])] {
        var contents: [(path: RelativePath, content: [UInt8])] = []
        for file in files {
            if case .content(let bytes) = try await shelf.bytes(file, side) { contents.append((file.path, bytes)) }
        }
        return contents
    }

    // MARK: Putting together

    /// One change for what several files say alike.
    private mutating func merge() {
        var merged: [DriftChange] = []
        // Where changes with the same words are; the values and the evidence are compared after that.
        var places: [TextKey: [Int]] = [:]
        for change in changes {
            let key = TextKey("\(change.rule) \(change.severity) \(change.component) \(change.summary)")
            let index = places[key]?.first { index in
                merged[index].before == change.before && merged[index].after == change.after
                    && merged[index].evidence == change.evidence
            }
            guard let index else {
                places[key, default: []].append(merged.count)
                merged.append(change)
                continue
            }
            let first = merged[index]
            merged[index] = DriftChange(
                first.rule, first.kind, first.severity, first.component, first.places + change.places, first.summary,
                consequence: first.consequence, before: first.before, after: first.after, evidence: first.evidence)
        }
        changes = merged
    }
}
