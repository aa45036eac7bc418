// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Tensors

/// Files of weights that are one model together: what an index names, what is numbered, or one file.
struct WeightSet: Sendable {
    /// What the files are, by their names.
    enum Container: Int, Sendable, Comparable {
        /// The order is that in which programs prefer them where a model is there more than once.
        case safetensors, checkpoint, gguf
        /// One that no tensor is read from here: ONNX, HDF5, msgpack, …
        case other

        static func < (left: Container, right: Container) -> Bool { left.rawValue < right.rawValue }

        init(_ path: RelativePath) {
            switch path.fileExtension {
            case "safetensors": self = .safetensors
            case "gguf": self = .gguf
            case "bin", "pt", "pth", "ckpt", "pkl", "pickle", "npz": self = .checkpoint
            default: self = .other
            }
        }

        /// The words for people.
        var words: String {
            switch self {
            case .safetensors: "safetensors"
            case .checkpoint: "a PyTorch checkpoint"
            case .gguf: "GGUF"
            case .other: "another container"
            }
        }
    }

    let role: SourceRole
    /// The directory with a `/` at its end; empty for the top.
    let directory: String
    let container: Container
    /// What the names have in common, spelled as safetensors are usually named: `model` for `pytorch_model.bin` too.
    let stem: String
    /// The files that are there, sorted.
    let files: [Snapshot.File]
    /// The index with what it says, when there is one.
    let index: WeightIndex?
    /// The names that the index has and the snapshot has not.
    let absent: [String]
    /// How many files are missing by their numbers, where no index says it.
    let missingCount: Int

    /// The name for people: of the file, the series or the index.
    var title: String {
        if files.count == 1, index == nil, let file = files.first { return file.name }
        if let index { return index.file.name }
        return files.first.map { file in
            role.pathPrefix + (ShardName(file.path.description)?.pattern ?? file.path.description)
        } ?? role.pathPrefix + directory + stem
    }

    /// Whether files are missing that should be there.
    var isIncomplete: Bool { !absent.isEmpty || missingCount > 0 }

    /// The files as places of a change: the first few.
    func places(_ key: String? = nil) -> [DriftChange.Place] {
        files.prefix(20).map { DriftChange.Place($0.name, key) }
    }

    /// The names of the quantisation of a GGUF file, such as `q4_k_m`; nil when the name has none.
    ///
    /// The last word of the name that looks like one counts.
    var quantization: String? {
        guard container == .gguf else { return nil }
        let words = stem.lowercased().split(whereSeparator: { "-. ".contains($0) })
        return words.last(where: { WeightSet.isQuantization($0) }).map(String.init)
    }

    /// Whether the file is the part of a GGUF model that reads pictures or sound, which programs load beside the model.
    var isProjector: Bool { container == .gguf && stem.lowercased().contains("mmproj") }

    private static func isQuantization(_ word: Substring) -> Bool {
        let plain: Set<Substring> = ["f16", "fp16", "bf16", "f32", "fp32", "f64", "mxfp4", "nvfp4", "mxfp4_moe"]
        if plain.contains(word) { return true }
        for prefix in ["iq", "tq", "q"] where word.hasPrefix(prefix) {
            return word.dropFirst(prefix.count).first?.isWholeNumber ?? false
        }
        return false
    }
}

/// An index of shards: the file and what it says.
struct WeightIndex: Sendable {
    let file: Snapshot.File
    let content: ShardIndexContent
}
