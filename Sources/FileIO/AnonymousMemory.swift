// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One large piece of fresh memory, in huge pages where the kernel gives them; given back when the value goes away.
///
/// Filling memory in pages of 4 KiB is bound by the page faults, at a sixth of the speed of the copy.
@safe package final class AnonymousMemory: @unchecked Sendable {
    /// Tasks that fill parts which end at multiples of this never wait for each other's pages.
    package static let hugePage = 2 << 20

    // SAFETY: mapped in `init`, unmapped once in `deinit`. Written through `slice` alone, by whom the range was given to;
    // ranges of different tasks do not overlap. Read only after that.
    private let mapping: UnsafeMutableRawBufferPointer
    private let memory: UnsafeMutableRawBufferPointer

    /// Takes `byteCount` bytes, all zero, beginning at a multiple of `hugePage`; nil when there is no room for them. Nothing is
    /// really taken before it is written to.
    package init?(byteCount: Int) {
        let (size, overflow) = byteCount.addingReportingOverflow(2 * AnonymousMemory.hugePage)
        guard byteCount >= 0, !overflow else { return nil }
        let place = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let place = unsafe place, unsafe place != MAP_FAILED else { return nil }
        unsafe mapping = UnsafeMutableRawBufferPointer(start: place, count: size)
        let skip =
            (AnonymousMemory.hugePage - Int(bitPattern: place) % AnonymousMemory.hugePage) % AnonymousMemory.hugePage
        unsafe memory = UnsafeMutableRawBufferPointer(rebasing: mapping[skip..<(skip + byteCount)])
        #if os(Linux)
            // 14 is MADV_HUGEPAGE. A wish: where it is not granted everything works, only slower. The whole of the last page
            // too, which the mapping has room for.
            let whole = (byteCount + AnonymousMemory.hugePage - 1) / AnonymousMemory.hugePage * AnonymousMemory.hugePage
            _ = unsafe madvise(memory.baseAddress, whole, 14)
        #endif
    }

    deinit { _ = unsafe munmap(mapping.baseAddress, mapping.count) }

    /// The number of bytes.
    package var byteCount: Int { unsafe memory.count }

    /// The part that a task fills, and no other at the same time. The range must lie inside.
    package func slice(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[range])
    }

    /// What was filled. The range must lie inside.
    @_lifetime(borrow self)
    package func bytes(_ range: Range<Int>) -> RawSpan {
        let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: memory[range]))
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
