// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// Which container of tensors a file probably is; reading it says whether that is true.
enum ContainerGuess {
    /// By the name alone, for the files of a directory or a repository; nil for what is no container, or belongs to the training.
    static func of(_ entry: ModelFiles.Entry) -> InspectionReport.Container? {
        let name = entry.name
        if name.hasSuffix(".safetensors") { return .safetensors }
        if name.hasSuffix(".gguf") { return .gguf }
        let isCheckpoint = [".bin", ".pt", ".pth", ".ckpt", ".npz"].contains { name.hasSuffix($0) }
        return isCheckpoint && (entry.path == nil || entry.component == .weights) ? .checkpoint : nil
    }

    /// By the name of an index; nil for a file that is none.
    static func ofIndex(_ name: String) -> InspectionReport.Container? {
        guard name.hasSuffix(".json") else { return nil }
        if name.contains(".safetensors.index.") { return .safetensors }
        return name.contains(".bin.index.") ? .checkpoint : nil
    }

    /// By the first bytes, of which 512 are enough, and the name where they say nothing: for the one file that was asked for. A file that is
    /// called safetensors has to be one.
    static func of(_ head: [UInt8], name: String) -> InspectionReport.Container {
        if name.hasSuffix(".safetensors") { return .safetensors }
        if head.starts(with: Array("GGUF".utf8)) { return .gguf }
        // The length of a header, and its first character: also where the length begins like a pickle.
        if head.count > 8, head[4..<8].allSatisfy({ $0 == 0 }), Array("{ \n\t\r".utf8).contains(head[8]) {
            return .safetensors
        }
        switch try? ContainerFormat.detect(MemorySource(head)) {
        case .zip, .npy, .tar: return .checkpoint
        default: break
        }
        if head.count > 2, head[0] == 0x80, (2...5).contains(head[1]) { return .checkpoint }
        if name.hasSuffix(".gguf") { return .gguf }
        let isCheckpoint = [".bin", ".pt", ".pth", ".ckpt", ".npz", ".npy", ".tar", ".pkl"].contains {
            name.hasSuffix($0)
        }
        return isCheckpoint ? .checkpoint : .safetensors
    }
}
