// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import FileIO
internal import SystemPackage

extension BlobStore {
    func attestation(of digest: Digest) -> Attestation? {
        (try? FileSystem.read(attestationPath(of: digest), limit: Attestation.limit)).flatMap(Attestation.init)
    }

    /// Notes that a blob's bytes have just been read and are what `found` says: its chunk tree, if there is one, and what `stat`
    /// says of the file.
    package func attest(_ found: FileDigests) throws(Failure) {
        guard let status = try FileSystem.status(path(of: found.sha256)) else { return }
        var root: Digest?
        if let tree = found.tree, tree.size == status.size {
            let bytes = tree.encoded
            try FileSystem.createDirectories(treePath(of: found.sha256).removingLastComponent())
            try FileSystem.replace(treePath(of: found.sha256), with: bytes, durably: false)
            root = Digest(of: bytes)
        }
        try write(Attestation(status, tree: root), of: found.sha256)
    }

    /// Notes what `stat` says now of a blob whose bytes are known to be right, when only its names have changed. The chunk tree
    /// stays what it was.
    package func attest(_ digest: Digest) throws(Failure) {
        guard let status = try FileSystem.status(path(of: digest)) else { return }
        let before = attestation(of: digest)
        try write(Attestation(status, tree: before?.size == status.size.value ? before?.tree : nil), of: digest)
    }

    /// Notes that a blob's bytes have just been found wrong: it is not attested any more, whatever `stat` says, so that the next
    /// `sync` looks at it. What its chunks should be stays known.
    package func distrust(_ digest: Digest) throws(Failure) {
        guard let note = attestation(of: digest) else { return }
        try write(note.outdated, of: digest)
    }

    private func write(_ note: Attestation, of digest: Digest) throws(Failure) {
        let place = attestationPath(of: digest)
        try FileSystem.createDirectories(place.removingLastComponent())
        // Losing the note in a crash costs one reading of the blob, so it need not be durable.
        try FileSystem.replace(place, with: Array(note.text.utf8), durably: false)
    }

    /// The chunk tree that was computed when the blob's digest was last found right; nil when there is none, or when its file is
    /// not the one that the attestation names. It says what the bytes should be, whatever they are now.
    package func tree(of digest: Digest) -> ChunkTree? {
        guard let note = attestation(of: digest), let root = note.tree, let size = ByteCount(note.size),
            let length = ChunkTree.encodedSize(size),
            let bytes = try? FileSystem.read(treePath(of: digest), limit: length), Digest(of: bytes) == root,
            let tree = ChunkTree(encoded: bytes), tree.size == size
        else { return nil }
        return tree
    }

    /// How to read a blob again, to find out whether it is what its name says: by its chunk tree where the blob is still
    /// attested and has one, else whole.
    package func job(_ digest: Digest, size: ByteCount) -> DigestJob {
        guard size.value > ChunkTree.chunkSize, contains(digest, size: size), let tree = tree(of: digest),
            tree.size == size
        else { return .whole(path(of: digest), tree: true) }
        return .chunks(path(of: digest), tree)
    }
}
