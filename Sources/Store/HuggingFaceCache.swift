// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
package import SystemPackage

/// The user's own Hugging Face cache, from which blobs are adopted after hashing them; it is only read.
package struct HuggingFaceCache: Sendable {
    /// The cache directory (`HF_HUB_CACHE`).
    package let directory: FilePath

    /// Names a cache; it need not exist.
    package init(directory: FilePath) { self.directory = directory }

    /// A file that may be the wanted blob: same repository, same name, same size. Its bytes are not known.
    package func candidate(_ repository: RepositoryID, _ file: ViewFile) -> FilePath? {
        let path = directory.appending("\(repository.cacheFolder)/blobs/\(file.etag)")
        guard let status = try? FileSystem.status(path), status.kind == .regular, status.size == file.size else {
            return nil
        }
        return path
    }
}
