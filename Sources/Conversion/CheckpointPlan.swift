// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import Checkpoint
package import ContentModel
package import Safetensors

/// What becomes of one checkpoint file.
package struct CheckpointPlan: Sendable {
    /// A tensor that is written.
    package struct Item: Sendable {
        /// Its name and form in the new file.
        package let spec: TensorSpec
        /// Where it is in the checkpoint.
        package let tensor: CheckpointTensor
    }

    /// The checkpoint.
    package let checkpoint: Checkpoint
    /// Where in its object the tensors are.
    package let path: EntryPath
    /// The tensors by name.
    package let items: [TensorName: Item]
    /// Names that stand for a tensor which is written under another one, with that name: tied weights.
    package let shared: [(name: TensorName, kept: TensorName)]
    /// The metadata of the new file: the format, and for each name in `shared` the one that stands for it.
    package let metadata: [MetadataEntry]
    /// What is not converted because it is no tensor: its path and a few words about it.
    package let skipped: [(name: String, what: String)]
    /// The layout of the new file.
    package let layout: WritePlan

    /// Plans to convert a checkpoint's tensors.
    ///
    /// Of several names of one view (same storage, place, shape, strides and type) the first by its bytes is written, and the others are
    /// recorded in the metadata, as the reference does. Everything else is packed on its own.
    ///
    /// - Parameter key: where the tensors are, keys joined by dots; nil finds the usual places.
    /// - Throws: `Failure` with code `refused` when a tensor cannot be in a safetensors file, `usage` for a key without tensors, or
    ///   `invalidCheckpoint`.
    package init(_ source: any ByteSource, name: String, key: String? = nil) throws(Failure) {
        let shown = Escaped(name, limit: 1024)
        let state: StateDictionary
        let checkpoint: Checkpoint
        do throws(CheckpointError) { checkpoint = try Checkpoint(source) } catch {
            throw CheckpointPlan.failure(error, shown)
        }
        do throws(CheckpointError) { state = try checkpoint.stateDictionary(key) } catch {
            throw Failure(
                key == nil ? .invalidCheckpoint : .usage, "`\(shown)`: \(error)",
                hint: "name the place of the tensors with --key")
        }
        guard state.refusals.isEmpty else {
            throw Failure(
                .refused, "`\(shown)` has tensors that cannot be converted", hint: "leave them out where the file is written",
                details: state.refusals.prefix(20).map { "`\(Escaped(String(decoding: $0.name, as: UTF8.self)))`: \($0.refusal)" })
        }
        var items: [TensorName: Item] = [:]
        var shared: [(name: TensorName, kept: TensorName)] = []
        var aliases: Set<TensorName> = []
        var views: [View: TensorName] = [:]
        for (bytes, tensor) in state.tensors.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            guard let name = TensorName(utf8: bytes), !bytes.elementsEqual("__metadata__".utf8) else {
                throw Failure(
                    .refused, "`\(shown)`: `\(Escaped(String(decoding: bytes, as: UTF8.self)))` cannot be the name of a tensor")
            }
            guard items[name] == nil, !aliases.contains(name) else {
                throw Failure(.refused, "`\(shown)` has two tensors that would both be called `\(name)`")
            }
            if let view = View(tensor, checkpoint) {
                if let kept = views[view] {
                    shared.append((name, kept))
                    aliases.insert(name)
                    continue
                }
                views[view] = name
            }
            items[name] = Item(spec: TensorSpec(name, tensor.type, tensor.logicalShape), tensor: tensor)
        }
        metadata =
            [MetadataEntry("format", "pt")]
            + shared.filter { $0.name != "format" }.map { MetadataEntry($0.name.string, $0.kept.string) }
        do throws(WriteError) { layout = try WritePlan(items.values.map(\.spec), metadata: metadata) } catch {
            throw Failure(.refused, "`\(shown)` cannot be written as safetensors: \(error.message)")
        }
        self.checkpoint = checkpoint
        (path, self.items, self.shared) = (state.path, items, shared)
        skipped = CheckpointPlan.skipped(checkpoint, state)
    }

    private static func skipped(_ checkpoint: Checkpoint, _ state: StateDictionary) -> [(name: String, what: String)] {
        var found = state.others.map { (name: Escaped(String(decoding: $0.name, as: UTF8.self)).description, what: $0.what) }
        for other in checkpoint.stateDictionaries where other.path.dropping(state.path) == nil {
            found.append((other.path.description, "\(other.count) tensors of another state dict"))
        }
        return found
    }

    /// What the errors of a checkpoint are to the user.
    package static func failure(_ error: CheckpointError, _ name: Escaped) -> Failure {
        switch error {
        case .bytes(.unreadable(let message)): Failure(.file, message)
        case .torchScript:
            Failure(.refused, "`\(name)` is a TorchScript archive: a program, not a checkpoint")
        case .disagreement, .tar, .member, .storage:
            Failure(.refused, "`\(name)` is not converted: \(error)", hint: "run `weighlock scan` on it")
        default: Failure(.invalidCheckpoint, "`\(name)`: \(error)")
        }
    }
}

/// One and the same stretch of numbers, seen in one way.
private struct View: Hashable {
    let storage: Int
    let extent: Range<UInt64>
    let shape: [UInt64]
    let strides: [UInt64]
    let type: TensorType
    let isConjugated: Bool
    let isNegated: Bool

    /// A tensor without bytes shares nothing.
    init?(_ tensor: CheckpointTensor, _ checkpoint: Checkpoint) {
        guard let extent = tensor.extent, checkpoint.storages.indices.contains(tensor.storage) else { return nil }
        storage = checkpoint.storages[tensor.storage].root
        self.extent = extent
        (shape, strides, type) = (tensor.shape, tensor.strides, tensor.type)
        (isConjugated, isNegated) = (tensor.isConjugated, tensor.isNegated)
    }
}

extension Failure.Code {
    /// A file is not a checkpoint that can be read.
    package static let invalidCheckpoint = Self(rawValue: "invalid-checkpoint")
}
