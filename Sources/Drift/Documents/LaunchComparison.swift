// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares how two deliverables are started.
struct LaunchComparison {
    private static let component = Component.launch

    /// What differs in the command and the environment.
    static func changes(_ before: LaunchRequest?, _ after: LaunchRequest?) -> [DriftChange] {
        let place = { (key: String) in DriftChange.Place("launch", key) }
        var changes = commands(before?.command ?? [], after?.command ?? [], at: place)
        if changes.isEmpty, !same(before?.command ?? [], after?.command ?? []) {
            changes.append(
                DriftChange(
                    "format-only", .packaging, .cosmetic, component, [place("command")],
                    "the same flags are in another order or spelling", consequence: "the command means the same"))
        }
        func variables(_ request: LaunchRequest?) -> [(String, String)] {
            (request?.environment ?? []).map { ($0.name, $0.value) }
        }
        return changes + environment(variables(before), variables(after), at: place)
    }

    /// What differs between two commands, flag by flag; nothing when only the order or the spelling of flags does.
    static func commands(
        _ before: [String], _ after: [String], at place: (String) -> DriftChange.Place
    ) -> [DriftChange] {
        let (old, new) = (ArgumentList(before), ArgumentList(after))
        var changes: [DriftChange] = []
        if !same(old.words, new.words) {
            changes.append(
                DriftChange(
                    "launch-command", .code, .behaviour, component, [place("command")],
                    "the command is \(shown(new.words)), was \(shown(old.words))",
                    consequence: "another program runs, or on something else", before: list(old.words),
                    after: list(new.words)))
        }
        for flag in Set(old.flags.keys).union(new.flags.keys).sorted() {
            let (was, now) = (old.flags[flag], new.flags[flag])
            if same(was, now) { continue }
            changes.append(self.flag(flag, was, now, at: place("command " + flag)))
        }
        return changes
    }

    /// The change of a flag; nil is one that is not given, an empty list one without a value.
    static func flag(_ flag: String, _ was: [String]?, _ now: [String]?, at place: DriftChange.Place) -> DriftChange {
        let rule = LaunchFlags.rule(flag)
        return DriftChange(
            rule.rule, rule.kind, rule.severity, component, [place],
            "`\(Escaped(flag, limit: 60))` is \(value(now)), was \(value(was))", consequence: rule.consequence,
            before: was.map(list), after: now.map(list))
    }

    /// What differs in variables; of a name that is there twice the last counts.
    static func environment(
        _ before: [(String, String)], _ after: [(String, String)], at place: (String) -> DriftChange.Place
    ) -> [DriftChange] {
        let old = Dictionary(before, uniquingKeysWith: { $1 })
        let new = Dictionary(after, uniquingKeysWith: { $1 })
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (was, now) = (old[name], new[name])
            if same(was.map { [$0] }, now.map { [$0] }) { return nil }
            let rule = LaunchFlags.rule(variable: name)
            return DriftChange(
                rule.rule, rule.kind, rule.severity, component, [place("env." + name)],
                "`\(Escaped(name, limit: 80))` is \(value(now.map { [$0] })), was \(value(was.map { [$0] }))",
                consequence: rule.consequence, before: was.map { .string($0) }, after: now.map { .string($0) })
        }
    }

    // MARK: Values

    private static func same(_ a: [String]?, _ b: [String]?) -> Bool {
        switch (a, b) {
        case (nil, nil): true
        case (let a?, let b?): a.count == b.count && zip(a, b).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
        default: false
        }
    }

    private static func list(_ values: [String]) -> JSONValue {
        switch values.count {
        case 0: .bool(true)
        case 1: .string(values[0])
        default: .array(values.map { .string($0) })
        }
    }

    private static func value(_ values: [String]?) -> String {
        guard let values else { return "not set" }
        return values.isEmpty ? "set" : shown(values)
    }

    private static func shown(_ words: [String]) -> String {
        words.isEmpty ? "nothing" : "`\(Escaped(words.joined(separator: " "), limit: 100))`"
    }
}
