// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// A file that a plan was made from, and what shows later that it still is that file.
struct SourceFile: Sendable {
    let path: FilePath
    private let status: FileStatus

    /// Looks at the file; to be called before its header is read, so that a change in between is noticed too.
    init(_ path: FilePath) throws(SafetensorsError) {
        self.path = path
        do throws(Failure) {
            guard let status = try FileSystem.status(path) else {
                throw Failure(.file, "`\(Escaped(path.string, limit: 1024))` does not exist")
            }
            self.status = status
        } catch { throw .file(error) }
    }

    /// The permission bits.
    var mode: UInt16 { status.mode }
    /// How many names the file has: what is written through one of them changes all.
    var links: UInt64 { status.links }

    /// Opens the file.
    ///
    /// - Throws: `changed` when another file stands there now, or the file was written since.
    func open() throws(SafetensorsError) -> File {
        let file: File
        do throws(Failure) { file = try File(path, .reading) } catch { throw .file(error) }
        try check(file)
        return file
    }

    func check(_ file: borrowing File) throws(SafetensorsError) {
        let now: FileStatus
        do throws(Failure) { now = try file.status() } catch { throw .file(error) }
        guard now.device == status.device, now.inode == status.inode, now.size == status.size,
            now.modified == status.modified
        else { throw .changed(path: path.string) }
    }
}
