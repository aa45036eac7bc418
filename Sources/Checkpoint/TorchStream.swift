// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Pickle

/// PyTorch's layout of before 1.6: a magic number, a version, the machine's sizes, the object, the storages' keys (five
/// pickles), then per key a count and the raw numbers.
enum TorchStream {
    /// 0x1950a86a20f9469cfc6c, least significant byte first.
    static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

    static func read(
        _ source: any ByteSource, _ options: CheckpointOptions
    ) throws(CheckpointError) -> CheckpointReader.Parts {
        let (head, _) = try CheckpointReader.pickles(source, streams: 1, options.pickle)
        do throws(any Error) {
            guard case .bigInteger(let number)? = head.result, try head.graph.bytes(of: number, limit: 64) == magic
            else {
                throw CheckpointError.notACheckpoint("a pickle that is not in one of PyTorch's layouts")
            }
        } catch { throw CheckpointError(lifting: error) }
        let (document, end) = try CheckpointReader.pickles(source, streams: 5, options.pickle)
        let graph = document.graph
        let results = document.streams.map(\.result)
        guard results[1] == .integer(1001) else {
            throw .malformed("a version other than 1001", offset: document.streams[1].start)
        }
        var parts = CheckpointReader.Parts(layout: .torchStream)
        for pair in graph.pairs(results[2]) ?? [] where graph.isText(pair.key, "little_endian") {
            guard case .bool(let isLittle) = pair.value else {
                throw .malformed("`little_endian` is no truth value", offset: document.streams[2].start)
            }
            parts.isBigEndian = !isLittle
        }
        guard let keys = graph.list(results[4]) else {
            throw .malformed("no list of storages", offset: document.streams[4].start)
        }
        var walk = ObjectWalk(graph, options, .table([:]))
        var sizes: [String: (element: ElementType, count: UInt64)] = [:]
        for number in 0..<graph.count {
            guard let node = graph.node(number), let identifier = graph.persistentID(.node(node)),
                let request = walk.request(identifier)
            else { continue }
            if let other = sizes.updateValue((request.element, request.count), forKey: request.key),
                other.element.byteCount != request.element.byteCount || other.count != request.count
            {
                throw .storage(key: request.key, reason: "it is described in two ways")
            }
        }
        var places: [String: StoragePlace] = [:]
        var offset = end
        for value in keys {
            guard let key = walk.key(value), let size = sizes[key] else {
                throw .malformed("a storage that the object does not know", offset: offset)
            }
            guard places[key] == nil else { throw .storage(key: key, reason: "it is listed twice") }
            let (place, next) = try storage(source, at: offset, key: key, size.element, isBigEndian: parts.isBigEndian)
            guard place.contents.size == size.count * UInt64(size.element.byteCount) else {
                throw .storage(key: key, reason: "its length is another than the object says")
            }
            places[key] = place
            offset = next
        }
        if offset < source.size { parts.notes.append("\(source.size - offset) bytes follow the last storage") }
        walk.source = .table(places)
        try walk.add(results[3])
        (parts.entries, parts.storages) = (walk.entries, walk.storages)
        return parts
    }

    /// A count of 64 bits and as many elements.
    static func storage(
        _ source: any ByteSource, at offset: UInt64, key: String, _ element: ElementType, isBigEndian: Bool = false
    ) throws(CheckpointError) -> (StoragePlace, next: UInt64) {
        do throws(ByteError) {
            var cursor = ByteCursor(source, at: offset, windowSize: 64)
            let count = isBigEndian ? try cursor.bigEndian(UInt64.self) : try cursor.littleEndian(UInt64.self)
            let (bytes, overflow) = count.multipliedReportingOverflow(by: UInt64(element.byteCount))
            guard !overflow, bytes <= cursor.remaining else {
                throw ByteError.truncated(offset: cursor.position, count: overflow ? .max : bytes, size: source.size)
            }
            let start = cursor.position
            let contents = try source.part(start, bytes)
            return (StoragePlace(contents: contents, range: start..<start + bytes, checksum: nil), start + bytes)
        } catch {
            if case .truncated(_, let count, _) = error {
                throw .storage(key: key, reason: "\(count) bytes are needed and not there")
            }
            throw .bytes(error)
        }
    }
}
