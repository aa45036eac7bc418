// SPDX-License-Identifier: Apache-2.0

/// Places the tensors of a table in the file: sizes, bounds, alignment, overlap.
struct GGUFLayout {
    /// A line of the table.
    struct Entry {
        let name: String
        /// Innermost first, as in the file.
        let dimensions: [UInt64]
        let typeCode: UInt32
        /// From `dataOffset`.
        let begin: UInt64
        let offset: UInt64
    }

    let dataOffset: UInt64
    let headerSize: UInt64
    let alignment: UInt64
    let fileSize: UInt64
    let byteOrder: GGUFByteOrder
    private(set) var findings: [GGUFFinding] = []

    init(dataOffset: UInt64, headerSize: UInt64, alignment: UInt64, fileSize: UInt64, byteOrder: GGUFByteOrder) {
        (self.dataOffset, self.headerSize, self.alignment) = (dataOffset, headerSize, alignment)
        (self.fileSize, self.byteOrder) = (fileSize, byteOrder)
    }

    mutating func place(_ entries: [Entry]) throws(GGUFError) -> [GGUFTensor] {
        var tensors: [GGUFTensor] = []
        tensors.reserveCapacity(entries.count)
        for entry in entries { tensors.append(try place(entry)) }
        checkOrder(tensors)
        return tensors
    }

    private mutating func place(_ entry: Entry) throws(GGUFError) -> GGUFTensor {
        let (begin, beginOverflow) = dataOffset.addingReportingOverflow(entry.begin)
        guard !beginOverflow else { throw .overflow(tensor: entry.name, offset: entry.offset) }
        let count = try byteCount(entry)
        if count == nil {
            findings.append(.unknownType(tensor: entry.name, code: entry.typeCode, offset: entry.offset))
        }
        guard begin <= fileSize, count ?? 0 <= fileSize - begin else {
            throw .outsideFile(
                tensor: entry.name, offset: entry.offset, begin: begin, count: count ?? 0, fileSize: fileSize)
        }
        if entry.begin % alignment != 0 {
            findings.append(.misaligned(tensor: entry.name, begin: begin, alignment: alignment))
        }
        return GGUFTensor(
            name: entry.name, typeCode: entry.typeCode, shape: entry.dimensions.reversed(), dataOffset: begin,
            byteCount: count, offset: entry.offset, byteOrder: byteOrder)
    }

    /// The bytes of a tensor; nil when its type is not known.
    private func byteCount(_ entry: Entry) throws(GGUFError) -> UInt64? {
        var elements: UInt64 = 1
        for dimension in entry.dimensions {
            let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
            // ggml counts elements with 64 signed bits.
            guard !overflow, product <= UInt64(Int64.max) else {
                throw .overflow(tensor: entry.name, offset: entry.offset)
            }
            elements = product
        }
        guard let type = GGMLType(rawValue: entry.typeCode) else { return nil }
        let row = entry.dimensions.first ?? 1
        guard row % type.blockSize == 0 else {
            throw .partialBlock(tensor: entry.name, offset: entry.offset, row: row, block: type.blockSize)
        }
        let (bytes, overflow) = (elements / type.blockSize).multipliedReportingOverflow(by: type.blockBytes)
        guard !overflow else { throw .overflow(tensor: entry.name, offset: entry.offset) }
        return bytes
    }

    private mutating func checkOrder(_ tensors: [GGUFTensor]) {
        var end = dataOffset
        var previous = ""
        var isKnown = true
        for tensor in tensors.sorted(by: { ($0.dataOffset, $0.byteCount ?? 0) < ($1.dataOffset, $1.byteCount ?? 0) }) {
            if tensor.dataOffset < end, tensor.byteCount != 0 {
                findings.append(
                    .overlap(tensor: tensor.name, begin: tensor.dataOffset, previous: previous, end: end))
            } else if isKnown, tensor.dataOffset > roundedUp(end) {
                findings.append(.gap(begin: end, count: tensor.dataOffset - end))
            }
            // No overflow: the end lies inside the file.
            let own = tensor.dataOffset + (tensor.byteCount ?? 0)
            if own >= end { (end, previous) = (own, tensor.name) }
            isKnown = tensor.byteCount != nil
        }
        if tensors.isEmpty { end = headerSize }
        if isKnown, fileSize > roundedUp(end) { findings.append(.trailing(begin: end, count: fileSize - end)) }
    }

    private func roundedUp(_ place: UInt64) -> UInt64 {
        let rest = (place - dataOffsetBase(place)) % alignment
        let (sum, overflow) = place.addingReportingOverflow(rest == 0 ? 0 : alignment - rest)
        return overflow ? .max : sum
    }

    /// Padding counts from where the tensors begin, which is itself aligned, or from 0 in front of it.
    private func dataOffsetBase(_ place: UInt64) -> UInt64 { place >= dataOffset ? dataOffset : 0 }
}
