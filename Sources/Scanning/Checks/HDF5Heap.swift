// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// The dense storage of links and attributes: a fractal heap that holds them, found through a B-tree of version 2.
struct HDF5Heap {
    private let address: UInt64
    private let flags: UInt8
    private let maxManaged: UInt64
    private let tableWidth: UInt64
    private let startSize: UInt64
    private let maxDirect: UInt64
    private let heapBits: Int
    private let root: UInt64
    private let rows: UInt64
    private let isFiltered: Bool

    /// Rows of blocks that a heap can have: the sizes double.
    private static let maxRows: UInt64 = 64

    init(_ address: UInt64, _ reader: HDF5Reader) throws(HDF5Reader.Problem) {
        self.address = address
        let (o, l) = (reader.offsetSize, reader.lengthSize)
        var fields = try reader.bytes(address, 22 + 12 * l + 3 * o, signature: "FRHP")
        _ = try fields.byte()
        _ = try fields.number(2)
        isFiltered = try fields.number(2) != 0
        flags = try fields.byte()
        maxManaged = try fields.number(4)
        try fields.skip(l + o + l + o + l * 8)
        tableWidth = try fields.number(2)
        startSize = try fields.number(l)
        maxDirect = try fields.number(l)
        heapBits = Int(try fields.number(2))
        _ = try fields.number(2)
        root = try fields.number(o)
        rows = try fields.number(2)
        guard tableWidth > 0, startSize.nonzeroBitCount == 1, maxDirect.nonzeroBitCount == 1, maxDirect >= startSize,
            heapBits > 0,
            heapBits <= 64, rows <= HDF5Heap.maxRows
        else { throw .malformed(offset: address, reason: "a heap of impossible sizes") }
    }

    private var offsetBytes: Int { (heapBits + 7) / 8 }

    /// How many bytes it takes to write numbers up to `limit`.
    static func encodedSize(_ limit: UInt64) -> Int { limit == 0 ? 1 : (63 - limit.leadingZeroBitCount) / 8 + 1 }

    /// The object that an id stands for.
    func object(_ id: [UInt8], _ reader: inout HDF5Reader) throws(HDF5Reader.Problem) -> [UInt8] {
        guard !isFiltered else { throw .malformed(offset: address, reason: "a heap with filters") }
        var fields = HDF5Fields(id, offset: address, skipping: 0)
        let type = try fields.byte()
        switch type >> 4 & 3 {
        case 0:
            let place = try fields.number(offsetBytes)
            let size = min(HDF5Heap.encodedSize(maxDirect), HDF5Heap.encodedSize(maxManaged))
            let count = try fields.count(size)
            return try managed(place, count, &reader)
        case 2: return try fields.take(min(Int(type & 0x0F) + 1, fields.remaining))
        default: throw .malformed(offset: address, reason: "an object outside of its heap")
        }
    }

    private func managed(
        _ place: UInt64, _ count: Int, _ reader: inout HDF5Reader
    ) throws(HDF5Reader.Problem) -> [UInt8] {
        guard UInt64(count) <= maxDirect else {
            throw .malformed(offset: address, reason: "an object larger than its block")
        }
        var (block, blockRows, blockStart) = (root, rows, UInt64(0))
        for _ in 0..<HDF5Heap.maxRows {
            try reader.step(block, bytes: count)
            if blockRows == 0 {
                let (begin, overflow) = block.addingReportingOverflow(place - blockStart)
                guard !overflow else { throw .malformed(offset: block, reason: "an object beyond its block") }
                return try reader.bytes(begin, count)
            }
            // The row and the column of the place in the doubling table.
            var (row, start, size) = (UInt64(0), blockStart, startSize)
            while row < blockRows {
                size = row < 2 ? startSize : startSize << (row - 1)
                let (span, overflow) = size.multipliedReportingOverflow(by: tableWidth)
                guard !overflow, row < 60 else { throw .malformed(offset: block, reason: "a heap of impossible sizes") }
                if place - start < span { break }
                let (next, more) = start.addingReportingOverflow(span)
                guard !more else { throw .malformed(offset: block, reason: "a heap of impossible sizes") }
                (start, row) = (next, row + 1)
            }
            guard row < blockRows else { throw .malformed(offset: block, reason: "an object outside of its heap") }
            let column = (place - start) / size
            let entry = row * tableWidth + column
            let head = 5 + reader.offsetSize + offsetBytes
            let (spot, overflow) = block.addingReportingOverflow(UInt64(head) + entry * UInt64(reader.offsetSize))
            guard !overflow else { throw .malformed(offset: block, reason: "an address beyond the end") }
            _ = try reader.bytes(block, 4, signature: "FHIB")
            var fields = HDF5Fields(try reader.bytes(spot, reader.offsetSize), offset: spot, skipping: 0)
            block = try fields.number(reader.offsetSize)
            blockStart = start + column * size
            if size <= maxDirect {
                blockRows = 0
            } else {
                let bits = UInt64(63 - size.leadingZeroBitCount)
                let base = UInt64(63 - (startSize * tableWidth.nonZeroPowerOfTwo).leadingZeroBitCount)
                guard bits >= base else { throw .malformed(offset: block, reason: "a heap of impossible sizes") }
                blockRows = bits - base + 1
            }
        }
        throw .malformed(offset: address, reason: "a heap that does not end")
    }

    // MARK: - The index

    /// The heap ids of all records of a B-tree; the id lies `skip` bytes into a record.
    static func ids(
        _ address: UInt64, skip: Int, count idSize: Int, _ reader: inout HDF5Reader
    ) throws(HDF5Reader.Problem) -> [[UInt8]] {
        let (o, l) = (reader.offsetSize, reader.lengthSize)
        var fields = try reader.bytes(address, 18 + o + l, signature: "BTHD")
        _ = try fields.number(2)
        let nodeSize = try fields.count(4)
        let recordSize = try fields.count(2)
        let depth = try fields.count(2)
        _ = try fields.number(2)
        let root = try fields.number(o)
        let records = try fields.count(2)
        guard recordSize >= skip + idSize, nodeSize > 64, nodeSize <= 1 << 20, depth <= 16 else {
            throw .malformed(offset: address, reason: "an index of impossible sizes")
        }
        var tree = Tree(
            nodeSize: nodeSize, recordSize: recordSize, skip: skip, idSize: idSize, depth: depth, offsetSize: o)
        guard root != reader.undefined else { return [] }
        try tree.collect(root, records, depth, &reader)
        return tree.ids
    }

    private struct Tree {
        let nodeSize: Int
        let recordSize: Int
        let skip: Int
        let idSize: Int
        let offsetSize: Int
        /// For every level the bytes of the number of all records below.
        private var totalSizes: [Int] = [0]
        private let countSize: Int
        var ids: [[UInt8]] = []

        init(nodeSize: Int, recordSize: Int, skip: Int, idSize: Int, depth: Int, offsetSize: Int) {
            (self.nodeSize, self.recordSize, self.skip, self.idSize) = (nodeSize, recordSize, skip, idSize)
            self.offsetSize = offsetSize
            let leaf = UInt64((nodeSize - 10) / recordSize)
            countSize = HDF5Heap.encodedSize(leaf)
            var total = leaf
            for level in 0..<max(0, depth) {
                let pointer = offsetSize + countSize + totalSizes[level]
                let most = UInt64(max(1, (nodeSize - 10 - pointer) / (recordSize + pointer)))
                let (product, overflow) = (most + 1).multipliedReportingOverflow(by: total)
                total = overflow ? .max : product.addingReportingOverflow(most).partialValue
                totalSizes.append(HDF5Heap.encodedSize(total))
            }
        }

        mutating func collect(
            _ address: UInt64, _ count: Int, _ level: Int, _ reader: inout HDF5Reader
        ) throws(HDF5Reader.Problem) {
            try reader.step(address, bytes: nodeSize)
            guard count >= 0, count <= (nodeSize - 10) / recordSize else {
                throw .malformed(offset: address, reason: "more records than a node has room for")
            }
            var fields = try reader.bytes(address, nodeSize, signature: level == 0 ? "BTLF" : "BTIN")
            _ = try fields.number(2)
            for _ in 0..<count {
                let record = try fields.take(recordSize)
                ids.append(Array(record[skip..<skip + idSize]))
            }
            guard ids.count <= CheckLimits.hdf5Objects else {
                throw .malformed(offset: address, reason: "more than \(CheckLimits.hdf5Objects) records")
            }
            guard level > 0 else { return }
            for _ in 0...count {
                let child = try fields.number(offsetSize)
                let inner = try fields.count(countSize)
                try fields.skip(totalSizes[level - 1])
                try collect(child, inner, level - 1, &reader)
            }
        }
    }
}

extension UInt64 {
    /// The number when it is a power of two, else the next smaller one.
    fileprivate var nonZeroPowerOfTwo: UInt64 { self == 0 ? 1 : 1 << UInt64(63 - leadingZeroBitCount) }
}
