// SPDX-License-Identifier: Apache-2.0


/// Compares two deliverables.
///
/// Files with the same digest are not opened, except for the documents around a template that changed.
package struct Comparison: Sendable {
    /// How thoroughly to compare.
    package struct Options: Sendable {
        /// Whether numbers that differ are measured, which reads both tensors.
        package var measures = true
        /// Called with the number of bytes of weights just read; false ends the comparison with a `CancellationError`.
        package var progress: @Sendable (Int) -> Bool = { _ in true }

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
}
