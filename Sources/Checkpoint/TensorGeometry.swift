// SPDX-License-Identifier: Apache-2.0

internal import Safetensors

/// The one place where sizes, strides and offsets from a file are multiplied.
struct TensorGeometry {
    let element: ElementType
    let type: TensorType
    let elementCount: UInt64
    /// In bytes of the root storage.
    let extent: Range<UInt64>?

    private init(element: ElementType, type: TensorType, elementCount: UInt64, extent: Range<UInt64>?) {
        (self.element, self.type, self.elementCount, self.extent) = (element, type, elementCount, extent)
    }

    /// Checks that every element lies inside the storage and that everything can be counted.
    static func check(
        shape: [UInt64], strides: [UInt64], offset: UInt64, element: ElementType, storage: CheckpointStorage,
        limit: UInt64
    ) -> Result<TensorGeometry, TensorRefusal> {
        if element.isQuantized { return .failure(.quantized(element.name)) }
        guard let type = element.tensorType else { return .failure(.type(element.name)) }
        if element.packing > 1, shape.isEmpty { return .failure(.type(element.name)) }
        let isEmpty = shape.contains(0)
        var count: UInt64 = 1
        var last = offset
        for (size, stride) in zip(shape, strides) {
            let (product, productOverflow) = count.multipliedReportingOverflow(by: size)
            // The product is checked even when another size is 0: safetensors refuses such shapes too.
            if productOverflow { return .failure(.overflow) }
            count = product
            guard !isEmpty else { continue }
            let (reach, reachOverflow) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, sumOverflow) = last.addingReportingOverflow(reach)
            if reachOverflow || sumOverflow { return .failure(.overflow) }
            last = sum
        }
        let elementSize = UInt64(element.byteCount)
        let (bytes, bytesOverflow) = count.multipliedReportingOverflow(by: elementSize)
        let (_, logicalOverflow) = bytes.multipliedReportingOverflow(by: 8)
        if bytesOverflow || logicalOverflow { return .failure(.overflow) }
        if isEmpty { return .success(TensorGeometry(element: element, type: type, elementCount: 0, extent: nil)) }
        let available = storage.byteCount / elementSize
        guard last < available else {
            return .failure(.outOfBounds(needed: last == .max ? last : last + 1, available: available))
        }
        guard bytes <= max(storage.byteCount, limit) else { return .failure(.tooLarge(bytes, limit: limit)) }
        // No overflow: `last` is below the number of elements of the storage, whose bytes were counted.
        let start = storage.rootOffset + offset * elementSize
        return .success(
            TensorGeometry(
                element: element, type: type, elementCount: count,
                extent: start..<storage.rootOffset + (last + 1) * elementSize))
    }
}
