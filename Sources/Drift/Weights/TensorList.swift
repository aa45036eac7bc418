// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors
internal import Tensors

/// The tensors of several files of one side, sorted by name.
struct TensorList: Sendable {
    /// A tensor.
    struct Item: Sendable {
        let name: TensorName
        /// Its digest, where it is known.
        let digest: Digest?
        /// The place of its file in `files`.
        let file: Int
    }

    /// The files.
    let files: [Snapshot.File]
    /// The tensors, each name once.
    private(set) var items: [Item] = []
    /// Names that two files have; the first file counts.
    private(set) var repeated: [TensorName] = []
    /// Files that say nothing about their tensors, and why.
    private(set) var unreadable: [(file: Snapshot.File, reason: String, hint: String?)] = []
    /// Files that are none of the containers, by their bytes.
    private(set) var foreign: [Snapshot.File] = []

    /// Whether nothing is missing in it.
    var isWhole: Bool { unreadable.isEmpty && foreign.isEmpty }

    /// Whether every tensor has a digest.
    private(set) var hasDigests = true

    /// Takes digests where they are known, else the names of the headers.
    ///
    /// - Throws: `CancellationError`.
    init(_ files: [Snapshot.File], _ container: WeightSet.Container, _ side: WeightSide) async throws {
        self.files = files
        for (place, file) in files.enumerated() {
            do {
                if let record = try await side.record(of: file) {
                    if record.container == nil {
                        foreign.append(file)
                    } else {
                        items += record.digests.entries.map { Item(name: $0.name, digest: $0.digest, file: place) }
                    }
                } else if container == .checkpoint, side.path(of: file) != nil {
                    // Damaged storages, for example: what has no digest has no numbers either.
                    throw WeightSide.Unreadable(reason: "they have no digests", hint: "run `weighlock scan` on it")
                } else {
                    hasDigests = false
                    items += try await side.head(of: file, container).names.map {
                        Item(name: $0, digest: nil, file: place)
                    }
                }
            } catch let problem as WeightSide.Unreadable {
                unreadable.append((file, problem.reason, problem.hint))
            }
        }
        items.sort { $0.name != $1.name ? $0.name < $1.name : $0.file < $1.file }
        var kept: [Item] = []
        kept.reserveCapacity(items.count)
        for item in items {
            if let last = kept.last, last.name == item.name { repeated.append(item.name) } else { kept.append(item) }
        }
        items = kept
    }

    /// The place of the tensor of this name; nil when there is none.
    func place(of name: TensorName) -> Int? {
        var (low, high) = (0, items.count)
        while low < high {
            let middle = low + (high - low) / 2
            if items[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < items.count && items[low].name == name ? low : nil
    }
}
