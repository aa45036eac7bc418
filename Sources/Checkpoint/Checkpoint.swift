// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import Pickle

/// The tensors of a PyTorch checkpoint or a numpy file: where they are, what they look like, and their bytes on demand.
///
/// What it reads: PyTorch's zip format, the stream of before 1.6, the tar of 0.1, `.npy` and `.npz`. Nothing is unpickled: the
/// pickle is interpreted by `Pickle`, and what is a tensor is recognised from the call that would have made it. Opening reads the
/// directory and the pickle, no storage; every size and place is checked against what is really there before it is used.
///
/// What it is not: it does not judge whether a file is safe (that is scanning), it densifies nothing (sparse, quantised and nested
/// tensors are refused by name), and it does not read HDF5 or TorchScript. docs/formats/checkpoint.md has the rules.
package struct Checkpoint: Sendable {
    /// How the file is laid out.
    package enum Layout: String, Sendable, Hashable {
        /// A zip archive with `data.pkl` and one member per storage (PyTorch 1.6 and later).
        case torchZip = "torch-zip"
        /// Five pickles and then the storages (PyTorch 0.2 to 1.5).
        case torchStream = "torch-stream"
        /// A tar archive with `pickle`, `tensors` and `storages` (PyTorch 0.1).
        case torchTar = "torch-tar"
        /// One numpy array.
        case npy
        /// A zip archive of numpy arrays.
        case npz
    }

    /// How the file is laid out.
    package let layout: Layout
    /// Everything that the object holds, in its order: tensors, what is no tensor, and what was refused.
    package let entries: [CheckpointEntry]
    /// The storages that tensors use, in the order of their first use.
    package let storages: [CheckpointStorage]
    /// Whether numbers are stored with the most significant byte first.
    package let isBigEndian: Bool
    /// What is odd about the file without changing what the tensors are.
    package let notes: [String]

    /// Reads what is in the file. No storage is read.
    ///
    /// - Throws: `CheckpointError`; `bytes(.absent)` for a remote source of which more must be fetched.
    package init(_ source: any ByteSource, options: CheckpointOptions = CheckpointOptions()) throws(CheckpointError) {
        let parts = try CheckpointReader.read(source, options)
        layout = parts.layout
        entries = parts.entries
        storages = parts.storages
        isBigEndian = parts.isBigEndian
        notes = parts.notes
    }

    /// The tensors with their paths, in the object's order.
    package var tensors: [(path: EntryPath, tensor: CheckpointTensor)] {
        entries.compactMap { entry in
            if case .tensor(let tensor) = entry.kind { (entry.path, tensor) } else { nil }
        }
    }

    /// What was recognised as a tensor but is not read, with the reason.
    package var refusals: [(path: EntryPath, refusal: TensorRefusal)] {
        entries.compactMap { entry in
            if case .refused(let refusal) = entry.kind { (entry.path, refusal) } else { nil }
        }
    }

    /// The paths of tensors that have bytes in common, in groups of two or more, in the object's order.
    package var sharing: [[EntryPath]] {
        var extents: [(range: Range<UInt64>, storage: Int, place: Int)] = []
        let all = tensors
        for (place, item) in all.enumerated() {
            guard let extent = item.tensor.extent, !extent.isEmpty else { continue }
            extents.append((extent, storages[item.tensor.storage].root, place))
        }
        extents.sort { ($0.storage, $0.range.lowerBound, $0.place) < ($1.storage, $1.range.lowerBound, $1.place) }
        var groups: [[Int]] = []
        var end: UInt64 = 0
        var storage = -1
        for extent in extents {
            if extent.storage == storage, extent.range.lowerBound < end, !groups.isEmpty {
                groups[groups.count - 1].append(extent.place)
            } else {
                groups.append([extent.place])
                (storage, end) = (extent.storage, 0)
            }
            end = max(end, extent.range.upperBound)
        }
        return groups.filter { $0.count > 1 }.map { $0.sorted() }
            .sorted { $0[0] < $1[0] }
            .map { group in group.map { all[$0].path } }
    }
}
