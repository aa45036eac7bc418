// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Compression
internal import Pickle

/// The work behind `Checkpoint`: finds out the layout and reads it.
enum CheckpointReader {
    struct Parts {
        var layout: Checkpoint.Layout
        var entries: [CheckpointEntry] = []
        var storages: [CheckpointStorage] = []
        var isBigEndian = false
        var notes: [String] = []
    }

    static func read(_ source: any ByteSource, _ options: CheckpointOptions) throws(CheckpointError) -> Parts {
        guard source.size > 0 else { throw .empty }
        let format: ContainerFormat?
        let first: [UInt8]
        do throws(ByteError) {
            format = try ContainerFormat.detect(source)
            first = try source.bytes(at: 0, count: Int(min(1, source.size)))
        } catch { throw .bytes(error) }
        switch format {
        case .zip: return try readZip(source, options)
        case .tar: return try TorchTar.read(source, options)
        case .npy: return try NumpyArrays.read(source, options)
        case .hdf5: throw .notACheckpoint("an HDF5 file, which is not read")
        case .some(let other) where first != [0x80]: throw .notACheckpoint("the bytes are \(other.rawValue)")
        default:
            guard first == [0x80] else { throw .notACheckpoint("the bytes begin like none") }
            return try TorchStream.read(source, options)
        }
    }

    private static func readZip(_ source: any ByteSource, _ options: CheckpointOptions) throws(CheckpointError) -> Parts
    {
        let directory: ZipDirectory
        do throws(ArchiveError) {
            directory = try ZipDirectory(source, depth: options.depth, limits: options.zip)
        } catch {
            if case .bytes(let error) = error { throw .bytes(error) }
            throw .archive(error)
        }
        let refusals = directory.refusals
        guard refusals.isEmpty else { throw .disagreement(refusals) }
        if let pickle = directory.members.first(where: { $0.name.hasSuffix("/data.pkl") }) {
            return try TorchZip.read(directory, pickle, options)
        }
        let arrays = directory.members.filter { !$0.isDirectory }
        guard !arrays.isEmpty, arrays.allSatisfy({ $0.name.hasSuffix(".npy") }) else {
            throw .notACheckpoint("a zip archive without `data.pkl`, and not of numpy arrays only")
        }
        return try NumpyArrays.read(directory, arrays, options)
    }

    /// Interprets `streams` pickles at `offset`; every one of them must come to its end.
    static func pickles(
        _ source: any ByteSource, at offset: UInt64 = 0, streams: Int, _ limits: PickleLimits
    ) throws(CheckpointError) -> (document: PickleDocument, next: UInt64) {
        var options = PickleOptions()
        options.limits = limits
        options.streams = streams
        let document: PickleDocument
        do throws(ByteError) {
            document = try Pickle.read(source, at: offset, options: options)
        } catch { throw .bytes(error) }
        if case .failed(let error) = document.ending { throw .pickle(error) }
        guard document.streams.count == streams, let last = document.streams.last else {
            throw .malformed("\(streams) pickles expected, \(document.streams.count) found", offset: offset)
        }
        return (document, last.end)
    }

    /// The error of a member, with byte errors where they belong.
    static func member(_ name: MemberName, _ error: ExpansionError) -> CheckpointError {
        if case .bytes(.absent(let offset, let count)) = error { return .bytes(.absent(offset: offset, count: count)) }
        return .member(name.description, error)
    }
}
