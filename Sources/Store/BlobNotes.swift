// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import SystemPackage

/// What was found out about a blob's content and is worth keeping: it follows from the bytes, so it never grows old.
///
/// A note can be lost at any time and is then made again. Whoever reads one checks its form: the store does not.
package enum BlobNote: String, Sendable, CaseIterable {
    /// The digests of its tensors.
    case tensors
    /// What the scan said.
    case scan
    /// What its conversion gave.
    case conversion
    /// That it is a file of a project's own, with nothing in it: nobody upstream could bring it again.
    case local

    /// The longest note that is read back.
    static let maximumSize = 256 << 20
}

extension BlobStore {
    private func path(_ note: BlobNote, of digest: Digest) -> FilePath {
        directory.appending("\(note.rawValue)/\(digest.description.prefix(2))/\(digest)")
    }

    /// The note about a blob, if there is one.
    package func note(_ note: BlobNote, of digest: Digest) -> [UInt8]? {
        try? FileSystem.read(path(note, of: digest), limit: BlobNote.maximumSize)
    }

    /// Keeps a note about a blob. A store that may only be read keeps none, which costs time and nothing else.
    package func keep(_ note: BlobNote, of digest: Digest, _ bytes: [UInt8]) {
        let place = path(note, of: digest)
        do throws(Failure) {
            try FileSystem.createDirectories(place.removingLastComponent())
            try FileSystem.replace(place, with: bytes, durably: false)
        } catch {}
    }

    /// Forgets everything that was noted about a blob.
    func removeNotes(of digest: Digest) {
        for note in BlobNote.allCases { try? FileSystem.remove(path(note, of: digest)) }
    }
}
