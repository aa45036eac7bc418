// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

extension ScanRun {
    /// A file of a distributed checkpoint: archives one after the other, of which each is loaded on its own, by its place.
    ///
    /// Nil for any other file. What such a file holds is found from its end, archive by archive, without a look at the numbers.
    mutating func joined(
        _ source: any ByteSource, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) -> ContentKind? {
        guard FileName(name).suffix == "distcp" else { return nil }
        var parts: [(start: UInt64, end: UInt64)] = []
        var end = source.size
        while end > 0 {
            guard parts.count < options.members, let start = try JoinedArchives.start(source, endingAt: end) else {
                return nil
            }
            parts.append((start, end))
            end = start
        }
        guard parts.count > 1 else { return nil }
        for part in parts.reversed() {
            let archive = try source.part(part.start, part.end - part.start)
            _ = try zip(archive, name: "archive", at: place.member("archive at byte \(part.start)"), depth: depth)
        }
        return .torch
    }
}

/// Archives that stand back to back in one file.
enum JoinedArchives {
    /// Where the zip archive begins that ends, without a comment, at `end`; nil when none does.
    static func start(_ source: any ByteSource, endingAt end: UInt64) throws(ByteError) -> UInt64? {
        guard end >= 22 else { return nil }
        let record = try source.bytes(at: end - 22, count: 22)
        guard record.starts(with: [0x50, 0x4B, 0x05, 0x06]), record[20] == 0, record[21] == 0 else { return nil }
        var directory = end - 22
        var (size, offset) = (number(record[12..<16]), number(record[16..<20]))
        if end >= 98 {
            let large = try source.bytes(at: end - 98, count: 76)
            if large.starts(with: [0x50, 0x4B, 0x06, 0x06]), large[56...].starts(with: [0x50, 0x4B, 0x06, 0x07]) {
                directory = end - 98
                (size, offset) = (number(large[40..<48]), number(large[48..<56]))
            }
        }
        let (used, overflow) = size.addingReportingOverflow(offset)
        guard !overflow, used <= directory else { return nil }
        return directory - used
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
