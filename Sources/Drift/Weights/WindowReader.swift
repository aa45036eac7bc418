// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import ContentModel
internal import FileIO
internal import SystemPackage

/// Reads tensors of files on this machine, one window after another.
struct WindowReader {
    private let size: Int
    /// The file that was opened last: tensors of one file come one after another.
    private var path: FilePath?
    private var source: FileSource?
    /// What is being collected, and the last piece of it.
    private var gather: TensorGather?
    private var piece: [UInt8] = []
    /// How many bytes of the piece there are, and how many of them were taken.
    private var (there, taken) = (0, 0)
    /// The window. What is behind the bytes that were read last is of an older one.
    private(set) var bytes: [UInt8] = []

    /// - Parameter size: the most bytes that a window has.
    init(_ size: UInt64) { self.size = Int(clamping: size) }

    /// Prepares to read a tensor, or a stretch of one that can be read from any place.
    ///
    /// - Throws: `Failure` when its file cannot be opened.
    mutating func begin(_ tensor: MeasureJob.Tensor) throws(Failure) {
        if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: size) }
        (gather, there, taken) = (nil, 0, 0)
        switch tensor.place {
        case .file:
            guard let wanted = tensor.path else { throw Failure(.file, "the file is not on this machine") }
            if path == wanted, source != nil { return }
            (source, path) = (try FileSource(wanted), wanted)
        case .storage: break
        case .gathered(let checkpoint, let view): gather = checkpoint.gather(view, pieceSize: size)
        }
    }

    /// Reads `count` elements to the beginning of the window, and returns how many bytes they have. What is collected is read in
    /// order, without gaps.
    ///
    /// - Throws: `ByteError`, `CheckpointError`.
    mutating func read(_ tensor: MeasureJob.Tensor, _ element: UInt64, _ count: UInt64) throws -> Int {
        let wanted = Int(clamping: tensor.encoding.byteCount(count) ?? .max)
        guard wanted <= bytes.count else {
            throw ByteError.truncated(offset: 0, count: UInt64(wanted), size: UInt64(bytes.count))
        }
        switch tensor.place {
        case .file(let begin):
            // No overflow: the tensor lies inside its file, and the element inside the tensor.
            if let source { try fill(from: source, begin + tensor.offset(of: element), wanted) }
        case .storage(let contents, let begin, _): try fill(from: contents, begin + tensor.offset(of: element), wanted)
        case .gathered: try collect(wanted)
        }
        return wanted
    }

    private mutating func fill(from source: any ByteSource, _ offset: UInt64, _ wanted: Int) throws(ByteError) {
        let outcome = bytes.withUnsafeMutableBytes { bytes -> Result<Void, ByteError> in
            do throws(ByteError) {
                return .success(
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: offset))
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private mutating func collect(_ wanted: Int) throws {
        var filled = 0
        while filled < wanted {
            if taken == there {
                there = try gather?.next(into: &piece) ?? 0
                guard there > 0 else {
                    throw ByteError.truncated(offset: UInt64(filled), count: UInt64(wanted), size: UInt64(filled))
                }
                taken = 0
            }
            let count = min(wanted - filled, there - taken)
            bytes.replaceSubrange(filled..<filled + count, with: piece[taken..<taken + count])
            taken += count
            filled += count
        }
    }
}
