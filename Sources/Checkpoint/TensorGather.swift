// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Collects the elements of a view, piece by piece in the order of the packed tensor, least significant byte first.
///
/// A piece is a block: a range of one dimension, everything inside it, one place in everything outside. Of a block the dimension
/// with the widest stride is walked first, until what is left lies close together. As many of those runs as fill a window
/// are read, and then copied to their places together: of a transposed matrix a run is a few elements of one row, and one of
/// them alone would touch a cache line, and a page, for each element that it brings.
package struct TensorGather: Sendable {
    /// In bytes: how far apart neighbours lie in the storage, and in the piece.
    private struct Dimension {
        var size: Int
        var stride: UInt64
        var step: Int
    }

    /// How much is read before it is copied on; stays in the second level cache.
    private static let windowSize: UInt64 = 256 << 10
    /// Between the runs of a window: without it, runs of 2 KiB would all fall on the same few lines of the cache.
    private static let gap = 64
    /// Up to so many bytes for one run of elements it is cheaper to read what lies between the runs than to ask for each.
    private static let reach: UInt64 = 2048

    private let source: any ByteSource
    private let width: Int
    private let start: UInt64
    private let sizes: [UInt64]
    private let strides: [UInt64]
    /// The dimension of which a piece takes a range, and how much of it.
    private let split: Int
    private let splitCount: UInt64
    private let innerCount: UInt64
    /// The next piece: a place in every dimension up to `split`.
    private var place: [UInt64]
    private var isDone: Bool
    private var window: [UInt8] = []
    private let numbers: NumberForm

    init(_ tensor: CheckpointTensor, _ storage: CheckpointStorage, isBigEndian: Bool, pieceSize: Int) {
        source = storage.contents
        width = tensor.element.byteCount
        numbers = NumberForm(tensor, isBigEndian: isBigEndian || storage.isBigEndian)
        isDone = tensor.elementCount == 0
        // No overflow, here and below: the view was checked to lie inside the storage, whose bytes were counted. A tensor
        // without elements is not checked, and not read.
        start = isDone ? 0 : tensor.offset * UInt64(width)
        var sizes: [UInt64] = []
        var strides: [UInt64] = []
        // Neighbouring dimensions that lie behind each other become one; those of size 1 do not count.
        for (size, stride) in zip(tensor.shape, tensor.strides) where size != 1 && !isDone {
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
        let budget = UInt64(max(4096, pieceSize) / width)
        var inner: UInt64 = 1
        var split = sizes.count - 1
        while split > 0, inner * sizes[split] <= budget {
            inner *= sizes[split]
            split -= 1
        }
        (self.sizes, self.strides, self.split, innerCount) = (sizes, strides, split, inner)
        splitCount = max(1, min(sizes[split], budget / inner))
        place = [UInt64](repeating: 0, count: split + 1)
    }

    /// Puts the next bytes of the tensor at the front of `buffer`, which grows to the size of a piece, and returns how many
    /// there are; 0 at the end.
    package mutating func next(into buffer: inout [UInt8]) throws(CheckpointError) -> Int {
        guard !isDone else { return 0 }
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
        if buffer.count < bytes { buffer = [UInt8](repeating: 0, count: bytes) }
        dimensions.removeAll { $0.size == 1 }
        dimensions.sort { $0.stride > $1.stride }
        do throws(ByteError) {
            try gather(dimensions[...], from: offset, into: &buffer, at: 0)
        } catch { throw .bytes(error) }
        numbers.normalise(&buffer, count: bytes)
        advance(by: count)
        return bytes
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

    // MARK: - Reading

    /// From the first byte of the first element to the last of the last.
    private func span(_ dimensions: ArraySlice<Dimension>) -> UInt64 {
        dimensions.reduce(UInt64(width)) { $0 + UInt64($1.size - 1) * $1.stride }
    }

    /// Whether the elements are to be read in one go, with what lies between them: they fit in the window, and are not too far
    /// apart.
    private func isClose(_ dimensions: ArraySlice<Dimension>) -> Bool {
        let span = span(dimensions)
        guard span > 4096 else { return true }
        guard span <= TensorGather.windowSize else { return false }
        var run = UInt64(width)
        var runs: UInt64 = 1
        for dimension in dimensions.reversed() where dimension.stride > 0 {
            if dimension.stride == run { run *= UInt64(dimension.size) } else { runs *= UInt64(dimension.size) }
            // Enough, and no overflow: the piece was counted.
            if runs > span { break }
        }
        return runs == 1 || span / TensorGather.reach < runs
    }

    /// Collects a block: dimensions by falling strides.
    private mutating func gather(
        _ dimensions: ArraySlice<Dimension>, from offset: UInt64, into piece: inout [UInt8], at target: Int
    ) throws(ByteError) {
        guard let first = dimensions.first else {
            return try TensorGather.read(source, offset, width, into: &piece, at: target)
        }
        if dimensions.count == 1, first.step == width, first.stride == UInt64(width) {
            return try TensorGather.read(source, offset, first.size * width, into: &piece, at: target)
        }
        if isClose(dimensions) {
            try fill(offset, Int(span(dimensions)), at: 0)
            return try copy(dimensions, to: &piece, at: target)
        }
        let rest = dimensions.dropFirst()
        let inner = span(rest)
        // As many of the first dimension as one reading brings.
        var part = first
        if inner > TensorGather.windowSize || first.stride == 0 {
            part.size = 1
        } else {
            part.size = min(first.size, Int(clamping: (TensorGather.windowSize - inner) / first.stride + 1))
        }
        if part.size > 1, isClose([part][...] + rest) {
            for index in stride(from: 0, to: first.size, by: part.size) {
                part.size = min(part.size, first.size - index)
                let block = [part][...] + rest
                try fill(offset + UInt64(index) * first.stride, Int(span(block)), at: 0)
                try copy(block, to: &piece, at: target + index * first.step)
            }
            return
        }
        let isRun = rest.count == 1 && rest.allSatisfy { $0.stride == UInt64(width) && $0.step == width }
        guard !isRun, isClose(rest) else {
            for index in 0..<first.size {
                try gather(
                    rest, from: offset + UInt64(index) * first.stride, into: &piece, at: target + index * first.step)
            }
            return
        }
        // As many readings as fill the window.
        let distance = Int(inner) + TensorGather.gap
        let count = max(1, Int(TensorGather.windowSize) / distance)
        for index in stride(from: 0, to: first.size, by: count) {
            let runs = min(count, first.size - index)
            for run in 0..<runs {
                try fill(offset + UInt64(index + run) * first.stride, Int(inner), at: run * distance)
            }
            let block = [Dimension(size: runs, stride: UInt64(distance), step: first.step)][...] + rest
            try copy(block, to: &piece, at: target + index * first.step)
        }
    }

    /// Reads straight into an array. Static, for the array may be ours: a method would hold a copy of it meanwhile.
    private static func read(
        _ source: any ByteSource, _ offset: UInt64, _ count: Int, into array: inout [UInt8], at place: Int
    ) throws(ByteError) {
        let outcome = unsafe array.withUnsafeMutableBytes { bytes -> Result<Void, ByteError> in
            do throws(ByteError) {
                // SAFETY: the slice is checked against the array; the source fills it or throws.
                return .success(
                    try unsafe source.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + count]), at: offset))
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private mutating func fill(_ offset: UInt64, _ count: Int, at place: Int) throws(ByteError) {
        // One run can be as large as the window, and has the gap behind it.
        let size = Int(TensorGather.windowSize) + TensorGather.gap
        if window.count < size { window = [UInt8](repeating: 0, count: size) }
        try TensorGather.read(source, offset, count, into: &window, at: place)
    }

    // MARK: - Copying

    /// Copies elements out of the window to their places in the piece.
    private func copy(
        _ dimensions: ArraySlice<Dimension>, to piece: inout [UInt8], at target: Int
    ) throws(ByteError) {
        // In the order of the piece: the window is near, so it is the places that are written that should lie together.
        let ordered = dimensions.sorted { $0.step > $1.step }
        let end = dimensions.reduce(target + width) { $0 + ($1.size - 1) * $1.step }
        guard span(dimensions) <= UInt64(window.count), end <= piece.count else {
            throw .truncated(offset: UInt64(target), count: UInt64(end - target), size: UInt64(piece.count))
        }
        unsafe window.withUnsafeBytes { from in
            unsafe piece.withUnsafeMutableBytes { to in
                guard let from = from.baseAddress, let to = to.baseAddress else { return }
                // SAFETY: no element lies outside: the last of each side was compared with its array above.
                let place = unsafe to + target
                switch width {
                case 1: unsafe TensorGather.copy(UInt8.self, ordered[...], from, place)
                case 2: unsafe TensorGather.copy(UInt16.self, ordered[...], from, place)
                case 4: unsafe TensorGather.copy(UInt32.self, ordered[...], from, place)
                case 8: unsafe TensorGather.copy(UInt64.self, ordered[...], from, place)
                default: unsafe TensorGather.copy(width, ordered[...], from, place)
                }
            }
        }
    }

    /// Copies elements of one of the usual sizes.
    private static func copy<Element: BitwiseCopyable>(
        _ type: Element.Type, _ dimensions: ArraySlice<Dimension>, _ from: UnsafeRawPointer,
        _ to: UnsafeMutableRawPointer
    ) {
        guard let first = dimensions.first else {
            unsafe to.copyMemory(from: from, byteCount: MemoryLayout<Element>.size)
            return
        }
        let (stride, step) = (Int(first.stride), first.step)
        guard dimensions.count == 1 else {
            for index in 0..<first.size {
                unsafe copy(type, dimensions.dropFirst(), from + index * stride, to + index * step)
            }
            return
        }
        // SAFETY, for both: see the caller.
        if stride == MemoryLayout<Element>.size, step == stride {
            unsafe to.copyMemory(from: from, byteCount: first.size * stride)
            return
        }
        var (source, target) = unsafe (from, to)
        for _ in 0..<first.size {
            unsafe target.storeBytes(of: source.loadUnaligned(as: type), as: type)
            unsafe source += stride
            unsafe target += step
        }
    }

    /// Copies elements of any size.
    private static func copy(
        _ width: Int, _ dimensions: ArraySlice<Dimension>, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
    ) {
        guard let first = dimensions.first else {
            // SAFETY: see the caller.
            unsafe to.copyMemory(from: from, byteCount: width)
            return
        }
        for index in 0..<first.size {
            unsafe copy(width, dimensions.dropFirst(), from + index * Int(first.stride), to + index * first.step)
        }
    }
}
