// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Origins
internal import Scanning

/// Scans one file of a repository by fetching only the ranges that the scan asks for.
///
/// The scan runs on what is there; where something is missing, it is fetched and the scan runs again. Small files are fetched
/// whole.
struct RemoteScan: Sendable {
    /// Files up to this size are fetched whole: one request costs more than its bytes.
    static let wholeSize: UInt64 = 256 << 10
    /// The most that is fetched of one file.
    static let budget: UInt64 = 64 << 20
    /// After so many bytes the rest of a file that fits into the budget is fetched at once.
    private static let patience: UInt64 = 4 << 20
    /// How much is fetched at a place of its own, and the most that reading on fetches at once.
    private static let windows: ClosedRange<UInt64> = (16 << 10)...(4 << 20)
    /// Ranges with a smaller gap between them are fetched as one.
    private static let gap: UInt64 = 4 << 10
    /// The most passes over one file.
    private static let maximumPasses = 400

    let files: ModelFiles
    let index: Int
    let item: ScanItem
    let options: ScanOptions

    /// Scans the file.
    ///
    /// - Throws: what the server does wrong, and `CancellationError`.
    @concurrent
    func run() async throws -> ScanReport.File {
        let size = UInt64(item.size.value)
        var source = SparseSource(size: size)
        let reader = try files.reader(index)
        var window = RemoteScan.windows.lowerBound
        if size <= RemoteScan.wholeSize {
            try await fetch([0..<size], reader, &source)
        }
        for _ in 0..<RemoteScan.maximumPasses {
            try Task.checkCancellation()
            let scout = ScoutSource(source)
            var found: FileScan?
            var reason: String?
            do throws(ByteError) { found = try Scanner.scan(scout, name: item.path, options: options) } catch {
                if case .absent = error {} else { reason = error.description }
            }
            let misses = scout.misses
            if misses.isEmpty {
                guard let found else {
                    return ScanReport.File(
                        item, .fileUnreadable, reason ?? "it could not be read", fetched: source.fetched)
                }
                return ScanReport.File(
                    item, found, fetched: source.fetched,
                    sha256: source.fetched == size ? RemoteScan.digest(of: source) : nil)
            }
            if source.fetched >= RemoteScan.patience, size <= RemoteScan.budget {
                try await fetch(RemoteScan.missing(of: source), reader, &source)
                continue
            }
            let isReadingOn = misses.count == 1 && misses[0].offset > 0 && source.has(misses[0].offset - 1)
            window = isReadingOn ? min(window * 2, RemoteScan.windows.upperBound) : RemoteScan.windows.lowerBound
            let ranges = RemoteScan.ranges(misses, window: misses.count == 1 ? window : RemoteScan.gap, size: size)
            let total = ranges.reduce(source.fetched) { $0 + UInt64($1.count) }
            guard total <= RemoteScan.budget else { break }
            try await fetch(ranges, reader, &source)
        }
        return ScanReport.File(
            item, .fileRemote,
            "more than \(ByteCount(clamping: Int64(RemoteScan.budget))) of it, or too many pieces, would have to be fetched",
            fetched: source.fetched)
    }

    /// The ranges that hold all misses, with at least `window` bytes each, sorted and apart from each other.
    static func ranges(_ misses: [ScoutSource.Miss], window: UInt64, size: UInt64) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        for miss in misses.sorted(by: { ($0.offset, $0.count) < ($1.offset, $1.count) }) where miss.offset < size {
            let (end, overflow) = miss.offset.addingReportingOverflow(max(miss.count, window))
            let range = miss.offset..<(overflow ? size : min(end, size))
            if let last = ranges.last, range.lowerBound <= last.upperBound.addingClamped(gap) {
                ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }

    /// What has not been fetched yet, found by asking for it.
    private static func missing(of source: SparseSource) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        var place: UInt64 = 0
        while place < source.size {
            let next = min(source.size, place + (64 << 10))
            if source.has(place, count: next - place) {
                place = next
                continue
            }
            if let last = ranges.last, last.upperBound == place {
                ranges[ranges.count - 1] = last.lowerBound..<next
            } else {
                ranges.append(place..<next)
            }
            place = next
        }
        return ranges
    }

    /// Fetches ranges, a few at a time.
    private func fetch(
        _ ranges: [Range<UInt64>], _ reader: ModelFiles.Reader, _ source: inout SparseSource
    ) async throws {
        try await withThrowingTaskGroup(of: (UInt64, [UInt8]).self) { group in
            var waiting = ranges.makeIterator()
            func start() {
                guard let range = waiting.next() else { return }
                group.addTask { (range.lowerBound, try await reader.read(range)) }
            }
            for _ in 0..<4 { start() }
            while let (offset, bytes) = try await group.next() {
                source.insert(bytes, at: offset)
                start()
            }
        }
    }

    private static func digest(of source: SparseSource) -> Digest? { try? ScanDigest.of(source) }
}

extension SparseSource {
    /// Whether a range has been fetched.
    func has(_ offset: UInt64, count: UInt64 = 1) -> Bool {
        (try? bytes(at: offset, count: Int(clamping: count))) != nil
    }
}
