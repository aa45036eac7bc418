// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// The files below a project's directory.
enum ProjectFiles {
    static let maximumFiles = 100_000
    static let maximumDepth = 32

    /// All regular files, without hidden directories; names that cannot be locked are left out, since nothing can name them.
    static func all(in directory: FilePath) throws(Failure) -> [RelativePath] {
        var found: [RelativePath] = []
        try collect(directory, "", depth: 0, &found)
        return found.sorted()
    }

    private static func collect(
        _ directory: FilePath, _ prefix: String, depth: Int, _ found: inout [RelativePath]
    ) throws(Failure) {
        guard depth < maximumDepth else { return }
        for name in try FileSystem.list(directory) where !name.hasPrefix(".") {
            switch try FileSystem.status(directory.appending(name), followLinks: false)?.kind {
            case .directory: try collect(directory.appending(name), prefix + name + "/", depth: depth + 1, &found)
            case .regular: if let path = try? RelativePath(prefix + name) { found.append(path) }
            default: break
            }
            guard found.count <= maximumFiles else {
                throw Failure(
                    .limitExceeded, "there are more than \(maximumFiles) files below `\(directory.string)`",
                    hint: "name fewer directories in `prompts`")
            }
        }
    }
}
