// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
package import SystemPackage
package import Tensors

/// Reads the files of one side of a comparison, from wherever they are.
package protocol SnapshotReader: Sendable {
    /// Reads a range of a file: never more, and less only where the file ends.
    ///
    /// - Throws: `Failure` when the file cannot be read; `missing` when only a download would bring it.
    func read(_ file: Snapshot.File, _ range: Range<UInt64>) async throws -> [UInt8]

    /// The whole of a small file. Asked twice, it is read once.
    func document(_ file: Snapshot.File) async throws -> [UInt8]

    /// The digests of the tensors in a file of weights, where they are known or every byte can be read on this machine; nil
    /// where only a download would give them.
    func tensors(of file: Snapshot.File, progress: @Sendable (Int) -> Bool) async throws -> TensorRecord?

    /// Where the file is on this machine, for reading in bulk; nil when it is elsewhere.
    func localPath(of file: Snapshot.File) -> FilePath?

    /// The content of a file of the project itself, as it was when it was locked.
    ///
    /// - Throws: `Failure` when no place has it; `missing` when only its digest is left.
    func localFile(_ file: LocalFile) async throws -> [UInt8]
}

extension SnapshotReader {
    /// A side that is no lock has no such files.
    package func localFile(_ file: LocalFile) async throws -> [UInt8] { throw Snapshot.absent(file) }
}
