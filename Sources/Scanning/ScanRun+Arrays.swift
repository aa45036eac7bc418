// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Safetensors

extension ScanRun {
    // MARK: - numpy

    /// The longest header that is read; numpy itself stops at 10,000 bytes.
    private static let numpyHeader: UInt64 = 64 << 10

    /// An array: raw numbers, or a pickle where its elements are objects.
    mutating func numpy(
        _ source: any ByteSource, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) {
        var cursor = ByteCursor(source, at: 6)
        let major = try cursor.byte()
        _ = try cursor.byte()
        let length: UInt64 =
            major == 1 ? UInt64(try cursor.littleEndian(UInt16.self)) : UInt64(try cursor.littleEndian(UInt32.self))
        guard (1...3).contains(major), length <= ScanRun.numpyHeader else {
            findings.add(.contentUnreadable, place, "a numpy header of version \(major) with \(length) bytes")
            return
        }
        let text = String(decoding: try cursor.bytes(length, limit: Int(ScanRun.numpyHeader)), as: UTF8.self)
        guard let header = NumpyHeader(text) else {
            findings.add(.numpyOdd, place, "the header is not one that numpy writes: `\(Escaped(text, limit: 120))`")
            return try pickle(source.part(cursor.position, cursor.remaining), name: "array", at: place)
        }
        let start = cursor.position
        // Structured types can hide objects in ways that only numpy follows: the bytes are asked.
        var hasObjects = header.hasObjects
        if header.byteCount == nil, cursor.remaining > 0, try Content.isPickled(source, at: start) { hasObjects = true }
        if hasObjects {
            findings.add(.numpyObjects, place.at(start), "an array of Python objects")
            try pickle(source.part(start, cursor.remaining), name: "array", at: place)
        } else if let count = header.byteCount, count > cursor.remaining {
            findings.add(
                .contentUnreadable, place.at(start), "the array needs \(count) bytes, and \(cursor.remaining) are there"
            )
        } else if let count = header.byteCount, count < cursor.remaining {
            findings.add(
                .numpyOdd, place.at(start + count), "\(cursor.remaining - count) bytes follow the array")
            // One file can hold several arrays, read one after the other.
            _ = try scan(
                source.part(start + count, cursor.remaining - count), name: "array", at: place.member("array"),
                depth: depth + 1)
        }
    }

    // MARK: - safetensors

    mutating func safetensors(_ source: any ByteSource, at place: ScanPlace) throws(ByteError) {
        let prefix = try source.bytes(at: 0, count: Int(min(source.size, 8)))
        let length: Int
        do throws(HeaderError) { length = try Header.length(prefix: prefix.span, fileSize: source.size) } catch {
            findings.add(.contentUnreadable, place, "not a valid safetensors file: \(Escaped(error.message))")
            return
        }
        let bytes = try source.bytes(at: 0, count: length + 8)
        do throws(HeaderError) {
            let header = try Header(parsing: bytes.span, fileSize: source.size)
            ConfigCheck.check(
                metadata: (header.metadata ?? []).map { ($0.key, $0.value) }, at: place.member("__metadata__"),
                into: &findings,
                repository: options.repository)
            for finding in header.findings {
                findings.add(.safetensorsOdd, place, Escaped(finding.message).description)
            }
        } catch {
            findings.add(.contentUnreadable, place, "not a valid safetensors file: \(Escaped(error.message))")
        }
    }
}
