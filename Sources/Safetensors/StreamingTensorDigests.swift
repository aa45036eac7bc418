// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// Computes the tensor digests of a file while its bytes pass by: fed front to back, in pieces of any size, each byte once.
///
/// For bytes that are on their way somewhere, as in a download: nothing is read again. It holds the header while that
/// arrives (never more than the declared length, which the file's size and the format's limit bound) and one hasher.
/// Bytes that turn out not to be safetensors are no accident: the rest of them is ignored at no cost, and `finish` says
/// what was wrong with the first.
public struct StreamingTensorDigests: Sendable {
    /// The size of the file, as known before its first byte.
    public let fileSize: UInt64
    /// What the file says about itself, as soon as it has been read and found right; nil before, and for other bytes.
    public private(set) var header: Header?
    /// Why these bytes are not a safetensors file, as soon as it is known; from then on bytes cost nothing.
    public private(set) var failure: HeaderError?

    /// The bytes fed so far.
    public private(set) var byteCount: UInt64 = 0

    private let mode: Mode
    /// The first bytes of the file, until the header is whole.
    private var head: [UInt8] = []
    private var headCount = 8
    private var next = 0
    private var name: TensorName?
    private var hasher = TensorHasher(type: .u8, shape: [], byteCount: 0)
    /// What the current tensor has had, and what it still needs.
    private var fed: UInt64 = 0
    private var missing: UInt64 = 0
    private var entries: [TensorDigests.Entry] = []

    /// Begins a file of `fileSize` bytes.
    public init(fileSize: UInt64, mode: Mode = .compatible) {
        self.fileSize = fileSize
        self.mode = mode
    }

    /// Feeds the next bytes of the file.
    public mutating func update(_ bytes: RawSpan) {
        guard failure == nil else { return }
        var rest = take(head: bytes)
        while failure == nil, rest.byteCount > 0, let count = piece(rest.byteCount) {
            hasher.update(rest.extracting(first: count))
            advance(count)
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// Feeds the next bytes of the file to this and to `file`, the hasher of the whole file, which has been fed the same
    /// bytes as this and no others.
    ///
    /// The two computations are interleaved: where the processor has SHA instructions, both together cost little more
    /// than one.
    public mutating func update(_ bytes: RawSpan, together file: inout SHA256) {
        guard failure == nil else { return file.update(bytes) }
        var place = byteCount
        var rest = take(head: bytes)
        if rest.byteCount < bytes.byteCount {
            file.update(bytes.extracting(first: bytes.byteCount - rest.byteCount))
            place += UInt64(bytes.byteCount - rest.byteCount)
        }
        while rest.byteCount > 0 {
            guard failure == nil, let count = piece(rest.byteCount) else { return file.update(rest) }
            let part = rest.extracting(first: count)
            hasher.update(part, offset: fed, together: &file, at: place)
            advance(count)
            place += UInt64(count)
            rest = rest.extracting(droppingFirst: count)
        }
    }

    /// The digests, after the last byte.
    ///
    /// The failure is the one of the header, or says how many bytes were fed where `fileSize` promised others.
    public func finish() -> Result<TensorDigests, HeaderError> {
        if let failure { return .failure(failure) }
        guard let header else {
            return .failure(
                head.count < 8
                    ? .headerTooSmall(fileSize: byteCount)
                    : .headerBeyondFile(length: UInt64(headCount - 8), fileSize: byteCount))
        }
        guard byteCount == fileSize else {
            return .failure(
                .incompleteData(
                    expected: header.dataSize, found: byteCount < header.dataStart ? 0 : byteCount - header.dataStart))
        }
        return .success(TensorDigests(distinct: entries))
    }

    /// Takes what belongs to the header and returns the rest.
    @_lifetime(copy bytes)
    private mutating func take(head bytes: RawSpan) -> RawSpan {
        let (total, overflow) = byteCount.addingReportingOverflow(UInt64(bytes.byteCount))
        byteCount = overflow ? .max : total
        guard header == nil else { return bytes }
        var rest = bytes
        while header == nil, failure == nil {
            let count = min(headCount - head.count, rest.byteCount)
            // SAFETY: the pointer is used only inside the closure.
            unsafe rest.extracting(first: count).withUnsafeBytes { unsafe head.append(contentsOf: $0) }
            rest = rest.extracting(droppingFirst: count)
            guard head.count == headCount else { break }
            do throws(HeaderError) {
                headCount = 8 + (try Header.length(prefix: head.span, fileSize: fileSize))
                if head.count == headCount { try begin(try Header(parsing: head.span, fileSize: fileSize, mode: mode)) }
            } catch { fail(error) }
        }
        return rest
    }

    private mutating func begin(_ header: Header) throws(HeaderError) {
        self.header = header
        head = []
        entries.reserveCapacity(header.tensors.count)
        nextTensor()
    }

    private mutating func fail(_ error: HeaderError) {
        failure = error
        head = []
        entries = []
    }

    /// How many of the next `available` bytes belong to the current tensor; nil when there is none that could take them.
    private mutating func piece(_ available: Int) -> Int? {
        guard missing > 0 else {
            if let header {
                // The tensors are whole, and the file goes on: its size was not what was promised.
                fail(.incompleteData(expected: header.dataSize, found: byteCount - header.dataStart))
            }
            return nil
        }
        return Int(min(missing, UInt64(available)))
    }

    private mutating func advance(_ count: Int) {
        missing -= UInt64(count)
        fed += UInt64(count)
        if missing == 0 { nextTensor() }
    }

    /// Writes down the tensor that is whole and goes on to the next one that has bytes.
    private mutating func nextTensor() {
        guard let header else { return }
        while missing == 0 {
            if let name { entries.append(TensorDigests.Entry(name, hasher.finalize())) }
            name = nil
            guard next < header.tensors.count else { return }
            let tensor = header.tensors[next]
            next += 1
            name = tensor.name
            hasher = TensorHasher(tensor)
            (fed, missing) = (0, tensor.byteCount)
        }
    }
}
