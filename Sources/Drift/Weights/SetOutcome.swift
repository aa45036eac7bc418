// SPDX-License-Identifier: Apache-2.0

internal import Safetensors

/// What comparing two sets of weights has shown.
struct SetOutcome: Sendable {
    typealias Kind = DriftEvidence.TensorDifference.Kind

    let before: WeightSet
    let after: WeightSet
    /// Files with the same bytes under another path.
    var moved: [(before: Snapshot.File, after: Snapshot.File)] = []
    /// The files that are not the same on both sides.
    var restBefore: [Snapshot.File] = []
    var restAfter: [Snapshot.File] = []
    /// How many tensors those files have.
    var tensorsBefore = 0
    var tensorsAfter = 0
    /// How many tensors were found the same, by digest or by comparing their bytes.
    var equal = 0
    /// What became of the others.
    var groups: [Kind: DifferenceGroup] = [:]
    /// How the names changed, when many changed in one way.
    var substitution: NameSubstitution?
    /// Of the reshaped ones, how many still have every number.
    var onlyShape = 0
    /// Of the removed ones, how many still are there under another name that is not new, with an example.
    var tied = 0
    var tie: (gone: TensorName, stays: TensorName)?
    /// Tensors of which neither digests nor numbers were compared, and how many bytes they have on one side.
    var unknown = 0
    var unknownBytes: UInt64 = 0
    /// Whether such tensors are of a file on this machine.
    var unknownReason: String?
    /// Whether what was seen of all files covers every tensor.
    var isWhole = true
    /// Whether headers say the same of every tensor, its place included.
    var hasSameLayout = false
    /// What could not be read.
    var unchecked: [DriftReport.Unchecked] = []
    /// Files that are none of the containers.
    var foreign: [Snapshot.File] = []
    /// Tensors that two files have after, and had not before.
    var repeated: [TensorName] = []
    /// Whether the tensors are in another order; nil when that was not looked at.
    var isReordered: Bool?
    /// The metadata of the headers that differ, by key.
    var metadata: [MetadataChange] = []

    /// Whether a header has metadata now.
    var hasMetadata = false
    /// Whether what a GGUF file says beside its tensors differs, which has changes of its own.
    var hasOtherMetadata = false
    /// How many tensors of which type there are, in GGUF files.
    var histograms: (before: [String: Int], after: [String: Int])?

    /// An entry of safetensors metadata.
    struct MetadataChange: Sendable {
        let key: String
        let before: String?
        let after: String?
    }

    init(_ before: WeightSet, _ after: WeightSet) { (self.before, self.after) = (before, after) }

    mutating func add(
        _ difference: DriftEvidence.TensorDifference, _ found: MeasuredDistance? = nil
    ) { groups[difference.kind, default: DifferenceGroup()].add(difference, found) }

    /// Whether every tensor was compared and found to be what it was.
    var isEqual: Bool { groups.isEmpty && unknown == 0 && isWhole && repeated.isEmpty }

    /// How many tensors the set has after, when that is known; else how many its changed files have.
    var total: (count: Int, isOfChangedFiles: Bool) {
        if let index = after.index { return (max(index.content.map.tensors.count, tensorsAfter), false) }
        return (tensorsAfter, restAfter.count < after.files.count)
    }
}
