// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
package import SystemPackage

extension BlobStore {
    /// Stores a file that `make` writes at the path it is given, where nothing is yet.
    ///
    /// The file is hashed after it is complete. When `make` throws, nothing is stored and nothing is left behind.
    package func ingest<Value>(
        making make: (FilePath) async throws -> Value
    ) async throws -> (value: Value, digest: Digest, size: ByteCount) {
        let temporary = try temporaryPath()
        do {
            let value = try await make(temporary)
            let found = try Digests.of(temporary, git: false, tree: true)
            try publish(temporary, try File(temporary, .reading), as: found)
            return (value, found.sha256, found.size)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }
}
