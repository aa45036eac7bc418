// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares two deliverables.
///
/// Files with the same digest are not opened, except for the documents around a template that changed, and for those
/// that must agree with one that changed: the three that say where an answer ends, and the files of one tokenizer.
package struct Comparison: Sendable {
    /// How thoroughly to compare.
    package struct Options: Sendable {
        /// Whether numbers that differ are measured, which reads both tensors.
        package var measures = true
        /// Called with the number of bytes of weights just read; false ends the comparison with a `CancellationError`.
        package var progress: @Sendable (Int) -> Bool = { _ in true }
        /// How many bytes of weights, beside their headers, are read from elsewhere: 64 MiB. What is beyond is in the
        /// report's `unchecked`.
        package var maximumRemote: UInt64 = 64 << 20

        /// The defaults.
        package init() {}
    }

    /// What the parts of a comparison say, before it is put together.
    package struct Findings: Sendable {
        package var changes: [DriftChange] = []
        package var unchecked: [DriftReport.Unchecked] = []
        package init() {}

        package static func += (left: inout Findings, right: Findings) {
            left.changes += right.changes
            left.unchecked += right.unchecked
        }
    }

    let before: Snapshot
    let after: Snapshot
    let options: Options

    /// Prepares a comparison.
    package init(_ before: Snapshot, _ after: Snapshot, options: Options = Options()) {
        (self.before, self.after, self.options) = (before, after, options)
    }

    /// Compares everything: what cannot be read is in the report's `unchecked`, never silently equal.
    ///
    /// - Throws: `CancellationError` when the task is cancelled or `options.progress` says so, and what the readers
    /// throw   that is no `Failure`.
    @concurrent
    package func run() async throws -> DriftReport {
        var findings = try await WeightsComparison(before, after, options: options).run()
        findings += try await PromptComparison(before, after).run()
        var documents = DocumentComparison(before, after)
        try await documents.run()
        let defaults = try await documents.defaults()
        findings.changes += IdentityComparison(before: before, after: after, touched: documents.touched).changes()
        findings.changes += documents.changes
        findings.changes += LaunchComparison.changes(before.launch, after.launch)
        let templates = Set(
            findings.changes.filter { $0.kind == .prompt }.flatMap { $0.places.map { TextKey($0.file) } })
        findings += try await LocalFileComparison(before, after, templates: templates).findings()
        findings.unchecked += documents.shelf.unchecked
        findings.changes += unnamed(documents.differing, findings)
        return DriftReport(
            before: .init(before), after: .init(after), changes: findings.changes, unchecked: findings.unchecked,
            sameFiles: documents.sameFiles, differentFiles: documents.differentFiles, defaults: defaults)
    }

    /// The files that differ and that no finding names: whatever the reason, they are not equal. Weights are compared
    /// by tensors, whatever file those are in; the base is no part of the deliverable.
    private func unnamed(_ pairs: [FilePair], _ findings: Findings) -> [DriftChange] {
        let named = Set(
            findings.changes.flatMap { $0.places.map { TextKey($0.file) } }
                + findings.unchecked.compactMap { $0.file.map(TextKey.init) })
        return pairs.filter { $0.role != .base && $0.component != .weights && !named.contains(TextKey($0.name)) }.map {
            DriftChange(
                "file-changed", DocumentComparison.unknownKind($0.component), .behaviour, $0.component,
                [.init($0.name)],
                "the file differs", consequence: "no rule says in what, so an output may depend on it")
        }
    }
}
