// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// PyTorch files of the old kind: five pickles, then the storages, each with its number of elements in front.
enum LegacyTail {
    /// The number that the first pickle of such a file holds.
    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

    /// Whether the first pickle says that it is one.
    static func isLegacy(_ document: PickleDocument) -> Bool {
        guard case .bigInteger(let data)? = document.result, let bytes = document.graph.pooled(data) else {
            return false
        }
        return bytes.elementsEqual(magic)
    }

    /// Checks the storages behind the pickles; says where the data should end and does not, nil when all adds up.
    static func problem(
        _ document: PickleDocument, _ source: any ByteSource
    ) throws(ByteError) -> (offset: UInt64, reason: String)? {
        let graph = document.graph
        guard document.streams.count == 5, case .list(let keys)? = shape(document.streams[4].result, graph) else {
            return (document.streams.last?.end ?? 0, "the list of storages is missing")
        }
        var sizes: [[UInt8]: (count: Int64, element: UInt64)] = [:]
        for node in graph.nodes where node.kind == .persistent {
            guard let id = graph.tuple(graph.values[Int(node.detail)]), id.count >= 5, graph.isText(id[0], "storage"),
                let storage = graph.global(id[1]), let element = elementSize(storage.name),
                let key = graph.pooledText(id[2]), case .integer(let count) = id[4]
            else { continue }
            sizes[Array(key)] = (count, element)
        }
        var place = document.streams[4].end
        for key in keys {
            guard let name = graph.pooledText(key), let known = sizes[Array(name)] else {
                return (place, "a storage is listed that no tensor uses")
            }
            guard source.size - min(place, source.size) >= 8 else { return (place, "a storage is missing") }
            let bytes = try source.bytes(at: place, count: 8)
            let count = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let (length, over) = count.multipliedReportingOverflow(by: known.element)
            guard UInt64(exactly: known.count) == count, !over, length <= source.size - place - 8 else {
                return (place, "a storage has not the size that the tensors declare")
            }
            place += 8 + length
        }
        return place == source.size ? nil : (place, "bytes follow the last storage")
    }

    private static func shape(_ value: PickleValue, _ graph: PickleGraph) -> PickleShape? {
        guard case .node(let node) = value else { return nil }
        return graph.shape(of: node)
    }

    /// The size of an element of a storage class; nil for a class that has none.
    static func elementSize(_ name: String) -> UInt64? {
        switch name {
        case "ComplexDoubleStorage": 16
        case "DoubleStorage", "LongStorage", "ComplexFloatStorage": 8
        case "FloatStorage", "IntStorage", "QInt32Storage": 4
        case "HalfStorage", "BFloat16Storage", "ShortStorage": 2
        case "CharStorage", "ByteStorage", "BoolStorage", "QInt8Storage", "QUInt8Storage", "QUInt4x2Storage",
            "QUInt2x4Storage", "UntypedStorage":
            1
        default: nil
        }
    }
}
