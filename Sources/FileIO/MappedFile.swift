// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A file mapped into memory for reading; unmapped when the value goes away.
///
/// Nothing is read until it is looked at, and nothing is copied. The price: when another process cuts the file, looking
/// at what is gone ends this process with SIGBUS instead of failing a call, and so does a disk that cannot be read. Only
/// for files that nobody cuts (those of a store are read-only, and replaced by renaming), and only where it was asked for.
@safe package struct MappedFile: ~Copyable, @unchecked Sendable {
    /// The path that messages show.
    package let path: FilePath
    // SAFETY: mapped in `init`, never written, unmapped once in `deinit`; spans of it cannot outlive `self`. Read-only,
    // hence Sendable.
    private let memory: UnsafeRawBufferPointer

    /// Maps the whole of the file at `path`, as long as it is now. Symbolic links are followed.
    ///
    /// - Throws: `Failure` with code `file`, also for what is not a regular file.
    package init(_ path: FilePath) throws(Failure) {
        unsafe memory = try MappedFile.map(path)
        self.path = path
    }

    private static func map(_ path: FilePath) throws(Failure) -> UnsafeRawBufferPointer {
        let descriptor = unsafe path.withPlatformString { name in retrying { unsafe open(name, O_RDONLY | O_CLOEXEC) } }
        guard descriptor >= 0 else { throw FileFailure.make(errno, "open", path) }
        defer { close(descriptor) }
        var raw = stat()
        guard unsafe fstat(descriptor, &raw) == 0 else { throw FileFailure.make(errno, "examine", path) }
        guard raw.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: raw.st_size), size >= 0 else {
            throw Failure(.file, "`\(Escaped(path.string, limit: 1024))` is not a file")
        }
        guard size > 0 else {
            // There is no mapping of no bytes.
            return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let place = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let place = unsafe place, unsafe place != MAP_FAILED else { throw FileFailure.make(errno, "map", path) }
        return unsafe UnsafeRawBufferPointer(start: place, count: size)
    }

    deinit {
        if let place = unsafe memory.baseAddress {
            _ = unsafe munmap(UnsafeMutableRawPointer(mutating: place), memory.count)
        }
    }

    /// The number of bytes.
    package var count: Int { unsafe memory.count }

    /// The bytes.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeBytes: memory)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Tells the kernel that the whole file will be needed soon. Never fails.
    package func willNeed() {
        if let place = unsafe memory.baseAddress {
            _ = unsafe madvise(UnsafeMutableRawPointer(mutating: place), memory.count, MADV_WILLNEED)
        }
    }
}
