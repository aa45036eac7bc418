// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Tensors

/// Compares the weights of two deliverables: which tensors changed, and how far, or that only their packaging did.
///
/// Files with the same digest are not opened. Of the others the headers are read first; tensors are compared by their digests
/// where those are known or can be computed on this machine, and numbers are read where they differ, or where nothing else tells.
/// What is elsewhere is read by ranges, at most `Comparison.Options.maximumRemote` bytes beside headers. Memory is two windows of
/// 1 MiB for each processor, twice that for blocks, and the headers.
package struct WeightsComparison: Sendable {
    private let before: Snapshot
    private let after: Snapshot
    private let options: Comparison.Options

    /// Prepares a comparison.
    package init(_ before: Snapshot, _ after: Snapshot, options: Comparison.Options = Comparison.Options()) {
        (self.before, self.after, self.options) = (before, after, options)
    }

    /// Compares. What could not be compared is among the findings, and never counted as equal.
    ///
    /// - Throws: `CancellationError`, also when `progress` says so; what a reader throws that is no `Failure`.
    @concurrent
    package func run() async throws -> Comparison.Findings {
        let meter = Meter(options.progress)
        let (old, new) = (WeightSide(before, meter), WeightSide(after, meter))
        var findings = Comparison.Findings()
        var budget = options.maximumRemote
        let roles = Set((before.files + after.files).filter { $0.component == .weights }.map(\.role)).sorted()
        for role in roles {
            let touched = WeightsComparison.touched(before, after, role)
            guard !touched.isEmpty else { continue }
            if role == .base {
                findings.changes.append(WeightsComparison.baseMoved(touched))
                continue
            }
            var run = RoleComparison(role, old, new, measures: options.measures, meter)
            findings += try await run.run(touched.directories, budget: &budget)
        }
        return findings
    }

    /// What is not the same in one source.
    struct Touched {
        var directories: Set<TensorDirectory> = []
        var files: [Snapshot.File] = []
        var isEmpty: Bool { directories.isEmpty }
    }

    private static func touched(_ before: Snapshot, _ after: Snapshot, _ role: SourceRole) -> Touched {
        func files(_ snapshot: Snapshot) -> [RelativePath: Snapshot.File] {
            let files = snapshot.files.filter { $0.role == role && $0.component == .weights }
            return Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let (old, new) = (files(before), files(after))
        var touched = Touched()
        for path in Set(old.keys).union(new.keys).sorted() {
            if let one = old[path], let other = new[path], one.state.sameContent(as: other.state) { continue }
            touched.directories.insert(TensorDirectory(TensorSet.directory(of: path)))
            if let file = new[path] ?? old[path] { touched.files.append(file) }
        }
        return touched
    }

    /// What a deliverable was derived from is watched, not read.
    private static func baseMoved(_ touched: Touched) -> DriftChange {
        DriftChange(
            "weights-changed", .weights, .cosmetic, .weights,
            touched.files.prefix(20).map { DriftChange.Place($0.name) },
            "the weights of the base model are others: \(Figures.count(touched.files.count, "file"))",
            consequence: "this deliverable does not contain them; one that is derived anew would differ")
    }
}

/// A directory by the bytes of its name.
struct TensorDirectory: Hashable {
    private let bytes: [UInt8]
    init(_ name: String) { bytes = Array(name.utf8) }
}
