// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import Checkpoint
package import ContentModel
package import Safetensors

/// What becomes of one checkpoint file.
package struct CheckpointPlan: Sendable {
    /// The tensors, and what is left out.
    package let contents: CheckpointContents
    /// The metadata of the new file: the format, and for each name in `shared` the one that stands for it.
    package let metadata: [MetadataEntry]
    /// The layout of the new file.
    package let layout: WritePlan

    /// Plans to convert a checkpoint's tensors.
    ///
    /// Of several names of one view (same storage, place, shape, strides and type) the first by its bytes is written, and the others are
    /// recorded in the metadata, as the reference does. Everything else is packed on its own.
    ///
    /// - Parameter key: where the tensors are, keys joined by dots; nil finds the usual places.
    /// - Throws: `Failure` with code `refused` when a tensor cannot be in a safetensors file, `usage` for a key without tensors,
    ///   `notACheckpoint`, or `invalidCheckpoint`.
    package init(_ source: any ByteSource, name: String, key: String? = nil) throws(Failure) {
        let shown = Escaped(name, limit: 1024)
        let checkpoint: Checkpoint
        do throws(CheckpointError) { checkpoint = try Checkpoint(source) } catch {
            throw CheckpointPlan.failure(error, shown)
        }
        let contents: CheckpointContents
        do throws(CheckpointError) { contents = try CheckpointContents(checkpoint, key: key) } catch {
            guard checkpoint.tensors.isEmpty, checkpoint.refusals.isEmpty else {
                throw Failure(
                    key == nil ? .invalidCheckpoint : .usage, "`\(shown)`: \(error)",
                    hint: "name the place of the tensors with `--key`, or all of them with `--key ''`")
            }
            let object = checkpoint.entries.lazy.compactMap { entry in
                if case .object(let name) = entry.kind { name } else { nil }
            }.first
            throw Failure(
                .notACheckpoint,
                "`\(shown)` holds no tensors"
                    + (object.map { ", but objects such as `\(Escaped($0, limit: 200))`" } ?? ""),
                hint: "save the state dict of the model: a dict of names and tensors")
        }
        try self.init(contents, name: name)
    }

    /// Plans to convert what was found in a checkpoint.
    ///
    /// - Throws: `Failure` with code `refused` when a tensor cannot be in a safetensors file.
    package init(_ contents: CheckpointContents, name: String) throws(Failure) {
        let shown = Escaped(name, limit: 1024)
        guard contents.refused.isEmpty else {
            let more = contents.refused.count > 20 ? ["and \(contents.refused.count - 20) more"] : []
            throw Failure(
                .refused,
                "`\(shown)` has \(contents.refused.count == 1 ? "a tensor" : "\(contents.refused.count) tensors") that cannot be converted",
                hint: CheckpointPlan.hint(contents),
                details: contents.refused.prefix(20).map { "`\($0.name)`: \($0.reason)" } + more)
        }
        self.contents = contents
        metadata =
            [MetadataEntry("format", "pt")]
            + contents.shared.filter { $0.name != "format" }.map { MetadataEntry($0.name.string, $0.kept.string) }
        do throws(WriteError) { layout = try WritePlan(contents.items.values.map(\.spec), metadata: metadata) } catch {
            throw Failure(.refused, "`\(shown)` cannot be written as safetensors: \(error.message)")
        }
    }

    /// The checkpoint.
    package var checkpoint: Checkpoint { contents.checkpoint }
    /// The tensors by name.
    package var items: [TensorName: CheckpointContents.Item] { contents.items }
    /// Names that stand for a tensor which is written under another one, with that name: tied weights.
    package var shared: [(name: TensorName, kept: TensorName)] { contents.shared }
    /// What is not converted because it is no tensor: its path and a few words about it.
    package var skipped: [(name: String, what: String)] { contents.skipped }

    /// What can be done about tensors that are refused: for each kind of them once.
    private static func hint(_ contents: CheckpointContents) -> String {
        var remedies: [String] = []
        for case let remedy? in contents.refused.map(\.remedy) where !remedies.contains(remedy) {
            remedies.append(remedy)
        }
        guard contents.refused.allSatisfy({ $0.remedy != nil }), remedies.count <= 3 else {
            return "leave them out where the file is written"
        }
        return "where the file is written, " + remedies.joined(separator: "; ") + "; or leave it out"
    }

    /// What the errors of a checkpoint are to the user.
    package static func failure(_ error: CheckpointError, _ name: Escaped) -> Failure {
        switch error {
        case .bytes(.unreadable(let message)): Failure(.file, message)
        case .notACheckpoint:
            Failure(
                .notACheckpoint, "`\(name)`: \(error)",
                hint: "files that `torch.save`, `numpy.save` and `numpy.savez` write are read")
        case .empty: Failure(.notACheckpoint, "`\(name)` is empty", hint: "fetch it again, or save it again")
        case .torchScript:
            Failure(
                .refused, "`\(name)` is a TorchScript archive: a program, not a checkpoint",
                hint: "save the state dict of the module it was made from")
        case .disagreement, .tar, .member, .storage:
            Failure(.refused, "`\(name)` is not converted: \(error)", hint: "run `weighlock scan` on it")
        case .overLimit: Failure(.invalidCheckpoint, "`\(name)`: \(error)", hint: "change it where the file is written")
        default: Failure(.invalidCheckpoint, "`\(name)`: \(error)", hint: "fetch it again, or save it again")
        }
    }
}

extension Failure.Code {
    /// A file is a checkpoint that cannot be read.
    package static let invalidCheckpoint = Self(rawValue: "invalid-checkpoint")
    /// A file is no checkpoint, or one without tensors.
    package static let notACheckpoint = Self(rawValue: "not-a-checkpoint")
}
