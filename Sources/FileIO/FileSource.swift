// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import ContentModel
package import SystemPackage

/// An open file as a source for the readers of untrusted bytes; closed when the last user lets go of it.
///
/// The size is that at the time of opening: a file that grows meanwhile is read as it was, one that shrinks is `unreadable`.
package final class FileSource: ByteSource {
    private let file: File
    /// How many bytes there were when the file was opened.
    package let size: UInt64

    /// Opens a regular file. Symbolic links are followed.
    ///
    /// - Parameter wasRegular: whether the caller has just seen a regular file at this path, which then is not looked at twice.
    /// - Throws: `Failure` with code `file`, also for what is not a regular file: a pipe would wait for ever.
    package init(_ path: FilePath, wasRegular: Bool = false) throws(Failure) {
        // Looked at before it is opened, since opening a device can do something, and after, since it may be another by then.
        if !wasRegular, let status = try FileSystem.status(path), status.kind != .regular {
            throw FileSource.notRegular(path)
        }
        let file = try File(path, .readingWithoutWaiting)
        let status = try file.status()
        guard status.kind == .regular else { throw FileSource.notRegular(path) }
        self.file = file
        size = UInt64(clamping: status.size.value)
    }

    private static func notRegular(_ path: FilePath) -> Failure {
        Failure(.file, "`\(Escaped(path.string, limit: 1024))` is not a file")
    }

    /// Fills the whole of `buffer` from `offset`.
    ///
    /// - Throws: `truncated` beyond the size; `unreadable` when the disk fails or the file has become shorter.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        try check(offset, UInt64(buffer.count))
        let count: Int
        // No loss: an offset inside a file fits.
        do throws(Failure) { count = try unsafe file.read(into: buffer, at: Int64(clamping: offset)) } catch {
            throw .unreadable(error.message)
        }
        guard count == buffer.count else { throw .unreadable("the file became shorter while it was read") }
    }

    /// Tells the kernel that the file will be read once, front to back. Never fails.
    package func willReadSequentially() { file.willReadSequentially() }
}
