// SPDX-License-Identifier: Apache-2.0

internal import CLinux
package import ContentModel
package import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One open file; closed when the value goes away.
///
/// Reads and writes name their place, so one `File` can be used by several tasks at once.
package struct File: ~Copyable, Sendable {
    /// How a file is opened.
    package enum Mode: Sendable {
        /// The file must exist.
        case reading
        /// The file must exist; a pipe is opened without waiting for its other end.
        case readingWithoutWaiting
        /// Created when missing, never truncated.
        case updating
        /// Must not exist yet.
        case creating(permissions: UInt16)
    }

    private let descriptor: Int32
    /// The path that messages show: the one it was opened by, or for a temporary file the one it will have.
    package let path: FilePath

    /// Opens `path`. Symbolic links are followed.
    ///
    /// - Throws: `Failure` with code `file` or `noSpace`.
    package init(_ path: FilePath, _ mode: Mode, shownAs shown: FilePath? = nil) throws(Failure) {
        let flags: Int32
        var permissions: UInt16 = 0o644
        switch mode {
        case .reading: flags = O_RDONLY
        case .readingWithoutWaiting: flags = O_RDONLY | O_NONBLOCK
        case .updating: flags = O_RDWR | O_CREAT
        case .creating(let bits):
            flags = O_RDWR | O_CREAT | O_EXCL
            permissions = bits
        }
        let result = unsafe path.withPlatformString { name in
            retrying { unsafe open(name, flags | O_CLOEXEC, mode_t(permissions)) }
        }
        guard result >= 0 else { throw FileFailure.make(errno, shown == nil ? "open" : "write", shown ?? path) }
        descriptor = result
        self.path = shown ?? path
    }

    deinit { close(descriptor) }

    /// Size, times and identity of the open file.
    package func status() throws(Failure) -> FileStatus {
        var raw = stat()
        guard unsafe fstat(descriptor, &raw) == 0 else { throw FileFailure.make(errno, "examine", path) }
        return FileStatus(raw)
    }

    /// Reads at most `buffer.count` bytes from `offset`; fewer only at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Failure) -> Int {
        var done = 0
        while done < buffer.count {
            // SAFETY: the place and the count stay inside `buffer`.
            let count = retrying {
                unsafe pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + Int64(done)))
            }
            if count < 0 { throw FileFailure.make(errno, "read", path) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads at most `count` bytes from `offset` into a new array.
    package func read(_ count: Int, at offset: Int64) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        let outcome = unsafe bytes.withUnsafeMutableBytes { buffer -> Result<Int, Failure> in
            do throws(Failure) { return .success(unsafe try read(into: buffer, at: offset)) } catch {
                return .failure(error)
            }
        }
        bytes.removeLast(bytes.count - (try outcome.get()))
        return bytes
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: `Failure` with code `noSpace` when the device is full.
    package func write(_ bytes: RawSpan, at offset: Int64) throws(Failure) {
        let outcome = unsafe bytes.withUnsafeBytes { buffer -> Result<Void, Failure> in
            var done = 0
            while done < buffer.count {
                // SAFETY: the place and the count stay inside `buffer`.
                let count = retrying {
                    unsafe pwrite(
                        descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + Int64(done)))
                }
                if count < 0 { return .failure(FileFailure.make(errno, "write", path)) }
                done += count
            }
            return .success(())
        }
        try outcome.get()
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(Failure) {
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe try write(bytes.span.bytes, at: offset)
    }

    /// Makes the file exactly `size` bytes long; new bytes are zero and take no space.
    package func truncate(to size: ByteCount) throws(Failure) {
        guard retrying({ ftruncate(descriptor, off_t(size.value)) }) == 0 else {
            throw FileFailure.make(errno, "resize", path)
        }
    }

    /// Takes room for a file of `size` bytes and makes it so long, where the file system can do that at once; elsewhere does
    /// nothing.
    ///
    /// A device that is too full says so before a byte is written. And ext4, which begins to write a file out when it
    /// takes another's name before its blocks were chosen, need not.
    ///
    /// - Throws: `Failure` with code `noSpace`.
    package func reserve(_ size: ByteCount) throws(Failure) {
        guard size.value > 0, retrying({ weighlock_reserve(descriptor, size.value) }) != 0 else { return }
        if errno == ENOSPC || errno == EDQUOT || errno == EFBIG { throw FileFailure.make(errno, "write", path) }
    }

    /// Whether less of the file is on the disk than it is long, so that asking for holes may be worth it. Never fails.
    package func mayHaveHoles() -> Bool {
        var raw = stat()
        guard unsafe fstat(descriptor, &raw) == 0 else { return false }
        return Int64(raw.st_blocks) < Int64(raw.st_size) / 512
    }

    /// Where the bytes from `offset` on are no longer known to be zero without reading them: `offset` itself unless it lies in
    /// a hole of the file, and then not behind the file's present size. Never fails.
    package func endOfHole(at offset: Int64) -> Int64 { max(offset, weighlock_next_data(descriptor, offset)) }

    /// Returns when content and length are on the disk.
    package func synchronize() throws(Failure) {
        guard retrying({ fsync(descriptor) }) == 0 else { throw FileFailure.make(errno, "write", path) }
    }

    /// Tells the kernel to begin writing a range out now, so that a later `synchronize` waits less. Never fails.
    package func beginWriteback(from offset: Int64, count: Int64) {
        weighlock_begin_writeback(descriptor, offset, count)
    }

    /// Sets the permission bits.
    package func setPermissions(_ bits: UInt16) throws(Failure) {
        guard fchmod(descriptor, mode_t(bits)) == 0 else {
            throw FileFailure.make(errno, "set the permissions of", path)
        }
    }

    /// Takes the advisory lock of this file, exclusive or shared, if no other holder is in the way.
    package func tryLock(shared: Bool = false) throws(Failure) -> Bool {
        if retrying({ flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw FileFailure.make(errno, "lock", path)
    }

    /// `copy_file_range`: shares blocks where the file system can; -1 where it cannot.
    func kernelCopy(to output: borrowing File, offset: Int64, count: Int64) -> Int64 {
        retrying { weighlock_copy_file_range(descriptor, output.descriptor, offset, count) }
    }

    /// Copies at most `count` bytes at `offset` of `input` to `place` in this file, inside the kernel where it can, else through
    /// a buffer of at most 1 MiB; returns how many, zero only at the end of `input`.
    package func copy(
        from input: borrowing File, at offset: Int64, to place: Int64, count: Int64
    ) throws(Failure) -> Int64 {
        let copied = retrying { weighlock_copy_between(input.descriptor, offset, descriptor, place, count) }
        if copied > 0 { return copied }
        let bytes = try input.read(Int(min(count, 1 << 20)), at: offset)
        try write(bytes, at: place)
        return Int64(bytes.count)
    }

    /// Tells the kernel that a range will be read soon. Never fails.
    package func willRead(from offset: Int64, count: Int64) {
        #if canImport(Glibc)
            _ = posix_fadvise(descriptor, off_t(offset), off_t(count), POSIX_FADV_WILLNEED)
        #endif
    }

    /// Tells the kernel that the file will be read once, front to back. Never fails.
    package func willReadSequentially() {
        #if canImport(Glibc)
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        #endif
    }
}

/// Repeats a system call that a signal interrupted.
func retrying<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result == -1, errno == EINTR { continue }
        return result
    }
}
