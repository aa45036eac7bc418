// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The tensors below one place of a checkpoint's object, under the names that a model gives them.
package struct StateDictionary: Sendable {
    /// Where it is.
    package let path: EntryPath
    /// The names and tensors, in the object's order. Names of tensors in dicts inside have dots between the keys.
    package let tensors: [(name: [UInt8], tensor: CheckpointTensor)]
    /// What below the place is recognised as a tensor and not read.
    package let refusals: [(name: [UInt8], refusal: TensorRefusal)]
    /// What is neither: numbers, strings, objects; by name, with a few words about it.
    package let others: [(name: [UInt8], what: String)]
}

extension Checkpoint {
    /// The dicts and lists that hold tensors directly, with how many, in the object's order.
    package var stateDictionaries: [(path: EntryPath, count: Int)] {
        var counts: [EntryPath: Int] = [:]
        var order: [EntryPath] = []
        for (path, _) in tensors {
            let parent = EntryPath(Array(path.keys.dropLast()))
            if counts.updateValue((counts[parent] ?? 0) + 1, forKey: parent) == nil { order.append(parent) }
        }
        return order.map { ($0, counts[$0] ?? 0) }
    }

    /// The state dict at `key`, keys joined by dots; without a key the object itself when it holds tensors directly, else its
    /// member of one of the usual names, else the only one there is. The empty key is the object itself. Single numbers beside a
    /// member of a usual name, such as a loss, do not count as tensors that the object holds.
    ///
    /// - Throws: `place`, which names the places that hold tensors; `notACheckpoint` when there are none.
    package func stateDictionary(_ key: String?) throws(CheckpointError) -> StateDictionary {
        let candidates = stateDictionaries
        let path: EntryPath
        if let key {
            let wanted = Array(key.utf8)
            guard let entry = entries.first(where: { $0.path.joined == wanted && $0.isContainer }),
                candidates.contains(where: { $0.path.dropping(entry.path) != nil })
                    || refusals.contains(where: { $0.path.dropping(entry.path) != nil })
            else { throw .place("there are no tensors at `\(Escaped(key, limit: 200))`; \(list(candidates))") }
            path = entry.path
        } else if candidates.isEmpty {
            // With nothing but tensors that are not read, the reasons are what matters.
            guard !refusals.isEmpty else { throw .notACheckpoint("it holds no tensors") }
            path = EntryPath([])
        } else {
            let usual = ["state_dict", "model_state_dict", "model", "module", "net", "generator"].map { EntryPath($0) }
            let name = usual.first { name in candidates.contains { $0.path.dropping(name) != nil } }
            let own = tensors.filter { $0.path.keys.count <= 1 }
            if own.contains(where: { name == nil || !$0.tensor.shape.isEmpty }) {
                path = EntryPath([])
            } else if let name {
                path = name
            } else if candidates.count == 1 {
                path = candidates[0].path
            } else {
                throw .place("several places hold tensors; \(list(candidates))")
            }
        }
        var tensors: [(name: [UInt8], tensor: CheckpointTensor)] = []
        var refusals: [(name: [UInt8], refusal: TensorRefusal)] = []
        var others: [(name: [UInt8], what: String)] = []
        for entry in entries {
            guard let name = entry.path.dropping(path)?.joined else { continue }
            switch entry.kind {
            case .tensor(let tensor): tensors.append((name, tensor))
            case .refused(let refusal): refusals.append((name, refusal))
            case .value(let what), .object(let what): others.append((name, what))
            case .same(let other): others.append((name, "the same as `\(other)`"))
            case .mapping, .sequence: break
            }
        }
        return StateDictionary(path: path, tensors: tensors, refusals: refusals, others: others)
    }

    private func list(_ candidates: [(path: EntryPath, count: Int)]) -> String {
        let shown = candidates.prefix(8).map {
            ($0.path.keys.isEmpty ? "the object itself" : "`\($0.path)`") + " (\($0.count))"
        }.joined(separator: ", ")
        return "tensors are in " + (candidates.isEmpty ? "no place" : shown)
            + (candidates.count > 8 ? " and others" : "")
    }
}

extension CheckpointEntry {
    /// Whether other entries may lie below it.
    var isContainer: Bool {
        switch kind {
        case .mapping, .sequence: true
        default: false
        }
    }
}
