// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Numpy arrays, one alone or several in a zip archive. Each is a storage of its own.
enum NumpyArrays {
    static func read(
        _ source: any ByteSource, _ options: CheckpointOptions
    ) throws(CheckpointError) -> CheckpointReader.Parts {
        var parts = CheckpointReader.Parts(layout: .npy)
        let place = StoragePlace(contents: source, range: 0..<source.size, checksum: nil)
        let kind = try array(place, key: "", options, &parts)
        parts.entries = [CheckpointEntry(path: EntryPath([]), kind: kind)]
        return parts
    }

    static func read(
        _ directory: ZipDirectory, _ members: [ZipMember], _ options: CheckpointOptions
    ) throws(CheckpointError) -> CheckpointReader.Parts {
        var parts = CheckpointReader.Parts(layout: .npz)
        var zip = ZipStorages(directory: directory, folder: [], options: options)
        parts.entries = [CheckpointEntry(path: EntryPath([]), kind: .mapping(count: members.count))]
        for member in members {
            let key = Array(member.name.bytes.dropLast(4))
            let place = try zip.locate(member, key: member.name.description)
            let kind: CheckpointEntry.Kind
            do throws(CheckpointError) {
                kind = try array(place, key: String(decoding: key, as: UTF8.self), options, &parts)
            } catch {
                guard case .notACheckpoint(let reason) = error else { throw error }
                kind = .refused(.malformed(reason))
            }
            parts.entries.append(CheckpointEntry(path: EntryPath([key]), kind: kind))
        }
        return parts
    }

    private static func array(
        _ place: StoragePlace, key: String, _ options: CheckpointOptions, _ parts: inout CheckpointReader.Parts
    ) throws(CheckpointError) -> CheckpointEntry.Kind {
        let header = try NumpyHeader.read(place.contents)
        if header.description.hasSuffix("O") { return .refused(.objects) }
        guard let (element, isBigEndian) = ElementType.ofNumpy(header.description) else {
            return .refused(.type(header.description))
        }
        guard header.shape.count <= options.dimensions else {
            return .refused(.malformed("\(header.shape.count) dimensions"))
        }
        var strides = [UInt64](repeating: 1, count: header.shape.count)
        var step: UInt64 = 1
        for index in header.isFortran ? Array(header.shape.indices) : header.shape.indices.reversed() {
            strides[index] = step
            let (product, overflow) = step.multipliedReportingOverflow(by: max(1, header.shape[index]))
            if overflow { return .refused(.overflow) }
            step = product
        }
        let contents: PartialSource
        do throws(ByteError) {
            contents = try place.contents.part(header.dataOffset, place.contents.size - header.dataOffset)
        } catch { throw .bytes(error) }
        let storage = CheckpointStorage(
            key: key, location: "", element: element, elementCount: contents.size / UInt64(element.byteCount),
            contents: contents,
            range: place.range.map { $0.lowerBound + header.dataOffset..<$0.upperBound }, checksum: nil,
            root: parts.storages.count, rootOffset: 0, isBigEndian: isBigEndian, archived: place)
        switch TensorGeometry.check(
            shape: header.shape, strides: strides, offset: 0, element: element, storage: storage,
            limit: options.expanded)
        {
        case .failure(let refusal): return .refused(refusal)
        case .success(let geometry):
            let left = contents.size - geometry.elementCount * UInt64(element.byteCount)
            if left > 0 { parts.notes.append("\(left) bytes follow the array\(key.isEmpty ? "" : " `\(key)`")") }
            parts.storages.append(storage)
            return .tensor(
                CheckpointTensor(
                    element: element, type: geometry.type, shape: header.shape, strides: strides, offset: 0,
                    storage: parts.storages.count - 1, extent: geometry.extent, elementCount: geometry.elementCount,
                    isParameter: false, isConjugated: false, isNegated: false, callOffset: 0))
        }
    }
}
