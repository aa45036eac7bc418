// SPDX-License-Identifier: Apache-2.0

/// What a file's or a member's name lets loaders expect. Never what the file is.
struct FileName: Sendable {
    /// What a name promises.
    enum Promise: Sendable, Hashable {
        /// Tensors and no code.
        case tensors
        /// Something that loaders unpickle.
        case pickle
        /// Something that some loaders unpickle and others read as raw numbers.
        case raw
        case none
    }

    /// The path as it was given.
    let path: String
    /// The last segment, with ASCII letters in lower case.
    let last: String
    /// What follows the last dot of `last`; empty without one.
    let suffix: String

    init(_ path: String) {
        self.path = path
        var bytes = path.utf8[...]
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        if let slash = bytes.lastIndex(of: UInt8(ascii: "/")) { bytes = bytes[bytes.index(after: slash)...] }
        let isLower = !bytes.contains { $0 >= 0x41 && $0 <= 0x5A }
        let last =
            isLower
            ? String(Substring(bytes))
            : String(decoding: bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
        self.last = last
        // By bytes: a dot stays one whatever is put on top of it.
        suffix = last.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(last[last.utf8.index(after: $0)...]) } ?? ""
    }

    private static let pickles: Set<String> = [
        "pkl", "pickle", "p", "pk", "joblib", "dill", "pt", "pth", "ckpt", "distcp", "cloudpickle", "pyt", "torch",
    ]

    private static let documents: Set<String> = [
        "py", "pyw", "pyi", "json", "jsonl", "ndjson", "ipynb", "yaml", "yml", "jinja", "jinja2", "j2", "toml", "cfg",
        "pbtxt",
    ]

    /// Whether readers take the file for a text by its name: code, a configuration or a template.
    var isDocument: Bool { FileName.documents.contains(suffix) }

    /// The name without the ending that a packed file has.
    var unpacked: String {
        switch suffix {
        case "gz", "gzip", "bz2", "xz", "lzma", "zst", "zstd", "z", "zlib": String(path.dropLast(suffix.utf8.count + 1))
        default: path
        }
    }

    var promise: Promise {
        switch suffix {
        case "safetensors", "gguf": .tensors
        case "bin", "dat", "data", "model": .raw
        default: FileName.pickles.contains(suffix) || last == ".metadata" ? .pickle : .none
        }
    }
}
