// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
public import SystemPackage

/// One open safetensors file: its checked header, and its tensors read when they are asked for.
///
/// Nothing is kept but the header, and nothing is mapped unless that is asked for. Reads name their place, so one value
/// can serve many tasks at once. Closed when the value goes away.
public struct SafetensorsFile: ~Copyable, Sendable {
    /// What the file says about itself.
    public let header: Header
    /// Where it is.
    public let path: FilePath
    private let backing: Backing
    /// Whether asking for holes may be worth it.
    private let mayHaveHoles: Bool

    private enum Backing: ~Copyable, Sendable {
        case file(File)
        case mapped(MappedFile)
    }

    /// Most headers are shorter: one read brings length and header.
    private static let firstRead = 64 * 1024
    /// The largest piece that a strided slice is picked from.
    private static let window = 1 << 20
    /// Runs closer than this are read together: the gap between them holds no whole page.
    private static let pageSize: UInt64 = 4096

    /// Opens the file at `path` and reads its header: no byte of a tensor, or at most those that follow a short header.
    ///
    /// - Throws: `file` or `header`.
    public init(_ path: FilePath, mode: Mode = .compatible, access: Access = .reads) throws(SafetensorsError) {
        switch access {
        case .reads:
            let opened = try Self.open(path)
            header = try Self.readHeader(opened, mode)
            mayHaveHoles = opened.mayHaveHoles()
            backing = .file(opened)
        case .mapped:
            let mapped = try Self.map(path)
            header = try Self.readHeader(mapped, mode)
            mayHaveHoles = false
            backing = .mapped(mapped)
        }
        self.path = path
    }

    private static func map(_ path: FilePath) throws(SafetensorsError) -> MappedFile {
        do throws(Failure) { return try MappedFile(path) } catch { throw .file(error) }
    }

    private static func readHeader(_ file: borrowing MappedFile, _ mode: Mode) throws(SafetensorsError) -> Header {
        // SAFETY: bytes as bytes, borrowed for the call.
        let outcome = unsafe file.bytes.withUnsafeBytes { bytes -> Result<Header, HeaderError> in
            let span = unsafe Span<UInt8>(_unsafeElements: bytes.assumingMemoryBound(to: UInt8.self))
            do throws(HeaderError) {
                return .success(try Header(parsing: span, fileSize: UInt64(bytes.count), mode: mode))
            } catch { return .failure(error) }
        }
        do throws(HeaderError) { return try outcome.get() } catch { throw .header(error, path: file.path.string) }
    }

    private static func open(_ path: FilePath) throws(SafetensorsError) -> File {
        do throws(Failure) { return try File(path, .reading) } catch { throw .file(error) }
    }

    private static func readHeader(_ file: borrowing File, _ mode: Mode) throws(SafetensorsError) -> Header {
        let path = file.path.string
        let size: UInt64
        var bytes: [UInt8]
        do throws(Failure) {
            let status = try file.status()
            guard status.kind == .regular else { throw Failure(.file, "`\(Escaped(path, limit: 1024))` is not a file") }
            size = UInt64(status.size.value)
            bytes = try file.read(Int(min(size, UInt64(firstRead))), at: 0)
        } catch { throw .file(error) }
        let needed: Int
        // The length is checked against the file before anything of that size is allocated.
        do throws(HeaderError) { needed = 8 + (try Header.length(prefix: bytes.span, fileSize: size)) } catch {
            throw .header(error, path: path)
        }
        if bytes.count < needed {
            do throws(Failure) { bytes = try file.read(needed, at: 0) } catch { throw .file(error) }
            if bytes.count < needed { throw .cut(path: path) }
        }
        do throws(HeaderError) { return try Header(parsing: bytes.span, fileSize: size, mode: mode) } catch {
            throw .header(error, path: path)
        }
    }

    /// The tensor of this name.
    ///
    /// - Throws: `noSuchTensor`.
    public func tensor(_ name: TensorName) throws(SafetensorsError) -> TensorInfo {
        guard let info = header[name] else { throw .noSuchTensor(name) }
        return info
    }

    /// Reads a tensor, or a slice of it: only pages that hold bytes of the result are touched.
    public func read(_ name: TensorName, _ slice: SliceIndex...) throws(SafetensorsError) -> TensorData {
        try read(try tensor(name), slice)
    }

    /// Reads a tensor of this file, or a slice of it: only pages that hold bytes of the result are touched.
    public func read(_ tensor: TensorInfo, _ slice: [SliceIndex] = []) throws(SafetensorsError) -> TensorData {
        let plan = try plan(tensor, slice)
        guard let count = Int(exactly: plan.byteCount) else { throw .tooLargeForMemory(plan.byteCount) }
        return unsafe try TensorData(type: tensor.type, shape: plan.shape, byteCount: count) {
            buffer throws(SafetensorsError) in
            unsafe try read(tensor, plan, into: buffer)
        }
    }

    /// Reads a tensor of this file, or a slice of it, into memory of the caller's.
    ///
    /// - Throws: `wrongBufferSize` unless `buffer` has exactly the size of the result.
    public func read(
        _ tensor: TensorInfo, _ slice: [SliceIndex] = [], into buffer: inout MutableRawSpan
    ) throws(SafetensorsError) {
        let plan = try plan(tensor, slice)
        guard UInt64(buffer.byteCount) == plan.byteCount else {
            throw .wrongBufferSize(expected: plan.byteCount, found: buffer.byteCount)
        }
        // SAFETY: the pointer is used only inside the closure.
        let outcome = unsafe buffer.withUnsafeMutableBytes { bytes -> Result<Void, SafetensorsError> in
            do throws(SafetensorsError) { return .success(unsafe try read(tensor, plan, into: bytes)) } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func plan(_ tensor: TensorInfo, _ slice: [SliceIndex]) throws(SafetensorsError) -> SlicePlan {
        // An info of another file would lead outside this one.
        guard tensor.offsets.upperBound <= header.dataSize else { throw .foreignTensor(tensor.name) }
        do throws(SliceError) { return try SlicePlan(type: tensor.type, shape: tensor.shape, slice) } catch {
            throw .slice(error, tensor.name)
        }
    }

    /// A tensor of this file where it stands: nothing is copied, and pages are read as they are looked at.
    ///
    /// - Throws: `notMapped` unless the file was opened with `.mapped`, `foreignTensor`.
    @_lifetime(borrow self)
    public func view(_ tensor: TensorInfo) throws(SafetensorsError) -> RawSpan {
        guard tensor.offsets.upperBound <= header.dataSize else { throw .foreignTensor(tensor.name) }
        switch backing {
        case .file: throw .notMapped(path: path.string)
        case .mapped(let mapped):
            // The header was checked against this very mapping.
            let begin = Int(header.dataStart + tensor.offsets.lowerBound)
            let span = mapped.bytes.extracting(begin..<(begin + Int(tensor.byteCount)))
            // SAFETY: the mapping lives as long as this value.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements of a tensor of this file where they stand.
    ///
    /// - Throws: as `view(_:)`; `wrongElementType`; `misaligned` when the file's layout does not suit the elements, which
    ///   files written without padding or sorting may have.
    @_lifetime(borrow self)
    public func view<Element: TensorElement>(
        _ tensor: TensorInfo, as type: Element.Type
    ) throws(SafetensorsError) -> Span<Element> {
        let span = try TypedView.elements(try view(tensor), tensor.type, as: type)
        // SAFETY: the mapping lives as long as this value.
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    private var isMapped: Bool {
        switch backing {
        case .file: false
        case .mapped: true
        }
    }

    /// Copies the runs of a plan for a tensor out of its bytes.
    private func pick(
        _ plan: SlicePlan, from bytes: RawSpan, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SafetensorsError) {
        let length = Int(plan.runLength)
        guard buffer.count > 0, UInt64(buffer.count) == plan.byteCount else { return }
        guard plan.end <= UInt64(bytes.byteCount) else { throw .cut(path: path.string) }
        unsafe bytes.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
            var filled = 0
            plan.forEachRun { place in
                // SAFETY: no run ends behind the plan's end, which was checked; together they are as long as the buffer.
                unsafe (target + filled).copyMemory(from: source + Int(place), byteCount: length)
                filled += length
            }
        }
    }

    /// Fills `buffer`, whose size is the plan's.
    private func read(
        _ tensor: TensorInfo, _ plan: SlicePlan, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SafetensorsError) {
        let origin = header.dataStart + tensor.offsets.lowerBound
        let length = Int(plan.runLength)
        if isMapped { return unsafe try pick(plan, from: try view(tensor), into: buffer) }
        // The first run of the piece that is being put together, and how many bytes that piece has.
        var piece: (first: UInt64, end: UInt64)?
        var pending: [UInt64] = []
        var filled = 0
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: plan.loops.isEmpty ? 0 : Self.window, alignment: 64)
        // SAFETY: freed once, after the last use.
        defer { unsafe scratch.deallocate() }

        func flush() throws(SafetensorsError) {
            guard let (first, end) = piece else { return }
            if pending.count == 1 {
                // SAFETY: the runs add up to the buffer's size, which the plan computed.
                unsafe try fill(
                    UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<(filled + length)]), origin + first)
                filled += length
            } else {
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[..<Int(end - first)])
                unsafe try fill(part, origin + first)
                for run in pending {
                    let place = Int(run - first)
                    // SAFETY: each run lies inside the piece, as it was put together; both ranges are checked.
                    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<(filled + length)])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: part[place..<(place + length)]))
                    filled += length
                }
            }
            pending.removeAll(keepingCapacity: true)
            piece = nil
        }

        for run in plan.runs {
            if let current = piece, run >= current.end, run - current.end < Self.pageSize,
                run - current.first + plan.runLength <= UInt64(scratch.count)
            {
                piece = (current.first, run + plan.runLength)
            } else {
                try flush()
                piece = (run, run + plan.runLength)
            }
            pending.append(run)
        }
        try flush()
    }

    /// Where the bytes of the file from `place` on are no longer known to be zero; `place` itself outside of holes.
    func endOfHole(at place: UInt64) -> UInt64 {
        guard mayHaveHoles, let offset = Int64(exactly: place) else { return place }
        switch backing {
        case .file(let file): return UInt64(clamping: file.endOfHole(at: offset))
        case .mapped: return place
        }
    }

    /// Reads exactly `buffer.count` bytes from `place` in the file.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, _ place: UInt64) throws(SafetensorsError) {
        guard let offset = Int64(exactly: place) else { throw .cut(path: path.string) }
        switch backing {
        case .file(let file):
            let count: Int
            do throws(Failure) { count = unsafe try file.read(into: buffer, at: offset) } catch { throw .file(error) }
            if count < buffer.count { throw .cut(path: path.string) }
        case .mapped(let mapped):
            guard let begin = Int(exactly: place), begin <= mapped.count, buffer.count <= mapped.count - begin else {
                throw .cut(path: path.string)
            }
            // SAFETY: the range was just checked.
            unsafe mapped.bytes.extracting(begin..<(begin + buffer.count)).withUnsafeBytes {
                unsafe buffer.copyMemory(from: $0)
            }
        }
    }
}
