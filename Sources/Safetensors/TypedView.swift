// SPDX-License-Identifier: Apache-2.0

/// Bytes of a tensor as elements, without a copy.
enum TypedView {
    /// - Throws: `wrongElementType` when `Element` does not represent `type`; `misaligned` when the bytes begin at a place
    ///   where no such element may stand.
    @_lifetime(copy bytes)
    static func elements<Element: TensorElement>(
        _ bytes: RawSpan, _ type: TensorType, as _: Element.Type
    ) throws(SafetensorsError) -> Span<Element> {
        guard Element.represents(type), bytes.byteCount % MemoryLayout<Element>.stride == 0 else {
            throw .wrongElementType(type, requested: "\(Element.self)")
        }
        #if _endian(big)
            // Turning the bytes round would be a copy; the raw bytes are there for hosts like this.
            guard MemoryLayout<Element>.stride == 1 else { throw .wrongElementType(type, requested: "\(Element.self)") }
        #endif
        // SAFETY: the place is only looked at; the pointer below is used for a span that lives as long as `bytes`. The
        // memory holds whole elements at a place that suits them, and every pattern of bits is a value of a
        // `BitwiseCopyable` number.
        let buffer = unsafe bytes.withUnsafeBytes { unsafe $0 }
        guard Int(bitPattern: buffer.baseAddress) % MemoryLayout<Element>.alignment == 0 else {
            throw .misaligned(alignment: MemoryLayout<Element>.alignment)
        }
        let span = unsafe Span<Element>(_unsafeElements: buffer.bindMemory(to: Element.self))
        return unsafe _overrideLifetime(span, copying: bytes)
    }
}
