// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The bytes of a tensor or a slice of one, in memory of their own that begins at a multiple of 64.
@safe public struct TensorData: ~Copyable, @unchecked Sendable {
    /// The type of the elements.
    public let type: TensorType
    /// The dimensions.
    public let shape: [UInt64]
    // SAFETY: allocated in `init`, written only there, freed once in `deinit`; spans of it cannot outlive `self`.
    // Immutable after `init`, hence Sendable.
    private let buffer: UnsafeMutableRawBufferPointer

    init(
        type: TensorType, shape: [UInt64], byteCount: Int,
        fill: (UnsafeMutableRawBufferPointer) throws(SafetensorsError) -> Void
    ) throws(SafetensorsError) {
        self.type = type
        self.shape = shape
        // Swift's own allocation ends the program where there is no memory, and a sparse file can claim any size.
        var pointer: UnsafeMutableRawPointer?
        guard unsafe posix_memalign(&pointer, 64, max(64, byteCount)) == 0, let memory = unsafe pointer else {
            throw .tooLargeForMemory(UInt64(byteCount))
        }
        let filled = unsafe UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
        do throws(SafetensorsError) { unsafe try fill(filled) } catch {
            unsafe free(memory)
            throw error
        }
        unsafe buffer = filled
    }

    deinit { unsafe free(buffer.baseAddress) }

    /// The number of bytes.
    public var byteCount: Int { unsafe buffer.count }

    /// The bytes as they stand in the file: little-endian, row-major.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeBytes: buffer)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements, without copying.
    ///
    /// - Throws: `wrongElementType` when `Element` does not represent the tensor's type.
    @_lifetime(borrow self)
    public func elements<Element: TensorElement>(
        as _: Element.Type = Element.self
    ) throws(SafetensorsError) -> Span<Element> {
        let span = try TypedView.elements(bytes, type, as: Element.self)
        // SAFETY: the memory lives as long as this value.
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
