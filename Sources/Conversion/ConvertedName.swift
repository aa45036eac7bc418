// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The name that a converted file gets: the one under which loaders look for it.
package enum ConvertedName {
    /// The name of the safetensors file made of the checkpoint at `path`, in the same directory: `pytorch_model` becomes `model`, a
    /// shard keeps its number, and any other name keeps its stem.
    package static func of(_ path: RelativePath) -> RelativePath? { try? RelativePath(rename(path.description)) }

    /// The name of the index made of the index at `path`: `model.safetensors.index.json` of `pytorch_model.bin.index.json`, and
    /// with a variant `model.safetensors.index.fp16.json` of `pytorch_model.bin.index.fp16.json`.
    package static func ofIndex(_ path: RelativePath) -> RelativePath? {
        let (folder, name) = split(path.description)
        guard name.hasSuffix(".json"), let range = name.firstRange(of: ".index."), range.lowerBound > name.startIndex
        else { return nil }
        return try? RelativePath(folder + rename(String(name[..<range.lowerBound])) + name[range.lowerBound...])
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        let next = path.utf8.index(after: slash)
        return (String(path[..<next]), String(path[next...]))
    }

    private static func rename(_ path: String) -> String {
        var (folder, name) = split(path)
        for suffix in [".bin", ".pth", ".pt", ".ckpt", ".pkl", ".pickle", ".npz", ".npy"]
        where name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count {
            name = String(name.dropLast(suffix.count))
            break
        }
        // transformers' two names for the same thing; other libraries' names only change their suffix.
        if name == "pytorch_model" || name.hasPrefix("pytorch_model-") || name.hasPrefix("pytorch_model.") {
            name = String(name.dropFirst("pytorch_".count))
        }
        folder += name + ".safetensors"
        return folder
    }
}
