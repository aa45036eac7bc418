// SPDX-License-Identifier: Apache-2.0

package import ContentModel

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What `stat` says of a file, as far as this program needs it.
package struct FileStatus: Sendable, Hashable {
    /// What stands at a path.
    package enum Kind: Sendable, Hashable {
        case regular, directory, symbolicLink, other
    }

    /// What stands at the path.
    package let kind: Kind
    /// Length in bytes.
    package let size: ByteCount
    /// Permission bits, such as `0o444`.
    package let mode: UInt16
    /// The device and the inode: together they name the file itself, whatever its path.
    package let device: UInt64
    /// See `device`.
    package let inode: UInt64
    /// How many names the file has.
    package let links: UInt64
    /// Last change of the content, in nanoseconds since 1970.
    package let modified: Int64
    /// Last change of content, name or permissions, in nanoseconds since 1970; cannot be set by a program.
    package let changed: Int64
    /// Last access, in nanoseconds since 1970, as far as the mount records it.
    package let accessed: Int64

    init(_ raw: stat) {
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = ByteCount(clamping: Int64(raw.st_size))
        mode = UInt16(truncatingIfNeeded: raw.st_mode & 0o7777)
        device = UInt64(truncatingIfNeeded: raw.st_dev)
        inode = UInt64(raw.st_ino)
        links = UInt64(raw.st_nlink)
        #if canImport(Glibc)
            let (m, c, a) = (raw.st_mtim, raw.st_ctim, raw.st_atim)
        #else
            let (m, c, a) = (raw.st_mtimespec, raw.st_ctimespec, raw.st_atimespec)
        #endif
        modified = Int64(m.tv_sec) &* 1_000_000_000 &+ Int64(m.tv_nsec)
        changed = Int64(c.tv_sec) &* 1_000_000_000 &+ Int64(c.tv_nsec)
        accessed = Int64(a.tv_sec) &* 1_000_000_000 &+ Int64(a.tv_nsec)
    }
}
