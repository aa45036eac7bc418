// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Operations on names: none of them leaves half of a file behind.
package enum FileSystem {
    /// The directory that the process works in.
    package static var currentDirectory: FilePath {
        guard let buffer = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(buffer) }
        // SAFETY: `getcwd` returned a terminated string that we own until `free`.
        return unsafe FilePath(platformString: buffer)
    }

    /// Looks at `path`; nil when nothing is there.
    package static func status(_ path: FilePath, followLinks: Bool = true) throws(Failure) -> FileStatus? {
        var raw = stat()
        let result = unsafe path.withPlatformString { name in
            retrying { followLinks ? unsafe stat(name, &raw) : unsafe lstat(name, &raw) }
        }
        if result == 0 { return FileStatus(raw) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw FileFailure.make(errno, "examine", path)
    }

    /// Whether something is at `path`, a broken link included.
    package static func exists(_ path: FilePath) -> Bool {
        ((try? status(path, followLinks: false)) ?? nil) != nil
    }

    /// Creates a directory and those above it; does nothing when it is there.
    package static func createDirectories(_ path: FilePath, mode: UInt16 = 0o755) throws(Failure) {
        if unsafe path.withPlatformString({ unsafe mkdir($0, mode_t(mode)) }) == 0 { return }
        switch errno {
        case EEXIST:
            guard try status(path)?.kind == .directory else {
                throw FileFailure.make(ENOTDIR, "create the directory", path)
            }
        case ENOENT:
            let parent = path.removingLastComponent()
            guard parent != path, !parent.isEmpty else { throw FileFailure.make(ENOENT, "create the directory", path) }
            try createDirectories(parent, mode: mode)
            if unsafe path.withPlatformString({ unsafe mkdir($0, mode_t(mode)) }) != 0, errno != EEXIST {
                throw FileFailure.make(errno, "create the directory", path)
            }
        default: throw FileFailure.make(errno, "create the directory", path)
        }
    }

    /// The names in `directory`, in byte order, without `.` and `..`; empty when it does not exist.
    ///
    /// Names that are not UTF-8 come with replacement characters and so cannot be opened: they are foreign here.
    package static func list(_ directory: FilePath) throws(Failure) -> [String] {
        try entries(directory).map(\.name)
    }

    /// The same, with what stands under the names.
    package static func entries(_ directory: FilePath) throws(Failure) -> [DirectoryEntry] {
        guard let stream = unsafe directory.withPlatformString({ unsafe opendir($0) }) else {
            if errno == ENOENT { return [] }
            throw FileFailure.make(errno, "list", directory)
        }
        defer { unsafe closedir(stream) }
        var found: [(order: (UInt64, UInt64), entry: DirectoryEntry)] = []
        while let entry = unsafe readdir(stream) {
            // SAFETY: `d_name` is terminated and lives until the next `readdir` on this stream.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let entry = unsafe DirectoryEntry(name: name, type: entry.pointee.d_type)
            found.append((entry.order, entry))
        }
        // Directories of a hundred thousand names are sorted: bytes are compared where sixteen of them do not tell.
        found.sort { left, right in
            if left.order != right.order { return left.order < right.order }
            return left.entry.name.utf8.lexicographicallyPrecedes(right.entry.name.utf8)
        }
        return found.map(\.entry)
    }

    /// Removes a file or a link; does nothing when it is not there.
    package static func remove(_ path: FilePath) throws(Failure) {
        if unsafe path.withPlatformString({ unsafe unlink($0) }) != 0, errno != ENOENT {
            throw FileFailure.make(errno, "remove", path)
        }
    }

    /// Removes an empty directory; says whether it is gone.
    @discardableResult
    package static func removeEmptyDirectory(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe rmdir($0) } == 0
    }

    /// Removes a directory and everything below it, never following a link.
    package static func removeTree(_ path: FilePath) throws(Failure) {
        guard let status = try status(path, followLinks: false) else { return }
        guard status.kind == .directory else { return try remove(path) }
        for name in try list(path) { try removeTree(path.appending(name)) }
        if unsafe path.withPlatformString({ unsafe rmdir($0) }) != 0, errno != ENOENT {
            throw FileFailure.make(errno, "remove", path)
        }
    }

    /// Renames, replacing what stands at `target`; both must be on one file system.
    package static func rename(_ source: FilePath, to target: FilePath) throws(Failure) {
        let result = unsafe source.withPlatformString { from in
            unsafe target.withPlatformString { to in retrying { unsafe systemRename(from, to) } }
        }
        guard result == 0 else { throw FileFailure.make(errno, "rename to", target) }
    }

    /// Creates a hard link; false when the two places are on different file systems or the file system has none.
    package static func hardLink(_ source: FilePath, at target: FilePath) throws(Failure) -> Bool {
        let result = unsafe source.withPlatformString { from in
            unsafe target.withPlatformString { to in unsafe link(from, to) }
        }
        if result == 0 { return true }
        if [EXDEV, EPERM, ENOTSUP, EMLINK, EOPNOTSUPP].contains(errno) { return false }
        throw FileFailure.make(errno, "link", target)
    }

    /// Makes `path` a symbolic link to `target`, atomically; does nothing when it already is.
    package static func symbolicLink(_ path: FilePath, to target: String) throws(Failure) {
        if let current = try? readLink(path), current.utf8.elementsEqual(target.utf8) { return }
        // Where nothing stands, making a link is atomic by itself, and a kill leaves no temporary name in a view.
        if unsafe path.withPlatformString({ name in unsafe target.withCString { unsafe symlink($0, name) } }) == 0 {
            return
        }
        let temporary = temporaryName(beside: path)
        let result = unsafe temporary.withPlatformString { name in
            unsafe target.withCString { unsafe symlink($0, name) }
        }
        guard result == 0 else { throw FileFailure.make(errno, "link", path) }
        do throws(Failure) { try rename(temporary, to: path) } catch {
            try? remove(temporary)
            throw error
        }
    }

    /// The text of a symbolic link; nil when `path` is something else or nothing.
    package static func readLink(_ path: FilePath) throws(Failure) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        // SAFETY: the capacity passed is that of the buffer.
        let count = unsafe path.withPlatformString { name in
            unsafe buffer.withUnsafeMutableBufferPointer { unsafe readlink(name, $0.baseAddress!, $0.count) }
        }
        if count >= 0 { return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) }
        if errno == EINVAL || errno == ENOENT || errno == ENOTDIR { return nil }
        throw FileFailure.make(errno, "read the link", path)
    }

    /// The path with all symbolic links resolved; nil when it does not exist.
    package static func realPath(_ path: FilePath) -> FilePath? {
        guard let resolved = unsafe path.withPlatformString({ unsafe realpath($0, nil) }) else { return nil }
        defer { unsafe free(resolved) }
        // SAFETY: `realpath` returned a terminated string that we own until `free`.
        return unsafe FilePath(platformString: resolved)
    }

    /// Reads a whole small file.
    ///
    /// - Throws: `Failure` with code `limitExceeded` when it is longer than `limit` bytes, `file` when it cannot be read.
    package static func read(_ path: FilePath, limit: Int) throws(Failure) -> [UInt8] {
        let file = try File(path, .reading)
        let status = try file.status()
        guard status.kind == .regular else {
            throw Failure(.file, "`\(Escaped(path.string, limit: 1024))` is not a file")
        }
        guard status.size.value <= Int64(limit) else {
            throw Failure(
                .limitExceeded,
                "`\(Escaped(path.string, limit: 1024))` is too large: \(status.size), the limit is \(ByteCount(clamping: Int64(limit)))"
            )
        }
        // One more than expected, so that a file that grows is noticed instead of cut.
        let bytes = try file.read(Int(status.size.value) + 1, at: 0)
        guard bytes.count <= limit else {
            throw Failure(.limitExceeded, "`\(Escaped(path.string, limit: 1024))` grew while it was read")
        }
        return bytes
    }

    /// Replaces the content of `path` atomically and durably: after a crash the file is the old one or the new one.
    ///
    /// A symbolic link stays one: its target is replaced. An existing file keeps its permissions.
    package static func replace(
        _ path: FilePath, with bytes: [UInt8], mode: UInt16 = 0o644, durably: Bool = true
    ) throws(Failure) {
        let target = (try? readLink(path)) != nil ? realPath(path) ?? path : path
        let permissions = try status(target)?.mode ?? mode
        let temporary = temporaryName(beside: target)
        do throws(Failure) {
            let file = try File(temporary, .creating(permissions: permissions), shownAs: target)
            try file.write(bytes, at: 0)
            try file.setPermissions(permissions)
            if durably { try file.synchronize() }
            try rename(temporary, to: target)
            if durably { try synchronizeDirectory(target.removingLastComponent()) }
        } catch {
            try? remove(temporary)
            throw error
        }
    }

    /// Appends `bytes` in one write and returns when they are on the disk.
    package static func append(_ bytes: [UInt8], to path: FilePath) throws(Failure) {
        let file = try File(path, .updating)
        try file.write(bytes, at: try file.status().size.value)
        try file.synchronize()
        try synchronizeDirectory(path.removingLastComponent())
    }

    /// Returns when renames and removals in `directory` are on the disk.
    package static func synchronizeDirectory(_ directory: FilePath) throws(Failure) {
        let file = try File(directory.isEmpty ? "." : directory, .reading)
        try file.synchronize()
    }

    /// Sets the permission bits of `path`.
    package static func setPermissions(_ path: FilePath, _ bits: UInt16) throws(Failure) {
        guard unsafe path.withPlatformString({ unsafe chmod($0, mode_t(bits)) }) == 0 else {
            throw FileFailure.make(errno, "set the permissions of", path)
        }
    }

    /// A name in the same directory that no other process uses: `.name.<random>.tmp`.
    package static func temporaryName(beside path: FilePath) -> FilePath {
        let random = String(UInt64.random(in: .min ... .max), radix: 16)
        return path.removingLastComponent().appending(".\(path.lastComponent?.string ?? "file").\(random).tmp")
    }

    /// Copies a file to a new name, sharing the blocks where the file system can.
    package static func copy(_ source: FilePath, to target: FilePath, permissions: UInt16 = 0o644) throws(Failure) {
        let input = try File(source, .reading)
        let output = try File(target, .creating(permissions: permissions))
        let size = try input.status().size.value
        var offset: Int64 = 0
        while offset < size {
            let count = try output.copyRange(from: input, offset: offset, count: min(size - offset, 1 << 30))
            if count == 0 { break }
            offset += count
        }
        try output.setPermissions(permissions)
    }

    /// The bytes that are free for this user on the file system that holds `path`; nil when the system does not say.
    package static func freeSpace(at path: FilePath) -> ByteCount? {
        var raw = statvfs()
        guard unsafe path.withPlatformString({ unsafe statvfs($0, &raw) }) == 0 else { return nil }
        let (bytes, overflow) = UInt64(raw.f_bavail).multipliedReportingOverflow(by: UInt64(raw.f_frsize))
        return ByteCount(clamping: overflow ? .max : Int64(clamping: bytes))
    }
}

/// `rename` of the C library, under a name that the function of `FileSystem` does not hide.
private func systemRename(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int32 {
    unsafe rename(from, to)
}

extension File {
    /// Copies a range from another file to the same place in this one, inside the kernel where it can.
    fileprivate func copyRange(from input: borrowing File, offset: Int64, count: Int64) throws(Failure) -> Int64 {
        let copied = input.kernelCopy(to: self, offset: offset, count: count)
        if copied > 0 { return copied }
        let bytes = try input.read(Int(min(count, 1 << 20)), at: offset)
        try write(bytes, at: offset)
        return Int64(bytes.count)
    }
}
