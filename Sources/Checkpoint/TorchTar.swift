// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Pickle

/// PyTorch's layout of 0.1: a tar archive of `storages`, `tensors` and `pickle`. PyTorch itself reads it only when told to trust it.
enum TorchTar {
    /// How many storages or tensors a file may have.
    private static let limit: Int64 = 1_000_000

    static func read(
        _ source: any ByteSource, _ options: CheckpointOptions
    ) throws(CheckpointError) -> CheckpointReader.Parts {
        let tar: TarDirectory
        do throws(ArchiveError) {
            tar = try TarDirectory(source)
        } catch {
            if case .bytes(let error) = error { throw .bytes(error) }
            throw .archive(error)
        }
        guard let storageMember = tar["storages"], let tensorMember = tar["tensors"], let pickleMember = tar["pickle"]
        else {
            throw .notACheckpoint("a tar archive without `storages`, `tensors` and `pickle`")
        }
        guard tar.refusals.isEmpty else { throw .tar(tar.refusals) }
        let parts: (storages: PartialSource, tensors: PartialSource, pickle: PartialSource)
        do throws(ArchiveError) {
            parts = (try tar.contents(storageMember), try tar.contents(tensorMember), try tar.contents(pickleMember))
        } catch { throw .archive(error) }
        var tables = Tables(base: storageMember.dataOffset)
        try tables.readStorages(parts.storages, options)
        try tables.readTensors(parts.tensors, options)
        let (document, _) = try CheckpointReader.pickles(parts.pickle, streams: 1, options.pickle)
        var walk = ObjectWalk(document.graph, options, .tensors(tables.tensors))
        if let result = document.result { try walk.add(result) }
        var result = CheckpointReader.Parts(layout: .torchTar)
        (result.entries, result.storages) = (walk.entries, tables.storages)
        result.notes.append("the layout of PyTorch 0.1, which `weights_only` does not load")
        return result
    }

    private struct Tables {
        let base: UInt64
        var storages: [CheckpointStorage] = []
        var places: [String: Int] = [:]
        var tensors: [String: CheckpointEntry.Kind] = [:]

        init(base: UInt64) { self.base = base }

        private func count(
            _ source: any ByteSource, _ options: CheckpointOptions
        ) throws(CheckpointError) -> (Int64, UInt64) {
            let (document, next) = try CheckpointReader.pickles(source, streams: 1, options.pickle)
            guard case .integer(let count)? = document.result, count >= 0 else {
                throw .malformed("no count", offset: 0)
            }
            guard count <= TorchTar.limit else {
                throw .overLimit("items of a tar checkpoint", count: UInt64(count), limit: UInt64(TorchTar.limit))
            }
            return (count, next)
        }

        private func text(_ graph: PickleGraph, _ value: PickleValue) -> String? {
            if case .integer(let number) = value { return String(number) }
            return graph.text(of: value)
        }

        mutating func readStorages(_ source: PartialSource, _ options: CheckpointOptions) throws(CheckpointError) {
            var (count, offset) = try count(source, options)
            while count > 0 {
                count -= 1
                let (document, next) = try CheckpointReader.pickles(source, at: offset, streams: 1, options.pickle)
                let graph = document.graph
                guard let items = document.result.flatMap({ graph.tuple($0) }), items.count == 3,
                    let key = text(graph, items[0]), let type = graph.global(items[2]),
                    let element = ElementType.ofStorage(type.name)
                else { throw .malformed("no storage", offset: offset) }
                let (place, end) = try TorchStream.storage(source, at: next, key: key, element)
                offset = end
                guard places[key] == nil else { throw .storage(key: key, reason: "it is there twice") }
                places[key] = storages.count
                storages.append(
                    CheckpointStorage(
                        key: key, location: text(graph, items[1]) ?? "", element: element,
                        elementCount: place.contents.size / UInt64(element.byteCount), contents: place.contents,
                        range: place.range.map { base + $0.lowerBound..<base + $0.upperBound }, checksum: nil,
                        root: storages.count, rootOffset: 0))
            }
            let (document, _) = try CheckpointReader.pickles(source, at: offset, streams: 1, options.pickle)
            let graph = document.graph
            for view in document.result.flatMap({ graph.list($0) }) ?? [] {
                guard let items = graph.tuple(view), items.count == 4, let key = text(graph, items[0]),
                    let root = text(graph, items[1]).flatMap({ places[$0] }), case .integer(let start) = items[2],
                    case .integer(let size) = items[3], start >= 0, size >= 0
                else { throw .malformed("no view of a storage", offset: offset) }
                let whole = storages[root]
                guard UInt64(start) <= whole.elementCount, UInt64(size) <= whole.elementCount - UInt64(start) else {
                    throw .storage(key: key, reason: "a view outside its storage")
                }
                let width = UInt64(whole.element.byteCount)
                do throws(any Error) {
                    let contents = try whole.contents.part(UInt64(start) * width, UInt64(size) * width)
                    guard places.updateValue(storages.count, forKey: key) == nil else {
                        throw CheckpointError.storage(key: key, reason: "it is there twice")
                    }
                    storages.append(
                        CheckpointStorage(
                            key: key, location: whole.location, element: whole.element, elementCount: UInt64(size),
                            contents: contents,
                            range: whole.range.map {
                                $0.lowerBound + UInt64(start) * width..<$0.lowerBound + UInt64(start + size) * width
                            }, checksum: nil, root: whole.root, rootOffset: whole.rootOffset + UInt64(start) * width))
                } catch { throw CheckpointError(lifting: error) }
            }
        }

        mutating func readTensors(_ source: PartialSource, _ options: CheckpointOptions) throws(CheckpointError) {
            var (count, offset) = try count(source, options)
            while count > 0 {
                count -= 1
                let (document, next) = try CheckpointReader.pickles(source, at: offset, streams: 1, options.pickle)
                let graph = document.graph
                guard let items = document.result.flatMap({ graph.tuple($0) }), items.count == 3,
                    let key = text(graph, items[0]), let storageKey = text(graph, items[1])
                else { throw .malformed("no tensor", offset: offset) }
                var numbers: [UInt64] = []
                do throws(any Error) {
                    var cursor = ByteCursor(source, at: next, windowSize: 1024)
                    let dimensions = try cursor.littleEndian(Int32.self)
                    try cursor.skip(4)
                    guard dimensions >= 0, dimensions <= options.dimensions else {
                        throw CheckpointError.malformed("\(dimensions) dimensions", offset: next)
                    }
                    for _ in 0..<(2 * dimensions + 1) {
                        let number = try cursor.littleEndian(Int64.self)
                        guard number >= 0 else { throw CheckpointError.malformed("a negative size", offset: next) }
                        numbers.append(UInt64(number))
                    }
                    offset = cursor.position
                } catch { throw CheckpointError(lifting: error) }
                let rank = numbers.count / 2
                let shape = Array(numbers[..<rank])
                let strides = Array(numbers[rank..<2 * rank])
                guard let index = places[storageKey] else {
                    tensors[key] = .refused(.storage("the storage `\(storageKey)` is not in the file"))
                    continue
                }
                let geometry = TensorGeometry.check(
                    shape: shape, strides: strides, offset: numbers[2 * rank], element: storages[index].element,
                    storage: storages[index], limit: options.expanded)
                switch geometry {
                case .failure(let refusal): tensors[key] = .refused(refusal)
                case .success(let geometry):
                    tensors[key] = .tensor(
                        CheckpointTensor(
                            element: geometry.element, type: geometry.type, shape: shape, strides: strides,
                            offset: numbers[2 * rank], storage: index, extent: geometry.extent,
                            elementCount: geometry.elementCount, isParameter: false, isConjugated: false,
                            isNegated: false,
                            callOffset: 0))
                }
            }
        }
    }
}
