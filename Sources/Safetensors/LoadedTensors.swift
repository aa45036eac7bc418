// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Synchronization
public import SystemPackage

/// The tensors of a file, or of several, read into one piece of memory on several threads.
///
/// The memory is in huge pages where the kernel gives them; each tensor stands at a place that suits its elements. Nothing
/// is mapped from the file: it may change or go away afterwards.
public struct LoadedTensors: ~Copyable, Sendable {
    /// What was loaded, file after file, in the order of the bytes.
    public let tensors: [TensorInfo]
    private let arena: AnonymousMemory
    private let places: [TensorName: Int]
    private let starts: [Int]

    /// Pieces of this size are read at once: large enough that the cost of a call does not count, small enough that
    /// the threads end together.
    private static let piece = 8 << 20

    private struct Run: Sendable {
        let file: Int
        var offset: UInt64
        var start: Int
        var count: Int
    }

    private final class Source: Sendable {
        let file: SafetensorsFile
        init(_ path: FilePath, _ mode: Mode) throws(SafetensorsError) { file = try SafetensorsFile(path, mode: mode) }
    }

    /// Reads tensors.
    ///
    /// - Parameters:
    ///   - paths: the files, all of them open at the same time.
    ///   - names: the tensors to read; nil reads all.
    ///   - threads: how many reads go on at the same time; 0 is as many as there are processors.
    /// - Throws: `file`, `header`, `cut`; `duplicateTensor` when two files have one; `noSuchTensor`; `tooLargeForMemory`;
    ///   `stopped` when the task is cancelled.
    public static func load(
        _ paths: [FilePath], _ names: [TensorName]? = nil, threads: Int = 0, mode: Mode = .compatible
    ) async throws(SafetensorsError) -> LoadedTensors {
        var sources: [Source] = []
        var tensors: [TensorInfo] = []
        var places: [TensorName: Int] = [:]
        var starts: [Int] = []
        var runs: [Run] = []
        var end = 0
        let wanted = names.map(Set.init)
        for (number, path) in paths.enumerated() {
            let source = try Source(path, mode)
            sources.append(source)
            for tensor in source.file.header.tensors {
                if let wanted, !wanted.contains(tensor.name) { continue }
                guard places.updateValue(tensors.count, forKey: tensor.name) == nil else {
                    throw .duplicateTensor(tensor.name)
                }
                tensors.append(tensor)
                starts.append(
                    try place(tensor, source.file.header.dataStart + tensor.offsets.lowerBound, number, &runs, &end))
            }
        }
        if let missing = names?.first(where: { places[$0] == nil }) { throw .noSuchTensor(missing) }
        guard let arena = AnonymousMemory(byteCount: end) else { throw .tooLargeForMemory(UInt64(clamping: end)) }
        try await fill(arena, pieces(runs), sources, threads)
        return LoadedTensors(tensors: tensors, arena: arena, places: places, starts: starts)
    }

    private init(tensors: [TensorInfo], arena: AnonymousMemory, places: [TensorName: Int], starts: [Int]) {
        (self.tensors, self.arena, self.places, self.starts) = (tensors, arena, places, starts)
    }

    /// Finds a place for a tensor: right behind the one before it where that suits its elements, so that both are read at
    /// once, else at a multiple of 64.
    private static func place(
        _ tensor: TensorInfo, _ offset: UInt64, _ file: Int, _ runs: inout [Run], _ end: inout Int
    ) throws(SafetensorsError) -> Int {
        guard let count = Int(exactly: tensor.byteCount), Int.max - end > 64, count <= Int.max - end - 64 else {
            throw .tooLargeForMemory(tensor.byteCount)
        }
        if let last = runs.last, last.file == file, last.offset + UInt64(last.count) == offset,
            last.start + last.count == end,
            end % tensor.type.alignment == 0
        {
            runs[runs.count - 1].count += count
        } else {
            end = (end + 63) & ~63
            if count > 0 { runs.append(Run(file: file, offset: offset, start: end, count: count)) }
        }
        defer { end += count }
        return end
    }

    private static func pieces(_ runs: [Run]) -> [Run] {
        var pieces: [Run] = []
        for run in runs {
            var rest = run
            while rest.count > 0 {
                // Ends where a huge page ends, so that no two threads fill one.
                let count = min(rest.count, piece - rest.start % piece)
                pieces.append(Run(file: rest.file, offset: rest.offset, start: rest.start, count: count))
                rest.offset += UInt64(count)
                rest.start += count
                rest.count -= count
            }
        }
        return pieces
    }

    private static func fill(
        _ arena: AnonymousMemory, _ pieces: [Run], _ sources: [Source], _ threads: Int
    ) async throws(SafetensorsError) {
        let workers = max(1, min(threads > 0 ? threads : Processors.count, pieces.count, 64))
        let work = Work()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask { await LoadedTensors.work(work, arena, pieces, sources) }
            }
        }
        if let failure = work.failure.withLock({ $0 }) { throw failure }
    }

    /// What the workers share.
    private final class Work: Sendable {
        let next = Atomic<Int>(0)
        let failure = Mutex<SafetensorsError?>(nil)
    }

    @concurrent
    private static func work(_ work: Work, _ arena: AnonymousMemory, _ pieces: [Run], _ sources: [Source]) async {
        while true {
            let index = work.next.add(1, ordering: .relaxed).oldValue
            guard index < pieces.count else { return }
            let piece = pieces[index]
            do throws(SafetensorsError) {
                if Task.isCancelled { throw .stopped }
                // SAFETY: the pieces do not overlap, and each index is given out once.
                unsafe try sources[piece.file].file.fill(
                    arena.slice(piece.start..<(piece.start + piece.count)), piece.offset)
            } catch {
                work.failure.withLock { if $0 == nil { $0 = error } }
                work.next.store(pieces.count, ordering: .relaxed)
                return
            }
        }
    }

    /// The tensor of this name; nil when it was not loaded.
    public subscript(name: TensorName) -> TensorInfo? { places[name].map { tensors[$0] } }

    /// The bytes of a tensor: little-endian, row-major.
    ///
    /// - Throws: `noSuchTensor`.
    @_lifetime(borrow self)
    public func bytes(_ name: TensorName) throws(SafetensorsError) -> RawSpan {
        guard let index = places[name] else { throw .noSuchTensor(name) }
        let span = arena.bytes(starts[index]..<(starts[index] + Int(tensors[index].byteCount)))
        // SAFETY: the arena lives as long as this value.
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The elements of a tensor.
    ///
    /// - Throws: `noSuchTensor`; `wrongElementType` when `Element` does not represent its type.
    @_lifetime(borrow self)
    public func elements<Element: TensorElement>(
        _ name: TensorName, as type: Element.Type = Element.self
    ) throws(SafetensorsError) -> Span<Element> {
        guard let info = self[name] else { throw .noSuchTensor(name) }
        let span = try TypedView.elements(try bytes(name), info.type, as: type)
        // SAFETY: the arena lives as long as this value.
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The number of bytes of memory.
    public var byteCount: Int { arena.byteCount }
}
