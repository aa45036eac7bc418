// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Collects the elements of a strided view, piece by piece in the order of the packed tensor.
///
/// A piece is a block: a range of one dimension, everything inside it, one place in everything outside. Within a block the
/// dimension with the widest stride is walked first, until what is left lies close enough together to be read in one go.
struct TensorGather {
    private struct Dimension {
        let size: Int
        /// In bytes of the storage and of the piece.
        let stride: UInt64
        let step: Int
    }

    private let source: any ByteSource
    private let width: Int
    private let numberSize: Int
    private let start: UInt64
    private let sizes: [UInt64]
    private let strides: [UInt64]
    /// The dimension of which a piece takes a range, and how much of it.
    private let split: Int
    private let splitCount: UInt64
    private let innerCount: UInt64
    /// The next piece: a place in every dimension up to `split`.
    private var place: [UInt64]
    private var isDone = false
    /// How far apart elements may be that are read in one go.
    private let window: UInt64
    private(set) var piece: [UInt8] = []

    init(_ tensor: CheckpointTensor, _ storage: CheckpointStorage, chunkSize: Int) {
        source = storage.contents
        width = tensor.element.byteCount
        numberSize = tensor.element.numberSize
        // No overflow: the view was checked to lie inside the storage, whose bytes were counted.
        start = tensor.offset * UInt64(width)
        var sizes: [UInt64] = []
        var strides: [UInt64] = []
        // Neighbouring dimensions that lie behind each other become one; those of size 1 do not count.
        for (size, stride) in zip(tensor.shape, tensor.strides) where size != 1 {
            let bytes = stride * UInt64(width)
            if let last = strides.last, last == bytes * size, let count = sizes.last {
                sizes[sizes.count - 1] = count * size
                strides[strides.count - 1] = bytes
            } else {
                sizes.append(size)
                strides.append(bytes)
            }
        }
        if sizes.isEmpty { (sizes, strides) = ([1], [UInt64(width)]) }
        let budget = UInt64(chunkSize / width)
        var inner: UInt64 = 1
        var split = sizes.count - 1
        while split > 0, inner * sizes[split] <= budget {
            inner *= sizes[split]
            split -= 1
        }
        (self.sizes, self.strides, self.split, innerCount) = (sizes, strides, split, inner)
        splitCount = max(1, min(sizes[split], budget / inner))
        place = [UInt64](repeating: 0, count: split + 1)
        window = UInt64(chunkSize)
    }

    /// Makes the next piece; false when there is none.
    mutating func next() throws(CheckpointError) -> Bool {
        guard !isDone else { return false }
        let count = min(splitCount, sizes[split] - place[split])
        var offset = start
        for (index, position) in place.enumerated() { offset += position * strides[index] }
        var step = Int(innerCount) * width
        var dimensions = [Dimension(size: Int(count), stride: strides[split], step: step)]
        for index in (split + 1)..<max(split + 1, sizes.count) {
            step /= Int(sizes[index])
            dimensions.append(Dimension(size: Int(sizes[index]), stride: strides[index], step: step))
        }
        let bytes = Int(count * innerCount) * width
        do throws(ByteError) {
            if dimensions.allSatisfy({ $0.stride == UInt64($0.step) }) {
                piece = try source.bytes(at: offset, count: bytes)
            } else {
                if piece.count != bytes { piece = [UInt8](repeating: 0, count: bytes) }
                dimensions.sort { $0.stride > $1.stride }
                try gather(dimensions[...], from: offset, to: 0)
            }
        } catch { throw .bytes(error) }
        advance(by: count)
        return true
    }

    private mutating func advance(by count: UInt64) {
        place[split] += count
        var index = split
        while place[index] >= sizes[index] {
            guard index > 0 else {
                isDone = true
                return
            }
            place[index] = 0
            index -= 1
            place[index] += 1
        }
    }

    private mutating func gather(
        _ dimensions: ArraySlice<Dimension>, from offset: UInt64, to target: Int
    ) throws(ByteError) {
        var span = UInt64(width)
        var count: UInt64 = 1
        for dimension in dimensions {
            span += UInt64(dimension.size - 1) * dimension.stride
            count *= UInt64(dimension.size)
        }
        // Close together: at most the window, and not mostly other elements.
        if span <= 4096
            || (span <= window && span / UInt64(width) <= count.multipliedReportingOverflow(by: 16).partialValue)
        {
            let bytes = try source.bytes(at: offset, count: Int(span))
            scatter(bytes, dimensions, from: 0, to: target)
            return
        }
        guard let first = dimensions.first else { return }
        for index in 0..<first.size {
            try gather(
                dimensions.dropFirst(), from: offset + UInt64(index) * first.stride, to: target + index * first.step)
        }
    }

    private mutating func scatter(_ bytes: [UInt8], _ dimensions: ArraySlice<Dimension>, from: Int, to: Int) {
        guard let first = dimensions.first else {
            for index in 0..<width { piece[to + index] = bytes[from + index] }
            return
        }
        let stride = Int(first.stride)
        if dimensions.count == 1 {
            var (source, target) = (from, to)
            for _ in 0..<first.size {
                for index in 0..<width { piece[target + index] = bytes[source + index] }
                source += stride
                target += first.step
            }
            return
        }
        for index in 0..<first.size {
            scatter(bytes, dimensions.dropFirst(), from: from + index * stride, to: to + index * first.step)
        }
    }

    /// Turns every number of the piece around.
    mutating func swapNumbers() {
        var start = 0
        while start + numberSize <= piece.count {
            for index in 0..<(numberSize / 2) { piece.swapAt(start + index, start + numberSize - 1 - index) }
            start += numberSize
        }
    }

    /// Changes the sign of every number, or of the second of every pair.
    mutating func changeSigns(all: Bool, imaginary: Bool) {
        var index = numberSize - 1
        var isImaginary = false
        while index < piece.count {
            let flips = all != (imaginary && isImaginary && width == 2 * numberSize)
            if flips { piece[index] ^= 0x80 }
            index += numberSize
            isImaginary.toggle()
        }
    }
}
