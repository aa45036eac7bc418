// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One large piece of fresh memory, in huge pages where the kernel gives them.
///
/// Filling memory in pages of 4 KiB is bound by the page faults, at a sixth of the speed of the copy.
@safe final class Arena: @unchecked Sendable {
    private static let hugePage = 2 << 20

    // SAFETY: mapped in `init`, unmapped once in `deinit`. Written through `slice` alone, by whom the range was given to;
    // ranges of different tasks do not overlap. Read only after that.
    private let mapping: UnsafeMutableRawBufferPointer
    private let memory: UnsafeMutableRawBufferPointer

    /// - Throws: `tooLargeForMemory`.
    init(byteCount: Int) throws(SafetensorsError) {
        let (size, overflow) = byteCount.addingReportingOverflow(2 * Arena.hugePage)
        guard byteCount >= 0, !overflow else { throw .tooLargeForMemory(UInt64(clamping: byteCount)) }
        let place = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let place = unsafe place, unsafe place != MAP_FAILED else { throw .tooLargeForMemory(UInt64(byteCount)) }
        unsafe mapping = UnsafeMutableRawBufferPointer(start: place, count: size)
        let skip = (Arena.hugePage - Int(bitPattern: place) % Arena.hugePage) % Arena.hugePage
        unsafe memory = UnsafeMutableRawBufferPointer(rebasing: mapping[skip..<(skip + byteCount)])
        #if os(Linux)
            // 14 is MADV_HUGEPAGE. A wish: where it is not granted everything works, only slower.
            _ = unsafe madvise(memory.baseAddress, byteCount, 14)
        #endif
    }

    deinit { _ = unsafe munmap(mapping.baseAddress, mapping.count) }

    var byteCount: Int { unsafe memory.count }

    /// The part that a task fills. The range must lie inside.
    func slice(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[range])
    }

    /// What was filled.
    @_lifetime(borrow self)
    func bytes(_ range: Range<Int>) -> RawSpan {
        let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: memory[range]))
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
