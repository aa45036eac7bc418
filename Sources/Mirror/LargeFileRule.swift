// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Which files git holds as a pointer (docs/formats/mirror.md, "Large files").
struct LargeFileRule: Sendable {
    private let own: GitAttributes?

    /// The size from which every file is large: the Hub takes no regular file beyond it.
    static let alwaysFrom: Int64 = 10 << 20

    /// Creates the rule of a repository with this `.gitattributes`, or without one.
    init(attributes: [UInt8]?) { own = attributes.map(GitAttributes.init) }

    /// Whether a file of `size` bytes at `path` is large.
    func isLarge(_ path: RelativePath, size: ByteCount) -> Bool {
        if size == .zero { return false }
        if size.value >= LargeFileRule.alwaysFrom { return true }
        return own?.isLarge(path) ?? LargeFileRule.defaults.isLarge(path) ?? false
    }

    private static let defaults = GitAttributes(
        Array(
            [
                "*.7z", "*.arrow", "*.bin", "*.bz2", "*.ckpt", "*.ftz", "*.gguf", "*.gz", "*.h5", "*.joblib", "*.lfs.*",
                "*.mlmodel",
                "*.model", "*.msgpack", "*.npy", "*.npz", "*.onnx", "*.ot", "*.parquet", "*.pb", "*.pickle", "*.pkl",
                "*.pt", "*.pth",
                "*.rar", "*.safetensors", "saved_model/**/*", "*.tar.*", "*.tar", "*.tflite", "*.tgz", "*.wasm", "*.xz",
                "*.zip",
                "*.zst", "*tfevents*",
            ].map { $0 + " filter=lfs\n" }.joined().utf8))
}
