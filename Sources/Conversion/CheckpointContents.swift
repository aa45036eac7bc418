// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import Checkpoint
internal import ContentModel
package import Safetensors

/// The tensors of one checkpoint as a safetensors file would have them, and everything that it would not have.
package struct CheckpointContents: Sendable {
    /// A tensor that a safetensors file can hold.
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
    /// Names that stand for a tensor which is listed under another one, with that name: tied weights. Sorted by name.
    package let shared: [(name: TensorName, kept: TensorName)]
    /// What is no tensor, in the object's order: its path, fit to print, and a few words about it.
    package let skipped: [(name: String, what: String)]
    /// What is recognised as a tensor and cannot be in a safetensors file, by name: fit to print, with the reason, and what can be
    /// done about it where that is known.
    package let refused: [(name: String, reason: String, remedy: String?)]

    /// Finds the tensors of a checkpoint.
    ///
    /// Of several names of one view (same storage, place, shape, strides and type) the first by its bytes is listed, and the others are
    /// `shared`.
    ///
    /// - Parameter key: where the tensors are, keys joined by dots; the empty text is the whole object, nil finds the usual places.
    /// - Throws: `place`, which names the places that hold tensors; `notACheckpoint` when there are none.
    package init(_ checkpoint: Checkpoint, key: String?) throws(CheckpointError) {
        let state = try checkpoint.stateDictionary(key)
        var items: [TensorName: Item] = [:]
        var shared: [(name: TensorName, kept: TensorName)] = []
        var aliases: Set<TensorName> = []
        var views: [TensorView: TensorName] = [:]
        var refused: [(name: String, reason: String, remedy: String?)] = state.refusals.map {
            (CheckpointContents.shown($0.name), $0.refusal.description, $0.refusal.remedy)
        }
        for (bytes, tensor) in state.tensors.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            guard let name = TensorName(utf8: bytes), !bytes.isEmpty, !bytes.elementsEqual("__metadata__".utf8) else {
                let reason = bytes.isEmpty ? "a tensor without a name" : "this cannot be the name of a tensor"
                refused.append((CheckpointContents.shown(bytes), reason, "save a dict with a name for each tensor"))
                continue
            }
            guard items[name] == nil, !aliases.contains(name) else {
                refused.append((CheckpointContents.shown(bytes), "two tensors would have this name", nil))
                continue
            }
            if let view = TensorView(tensor, checkpoint) {
                if let kept = views[view] {
                    shared.append((name, kept))
                    aliases.insert(name)
                    continue
                }
                views[view] = name
            }
            items[name] = Item(spec: TensorSpec(name, tensor.type, tensor.logicalShape), tensor: tensor)
        }
        self.checkpoint = checkpoint
        (path, self.items, self.shared, self.refused) = (state.path, items, shared, refused)
        var skipped = state.others.map { (name: CheckpointContents.shown($0.name), what: $0.what) }
        // What stands beside the state dict: epoch, arguments, versions. What lies deeper belongs to those.
        for entry in checkpoint.entries where entry.path.keys.count == 1 && entry.path.dropping(state.path) == nil {
            switch entry.kind {
            case .value(let what), .object(let what): skipped.append((entry.path.description, what))
            case .tensor, .refused: skipped.append((entry.path.description, "a tensor beside the state dict"))
            case .mapping, .sequence, .same: break
            }
        }
        for other in checkpoint.stateDictionaries
        where other.path.dropping(state.path) == nil && !other.path.keys.isEmpty {
            skipped.append((other.path.description, "\(other.count) tensors of another state dict"))
        }
        self.skipped = skipped
    }

    /// Why a file has no contents.
    package struct Problem: Error, Sendable {
        /// The reason, without the name of the file.
        package let reason: String
        /// Whether it is no checkpoint with tensors at all, rather than a broken one.
        package let isOther: Bool
        /// Whether the bytes could not be had.
        package let isUnreadable: Bool
    }

    /// Opens a checkpoint to look at it.
    ///
    /// - Parameters:
    ///   - isRemote: whether only the directory of an archive is to be read, and not what stands in front of each member.
    ///   - orWhole: whether the whole object is meant where several places hold tensors and none is the usual one.
    package init(
        of source: any ByteSource, isRemote: Bool = false, orWhole: Bool = false
    ) throws(CheckpointContents.Problem) {
        var options = CheckpointOptions()
        if isRemote { options.depth = .directory }
        let checkpoint: Checkpoint
        do throws(CheckpointError) { checkpoint = try Checkpoint(source, options: options) } catch {
            throw Problem(error)
        }
        guard !checkpoint.tensors.isEmpty || !checkpoint.refusals.isEmpty else {
            throw Problem(reason: "it holds no tensors", isOther: true, isUnreadable: false)
        }
        do throws(CheckpointError) { try self.init(checkpoint, key: nil) } catch {
            // It holds tensors, so it is a checkpoint all the same.
            guard orWhole else { throw Problem(reason: Problem(error).reason, isOther: false, isUnreadable: false) }
            do throws(CheckpointError) { try self.init(checkpoint, key: "") } catch { throw Problem(error) }
        }
    }

    /// What is to be said when some tensors cannot be in a safetensors file; nil when all of them can.
    package var refusal: String? {
        guard let first = refused.first else { return nil }
        let more = refused.count > 1 ? ", and \(refused.count - 1) more" : ""
        return "tensors that cannot be in a safetensors file: `\(first.name)`, \(first.reason)\(more)"
    }

    private static func shown(_ name: some Sequence<UInt8>) -> String {
        Escaped(String(decoding: Array(name), as: UTF8.self)).description
    }

    /// How the file is laid out, as in `torch-zip`.
    package var layout: String { checkpoint.layout.rawValue }

    /// Where in the object the tensors are, fit to print; empty for the object itself.
    package var place: String { path.description }

    /// What is odd about the file without changing what the tensors are.
    package var notes: [String] { checkpoint.notes }

    /// The tensors in the order of their storages and of their places in them.
    package var ordered: [Item] {
        items.values.sorted { left, right in
            let (one, other) = (left.tensor, right.tensor)
            return (one.storage, one.offset, left.spec.name) < (other.storage, other.offset, right.spec.name)
        }
    }

    /// Where in the file the bytes of a tensor lie as they come out, in one stretch; nil when they have to be unpacked, collected or
    /// turned around, or when there are none.
    package func stretch(of item: Item) -> Range<UInt64>? {
        guard checkpoint.storages.indices.contains(item.tensor.storage), item.tensor.byteCount > 0,
            let start = checkpoint.storages[item.tensor.storage].range?.lowerBound,
            let range = checkpoint.stretch(of: item.tensor)
        else { return nil }
        let (first, isTooFar) = start.addingReportingOverflow(range.lowerBound)
        let (end, isTooLong) = first.addingReportingOverflow(item.tensor.byteCount)
        return isTooFar || isTooLong ? nil : first..<end
    }
}

extension CheckpointContents.Problem {
    init(_ error: CheckpointError) {
        switch error {
        case .notACheckpoint(let what): self.init(reason: what, isOther: true, isUnreadable: false)
        case .empty: self.init(reason: error.description, isOther: true, isUnreadable: false)
        case .torchScript: self.init(reason: error.description, isOther: true, isUnreadable: false)
        case .bytes(.unreadable), .bytes(.absent):
            self.init(reason: error.description, isOther: false, isUnreadable: true)
        default: self.init(reason: error.description, isOther: false, isUnreadable: false)
        }
    }
}
