// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares what two deliverables show their model: their chat templates, and the prompts that these make of a fixed set of
/// conversations.
///
/// Nothing is opened when no file that can have a template or its tokens differs. Clocks tell `PromptRenderer.defaultTime`.
package struct PromptComparison: Sendable {
    private let before: Snapshot
    private let after: Snapshot

    /// Prepares a comparison.
    package init(_ before: Snapshot, _ after: Snapshot) { (self.before, self.after) = (before, after) }

    /// Compares.
    ///
    /// - Throws: what the snapshots' readers throw. What is missing or damaged is among what could not be checked.
    @concurrent
    package func run() async throws -> Comparison.Findings {
        var findings = Comparison.Findings()
        let roles = Set((before.files + after.files).map(\.role)).sorted()
        for role in roles {
            switch role {
            case .model, .tokenizer, .adapter: findings += try await run(role)
            case .dataset, .base: continue
            }
            try Task.checkCancellation()
        }
        return findings
    }

    private func run(_ role: SourceRole) async throws -> Comparison.Findings {
        let different = different(role)
        // What one side may say in a script that is not here cannot be compared with what the other says.
        let knowsBefore = try await LaunchTemplate.isKnown(before)
        let knowsBoth = try await LaunchTemplate.isKnown(after) && knowsBefore
        let launches = knowsBoth ? (try await launch(before, role), try await launch(after, role)) : (nil, nil)
        guard !different.isEmpty || launches.0 != launches.1 else { return Comparison.Findings() }
        // Beside a template that changed, a file of weights on this machine is asked for its own copy.
        func wants(_ snapshot: Snapshot) -> (Snapshot.File) -> Bool {
            { different.contains($0.path) || snapshot.reader.localPath(of: $0) != nil }
        }
        let old = try await TemplateSet(of: before, role: role, readsLaunch: knowsBoth, wantsGGUF: wants(before))
        let new = try await TemplateSet(of: after, role: role, readsLaunch: knowsBoth, wantsGGUF: wants(after))
        let inventories = try await (inventory(before, role, old), inventory(after, role, new))
        var changes = PromptChanges(old, new, inventories: inventories, prefix: role.pathPrefix)
        var findings = changes.findings()
        for problem in new.problems + old.problems where !findings.unchecked.contains(problem) {
            findings.unchecked.append(problem)
        }
        for launch in [new.launch, old.launch] {
            guard let launch, let reason = launch.reason else { continue }
            let names = launch.engines.map(\.title).joined(separator: ", ")
            let problem = DriftReport.Unchecked(
                file: nil, reason: "the prompts of \(names): \(reason)",
                hint: "name the template's file in `launch.files` or in `prompts`, so that it is part of the delivery")
            if !findings.unchecked.contains(problem) { findings.unchecked.append(problem) }
        }
        return findings
    }

    /// The template that the launch of a side names, where the model's templates come from this source.
    private func launch(_ snapshot: Snapshot, _ role: SourceRole) async throws -> LaunchTemplate? {
        role == TemplateSet.role(of: snapshot) ? try await LaunchTemplate.find(in: snapshot) : nil
    }

    /// The files that can say something about templates and are not the same on both sides.
    private func different(_ role: SourceRole) -> Set<RelativePath> {
        func files(_ snapshot: Snapshot) -> [RelativePath: FileState] {
            let files = snapshot.files.filter { $0.role == role && TemplateSet.kind(of: $0) != nil }
            return Dictionary(files.map { ($0.path, $0.state) }) { first, _ in first }
        }
        let (old, new) = (files(before), files(after))
        return Set(old.keys).union(new.keys).filter { path in
            guard let one = old[path], let other = new[path] else { return true }
            return !one.sameContent(as: other)
        }
    }

    /// The tokens that the tokenizer knows; not asked for when there is no template to check.
    private func inventory(_ snapshot: Snapshot, _ role: SourceRole, _ set: TemplateSet) async throws -> TokenInventory?
    {
        guard set.copies.contains(where: { $0.place != .gguf }) else { return nil }
        // Only what is at hand: a vocabulary is megabytes.
        guard let path = try? RelativePath("tokenizer.json"), let file = snapshot.file(path, role: role),
            snapshot.reader.localPath(of: file) != nil
        else { return nil }
        return try await TokenInventory.read(snapshot, role: role)
    }
}
