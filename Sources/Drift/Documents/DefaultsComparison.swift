// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares the effective defaults of two deliverables.
enum DefaultsComparison {
    /// What differs, by name. A value that is the same in another place is no difference.
    ///
    /// - Parameter turnsWhole: whether the whole of each head is turned where `partial_rotary_factor` is silent.
    static func changes(
        _ before: [EffectiveDefault], _ after: [EffectiveDefault], turnsWhole: Bool
    ) -> [DriftReport.DefaultChange] {
        func plain(_ entry: EffectiveDefault) -> [EffectiveDefault] {
            DefaultsComparison.plain(entry, turnsWhole: turnsWhole)
        }
        var (old, new) = (before.flatMap(plain), after.flatMap(plain))
        // What is the same goes first, wherever it is written.
        for entry in new {
            guard
                let index = old.firstIndex(where: {
                    $0.name == entry.name && $0.value == entry.value && $0.file == entry.file
                })
                    ?? old.firstIndex(where: { $0.name == entry.name && $0.value == entry.value }),
                let other = new.firstIndex(of: entry)
            else { continue }
            old.remove(at: index)
            new.remove(at: other)
        }
        var changes: [DriftReport.DefaultChange] = []
        var rest = new
        for entry in old {
            let index =
                rest.firstIndex { $0.name == entry.name && $0.file == entry.file }
                ?? rest.firstIndex { $0.name == entry.name }
            let now = index.map { rest.remove(at: $0) }
            changes.append(.init(name: entry.name, before: entry, after: now))
        }
        changes += rest.map { .init(name: $0.name, before: nil, after: $0) }
        return changes.sorted { TextKey($0.name) < TextKey($1.name) }
    }

    /// An entry in the form that its spellings have in common: what is `null` is not said, and `rope_parameters` is a
    /// theta and, where it scales, a scaling.
    private static func plain(_ entry: EffectiveDefault, turnsWhole: Bool) -> [EffectiveDefault] {
        if entry.value == .null { return [] }
        guard entry.name == "rope-scaling", let members = entry.value.members else { return [entry] }
        var entries: [EffectiveDefault] = []
        let rest = members.compactMap { member -> JSONValue.Member? in
            if member.key == "rope_theta" {
                let key = entry.key.map { $0 + ".rope_theta" }
                entries.append(EffectiveDefault(name: "rope-theta", value: member.value, file: entry.file, key: key))
                return nil
            }
            if member.key == "partial_rotary_factor", turnsWhole, member.value == .integer(1) { return nil }
            return member.key == "type" ? JSONValue.Member("rope_type", member.value) : member
        }
        if !rest.isEmpty, rest != [JSONValue.Member("rope_type", .string("default"))] {
            entries.append(
                EffectiveDefault(name: entry.name, value: .object(rest), file: entry.file, key: entry.key))
        }
        return entries
    }

    /// Whether a file takes part in which chat template is in force, so that all such files are read together.
    static func holdsTemplates(_ path: RelativePath) -> Bool {
        let text = path.description
        return text == "tokenizer_config.json" || text.hasPrefix("chat_template.")
            || text.hasPrefix("additional_chat_templates/")
    }
}
