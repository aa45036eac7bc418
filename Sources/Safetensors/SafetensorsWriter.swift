// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
public import SystemPackage

/// Writes one file as planned, in bounded memory, and puts it in place when it is complete.
///
/// Until `finish` returns, what stood at the path is untouched; a writer that goes away before leaves nothing behind.
/// A symbolic link stays one: its target is replaced. An existing file keeps its permissions, a new one gets the
/// user's.
public struct SafetensorsWriter: ~Copyable {
    /// The layout that is being written.
    public let plan: WritePlan
    private let file: File
    private let temporary: FilePath
    private let target: FilePath
    private var written: UInt64 = 0
    private var pending: [UInt8] = []
    private var flushed: Int64 = 0
    private var finished = false

    /// Small tensors are put together up to this size.
    private static let bufferSize = 1 << 20

    /// Begins a file that will be at `path`.
    public init(_ path: FilePath, plan: WritePlan) throws(SafetensorsError) {
        self.plan = plan
        let place: FilePath
        let name: FilePath
        let opened: File
        do throws(Failure) {
            place = try Self.resolve(path)
            name = FileSystem.temporaryName(beside: place)
            let mode = try FileSystem.status(place)?.mode
            opened = try Self.create(
                name, mode, shownAs: place, size: ByteCount(clamping: Int64(clamping: plan.fileSize)))
        } catch { throw .file(error) }
        target = place
        temporary = name
        file = opened
        pending = plan.head
    }

    deinit { if !finished { try? FileSystem.remove(temporary) } }

    /// Creates a file; with `size`, with the room for so many bytes, so that a device that is too full is noticed before the
    /// first of them.
    static func create(
        _ path: FilePath, _ mode: UInt16?, shownAs shown: FilePath, size: ByteCount? = nil
    ) throws(Failure) -> File {
        let file = try File(path, .creating(permissions: mode ?? 0o666), shownAs: shown)
        do throws(Failure) {
            if let mode { try file.setPermissions(mode) }
            if let size { try file.reserve(size) }
        } catch {
            try? FileSystem.remove(path)
            throw error
        }
        return file
    }

    /// The place that a chain of links leads to, whether or not something is there.
    static func resolve(_ path: FilePath) throws(Failure) -> FilePath {
        var place = path
        // As many links as the kernel follows.
        for _ in 0..<40 {
            guard let status = try FileSystem.status(place, followLinks: false), status.kind == .symbolicLink,
                let text = try FileSystem.readLink(place)
            else { return place }
            let next = FilePath(text)
            place = next.isAbsolute ? next : place.removingLastComponent().pushing(next)
        }
        throw Failure(.file, "could not write `\(Escaped(path.string, limit: 1024))`: too many symbolic links")
    }

    /// The number of bytes of data that are still to come.
    public var remaining: UInt64 { plan.dataSize - written }

    /// Writes the next bytes of the data: the tensors in the plan's order, each as large as planned, in pieces of any
    /// size.
    ///
    /// - Throws: `wrongByteCount` when the plan has no room for them.
    public mutating func write(_ bytes: RawSpan) throws(SafetensorsError) {
        guard UInt64(bytes.byteCount) <= remaining else {
            throw .wrongByteCount(nil, expected: plan.dataSize, found: written + UInt64(bytes.byteCount))
        }
        written += UInt64(bytes.byteCount)
        if pending.count + bytes.byteCount <= Self.bufferSize {
            // SAFETY: the pointer is used only inside the closure.
            unsafe bytes.withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
            return
        }
        try flush()
        do throws(Failure) { try file.write(bytes, at: flushed) } catch { throw .file(error) }
        flushed += Int64(bytes.byteCount)
    }

    /// Writes a whole tensor, which must be the next of the plan.
    ///
    /// - Throws: `foreignTensor` when it is not, `wrongByteCount` when its size is not the planned one.
    public mutating func write(_ name: TensorName, _ bytes: RawSpan) throws(SafetensorsError) {
        guard let tensor = next(name) else { throw .foreignTensor(name) }
        guard tensor.byteCount == UInt64(bytes.byteCount) else {
            throw .wrongByteCount(name, expected: tensor.byteCount, found: UInt64(bytes.byteCount))
        }
        try write(bytes)
    }

    /// Writes the next bytes of the data.
    public mutating func write(_ bytes: [UInt8]) throws(SafetensorsError) {
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe try write(bytes.span.bytes)
    }

    /// Writes a whole tensor, which must be the next of the plan.
    public mutating func write(_ name: TensorName, _ bytes: [UInt8]) throws(SafetensorsError) {
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe try write(name, bytes.span.bytes)
    }

    /// The tensor of this name, when it begins where the writing has arrived.
    private func next(_ name: TensorName) -> TensorInfo? {
        var low = 0
        var high = plan.tensors.count
        while low < high {
            let middle = low + (high - low) / 2
            if plan.tensors[middle].offsets.lowerBound < written { low = middle + 1 } else { high = middle }
        }
        // Empty tensors share their place with the one after them.
        while low < plan.tensors.count, plan.tensors[low].offsets.lowerBound == written {
            if plan.tensors[low].name == name { return plan.tensors[low] }
            low += 1
        }
        return nil
    }

    private mutating func flush() throws(SafetensorsError) {
        do throws(Failure) { try file.write(pending, at: flushed) } catch { throw .file(error) }
        flushed += Int64(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    /// Completes the file and puts it in place, atomically; with `durably`, returns when it is on the disk.
    ///
    /// - Throws: `wrongByteCount` when data are missing.
    public mutating func finish(durably: Bool = true) throws(SafetensorsError) {
        guard remaining == 0 else { throw .wrongByteCount(nil, expected: plan.dataSize, found: written) }
        try flush()
        do throws(Failure) {
            if durably { try file.synchronize() }
            try FileSystem.rename(temporary, to: target)
            finished = true
            if durably { try FileSystem.synchronizeDirectory(target.removingLastComponent()) }
        } catch { throw .file(error) }
    }
}
