// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import FileIO

/// What is known of a blob before its bytes arrive: its size and at least one digest.
package struct ExpectedBlob: Sendable, Hashable {
    /// The exact length.
    package let size: ByteCount
    /// The SHA-256, when the listing or the lock gives it.
    package let sha256: Digest?
    /// The git blob id of the content itself (not of an LFS pointer), when that is known.
    package let git: GitObjectID?
    /// What messages call the blob, such as `model.safetensors`.
    package let name: String

    /// Expects a blob by its SHA-256, and by its git blob id too when given.
    package init(name: String, size: ByteCount, sha256: Digest, git: GitObjectID? = nil) {
        (self.name, self.size, self.sha256, self.git) = (name, size, sha256, git)
    }

    /// Expects a blob of which only the git blob id is known.
    package init(name: String, size: ByteCount, git: GitObjectID) {
        (self.name, self.size, self.sha256, self.git) = (name, size, nil, git)
    }

    /// The file name of the partial download: the strongest digest known.
    var key: String { sha256?.description ?? "git-\(git?.description ?? "")" }

    /// Compares what was read with what was expected.
    ///
    /// - Throws: `Failure` with code `mismatch` that names the blob, the expected and the found value.
    package func check(_ found: FileDigests) throws(Failure) {
        if found.size != size {
            throw mismatch("size", "\(size.value) bytes", "\(found.size.value) bytes")
        }
        if let sha256, found.sha256 != sha256 { throw mismatch("SHA-256", "\(sha256)", "\(found.sha256)") }
        if let git, let foundGit = found.git, foundGit != git { throw mismatch("git blob id", "\(git)", "\(foundGit)") }
    }

    private func mismatch(_ what: String, _ expected: String, _ found: String) -> Failure {
        Failure(
            .mismatch, "`\(Escaped(name, limit: 1024))` has the wrong \(what)",
            hint: "nothing of it was stored; try again, and if it stays wrong, ask who runs the server",
            details: ["expected: \(expected)", "found:    \(found)"])
    }
}
