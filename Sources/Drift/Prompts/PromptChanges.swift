// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Jinja

/// Says what differs between two sets of templates, in the terms of those who read them.
struct PromptChanges {
    let before: TemplateSet
    let after: TemplateSet
    let inventories: (before: TokenInventory?, after: TokenInventory?)
    /// What stands before a file's path when it is not the model's.
    let prefix: String
    var found = Comparison.Findings()

    /// A template on one side or both, and the engines for which the one takes the place of the other.
    struct Transition {
        let before: TemplateCopy?
        let after: TemplateCopy?
        /// None for copies that nobody reads unless told to.
        var engines: [PromptEngine] = []
        /// Whether it holds for conversations without tools, and for those with tools.
        var withoutTools = false
        var withTools = false

        func fits(_ before: TemplateCopy?, _ after: TemplateCopy?) -> Bool {
            func same(_ one: TemplateCopy?, _ other: TemplateCopy?) -> Bool {
                if let one, let other { one.isSamePlace(as: other) } else { one == nil && other == nil }
            }
            return same(self.before, before) && same(self.after, after)
        }

        /// Whether it holds for this conversation.
        func concerns(_ conversation: Conversation) -> Bool {
            engines.isEmpty || (conversation.tools == nil ? withoutTools : withTools)
        }
    }

    init(
        _ before: TemplateSet, _ after: TemplateSet,
        inventories: (before: TokenInventory?, after: TokenInventory?) = (nil, nil),
        prefix: String = ""
    ) {
        (self.before, self.after, self.inventories, self.prefix) = (before, after, inventories, prefix)
    }

    /// Everything that differs.
    mutating func findings() -> Comparison.Findings {
        let transitions = transitions()
        for transition in transitions { compare(transition, transitions) }
        compareDisagreements()
        return found
    }

    // MARK: - What takes the place of what

    private func transitions() -> [Transition] {
        var all: [Transition] = []
        func note(_ old: TemplateCopy?, _ new: TemplateCopy?, _ engine: PromptEngine?, withTools: Bool) {
            guard old != nil || new != nil else { return }
            let index =
                all.firstIndex { $0.fits(old, new) }
                ?? {
                    all.append(Transition(before: old, after: new))
                    return all.count - 1
                }()
            guard let engine else { return }
            if !all[index].engines.contains(engine) { all[index].engines.append(engine) }
            if withTools { all[index].withTools = true } else { all[index].withoutTools = true }
        }
        // Of a template that the launch names and nobody can read nothing is said, least of all that there is none.
        func isKnown(_ engine: PromptEngine, _ set: TemplateSet) -> Bool {
            set.launch.map { !$0.governs(engine) || $0.copy != nil } ?? true
        }
        for engine in PromptEngine.allCases where isKnown(engine, before) && isKnown(engine, after) {
            for withTools in [false, true] {
                note(
                    engine.template(of: before, withTools: withTools), engine.template(of: after, withTools: withTools),
                    engine,
                    withTools: withTools)
            }
        }
        // What nobody reads by itself is compared with what is in the same place.
        func isUsed(_ copy: TemplateCopy, _ side: (Transition) -> TemplateCopy?) -> Bool {
            all.contains { side($0)?.isSamePlace(as: copy) ?? false }
        }
        let oldOnes = before.copies.filter { !isUsed($0, \.before) }
        let newOnes = after.copies.filter { !isUsed($0, \.after) }
        for old in oldOnes {
            let new = after.copies.first { $0.isSamePlace(as: old) }
            note(old, new, nil, withTools: false)
        }
        for new in newOnes where !oldOnes.contains(where: { $0.isSamePlace(as: new) }) {
            note(before.copies.first { $0.isSamePlace(as: new) }, new, nil, withTools: false)
        }
        return all
    }

    // MARK: - One transition

    private mutating func compare(_ transition: Transition, _ all: [Transition]) {
        switch (transition.before, transition.after) {
        case (let old?, let new?):
            if old.isSameText(as: new) {
                compareSame(old, new, transition, all)
            } else {
                compareTexts(old, new, transition)
            }
        case (nil, let new?): added(new, transition)
        case (let old?, nil): removed(old, transition)
        case (nil, nil): break
        }
    }

    /// The same text: what is left is where it is, how its lines end, and the tokens that it prints.
    private mutating func compareSame(
        _ old: TemplateCopy, _ new: TemplateCopy, _ transition: Transition, _ all: [Transition]
    ) {
        if old.isSamePlace(as: new) {
            if !old.text.utf8.elementsEqual(new.text.utf8) {
                add(
                    "template-format-only", .prompt, .cosmetic, new, old, "only the line ends of the template differ",
                    consequence: "every reader of templates makes them one kind before anything else")
            }
        } else if !transition.engines.isEmpty, !isLost(old, all) {
            add(
                "template-moved", .packaging, .cosmetic, new, old,
                "the template moved from `\(old.label)` to `\(new.label)` without a change",
                consequence: "\(names(transition)) read\(verb(transition)) it there")
        }
        guard before.tokens(for: old) != after.tokens(for: new), let trial = trial(old, new, transition),
            !trial.differences.isEmpty
        else { return }
        report(
            trial, old, new, transition, cause: "the template is the same; the special tokens that it prints are not")
    }

    /// Whether some engine no longer finds a text that others find elsewhere: that says more than that it moved.
    private func isLost(_ old: TemplateCopy, _ all: [Transition]) -> Bool {
        all.contains { !$0.engines.isEmpty && $0.after == nil && ($0.before?.isSamePlace(as: old) ?? false) }
    }

    private mutating func compareTexts(_ old: TemplateCopy, _ new: TemplateCopy, _ transition: Transition) {
        guard let trial = trial(old, new, transition) else { return }
        let diff = TextDiff(old.normalised, new.normalised)
        let tried = "\(trial.tried) conversation\(trial.tried == 1 ? "" : "s") tried"
        if trial.isClean, TemplateSpacing.isSame(old.text, new.text) {
            add(
                "template-format-only", .prompt, .cosmetic, new, old,
                "only the white space and comments of the template differ",
                consequence: "it renders the same in the \(tried)", evidence: .text(diff))
            return
        }
        let isOtherWinner =
            !old.isSamePlace(as: new)
            && (after.copies.contains { $0.isSamePlace(as: old) } || before.copies.contains { $0.isSamePlace(as: new) })
        let lines = "\(diff.added) line\(diff.added == 1 ? "" : "s") more, \(diff.removed) less"
        var sameness: String?
        if trial.isClean {
            sameness = "it renders the same in the \(tried); with others it may not"
        } else if trial.differences.isEmpty, trial.isMarkedOtherwise {
            sameness =
                "it renders the same in the \(tried), but marks other stretches as the assistant's, which training learns from"
        }
        if isOtherWinner {
            add(
                "template-winner-changed", .prompt, .behaviour, new, old,
                "\(names(transition)) use\(verb(transition)) `\(new.label)` now, not `\(old.label)`, and the two are not the same",
                consequence: sameness, evidence: .text(diff))
        } else {
            let moved = old.isSamePlace(as: new) ? "" : ", and moved from `\(old.label)`"
            let reader = transition.engines.isEmpty ? "; nobody reads it unless told to" : ""
            add(
                "template-changed", .prompt, .behaviour, new, old,
                "the template\(title(new)) changed\(moved): \(lines)\(reader)",
                consequence: sameness
                    ?? (transition.engines.isEmpty ? nil : "\(names(transition)) use\(verb(transition)) it"),
                evidence: .text(diff))
        }
        report(trial, old, new, transition, cause: nil)
        newFindings(old, new, transition)
    }

    /// The two templates rendered for the conversations that the transition is about.
    private func trial(_ old: TemplateCopy, _ new: TemplateCopy, _ transition: Transition) -> PromptTrial? {
        PromptTrial(
            PromptTrial.Side(old, before.tokens(for: old)), PromptTrial.Side(new, after.tokens(for: new)),
            Conversation.builtIn.filter(transition.concerns))
    }

    /// What the model is shown.
    private mutating func report(
        _ trial: PromptTrial, _ old: TemplateCopy, _ new: TemplateCopy, _ transition: Transition, cause: String?
    ) {
        for failing in trial.failing.prefix(1) {
            let others = trial.failing.count - 1
            add(
                "template-fails", .prompt, .breaking, new, old,
                "`\(failing.conversation.name)` (\(failing.conversation.title)) no longer renders"
                    + (others > 0 ? ", nor do \(others) more" : ""),
                consequence: TemplateLint.text(failing.error),
                evidence: .prompts(trial.differences.filter { if case .failed = $0.after { true } else { false } }))
        }
        if !trial.differences.isEmpty {
            let count = trial.differences.count
            let names =
                trial.differences.prefix(6).map(\.conversation).joined(separator: ", ") + (count > 6 ? ", …" : "")
            var consequence = cause
            if let opening = trial.opening {
                consequence =
                    "an answer now begins behind `\(Escaped(opening.after, limit: 120))`, not `\(Escaped(opening.before, limit: 120))`"
            }
            if !trial.clockAfter.isEmpty {
                consequence = (consequence.map { $0 + "; " } ?? "") + "rendered for \(PromptRenderer.defaultTime)"
            }
            add(
                "prompt-changed", .prompt, .behaviour, new, old,
                "the model is shown another prompt in \(count) of \(trial.tried) conversations: \(names)",
                consequence: consequence, before: trial.opening.map { .string($0.before) },
                after: trial.opening.map { .string($0.after) }, evidence: .prompts(trial.differences))
        }
        let newFormats = trial.clockAfter.subtracting(trial.clockBefore).sorted()
        if !newFormats.isEmpty {
            add(
                "prompt-uses-clock", .prompt, .behaviour, new, old,
                "the prompt depends on the time now: it prints \(newFormats.prefix(3).map { "`\(Escaped($0, limit: 60))`" }.joined(separator: ", "))",
                consequence:
                    "the same conversation gives another prompt tomorrow; compared here for \(PromptRenderer.defaultTime)"
            )
        }
        if let first = trial.unknown.first {
            found.unchecked.append(
                DriftReport.Unchecked(
                    file: new.file,
                    reason:
                        "the prompts of \(trial.unknown.count) conversations, `\(first.conversation)` the first: \(first.reason)"
                ))
        }
    }

    /// What the linter says of the new template and did not say of the old.
    private mutating func newFindings(_ old: TemplateCopy, _ new: TemplateCopy, _ transition: Transition) {
        let known = TemplateLint(old.text, tokens: before.tokens(for: old), inventory: inventories.before).run()
        let now = TemplateLint(new.text, tokens: after.tokens(for: new), inventory: inventories.after).run()
        for finding in now where finding.severity < .note && finding.rule != .notChecked {
            guard !known.contains(where: { $0.rule == finding.rule && $0.severity <= finding.severity }) else {
                continue
            }
            let turns = finding.conversation.map { TemplateFinding.turns(of: $0) }
            add(
                "template-newly-breaks", .prompt, .breaking, new, old,
                "this update newly breaks \(turns ?? "the template") (`\(finding.rule.rawValue)`): \(finding.message)",
                consequence: finding.excerpt.map { excerpt in
                    // Where two places are shown, each has its own marks.
                    let mark = excerpt.contains("`") ? "" : "`"
                    return "the prompt has \(mark)\(Escaped(excerpt, limit: 200))\(mark)"
                })
        }
    }
}
