// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// Small things that the checks of texts share.
enum CheckText {
    /// All bytes of a document; nil, with a finding, when there are more than `limit` or they end too early.
    ///
    /// - Throws: only `absent` and `unreadable`, which say nothing of the file.
    static func bytes(
        _ source: any ByteSource, limit: Int, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) -> [UInt8]? {
        guard source.size <= UInt64(limit) else {
            findings.add(
                .documentTooLarge, place,
                "a document of \(source.size) bytes, over the limit of \(limit): it was not read")
            return nil
        }
        do throws(ByteError) {
            return try source.bytes(at: 0, count: Int(source.size))
        } catch {
            try report(error, at: place, into: &findings)
            return nil
        }
    }

    /// Turns what is the file's own fault into a finding, and throws the rest.
    static func report(_ error: ByteError, at place: ScanPlace, into findings: inout ScanFindings) throws(ByteError) {
        switch error {
        case .absent, .unreadable: throw error
        case .truncated, .overLimit: findings.add(.documentMalformed, place, error.description)
        }
    }

    /// Text from a file in backticks, escaped and cut.
    static func quoted(_ text: String, limit: Int = 120) -> String { "`\(Escaped(text, limit: limit))`" }

    /// Whether an allow list holds the name. Names that are not ASCII are on no list: Swift's `==` takes U+212A for the letter K.
    static func isListed(_ name: String, in list: Set<String>) -> Bool {
        name.utf8.allSatisfy { $0 < 0x80 } && list.contains(name)
    }

    /// The last part of a path, in lower case (ASCII).
    static func baseName(_ path: String) -> String {
        let bytes = path.utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
        return String(decoding: bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// Whether a path leaves the directory it is relative to, or is not relative at all, or names a place on the network.
    static func leavesDirectory(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        guard let first = bytes.first else { return false }
        if first == UInt8(ascii: "/") || first == UInt8(ascii: "\\") || first == UInt8(ascii: "~") { return true }
        if bytes.count >= 2, bytes[1] == UInt8(ascii: ":"), first | 0x20 >= 0x61, first | 0x20 <= 0x7A { return true }
        if contains(path, "://") || bytes.contains(0) { return true }
        return bytes.split(omittingEmptySubsequences: false) { $0 == 0x2F || $0 == 0x5C }
            .contains { $0.elementsEqual("..".utf8) }
    }

    /// Whether `text` has the bytes of `part` in it.
    static func contains(_ text: String, _ part: String) -> Bool { find(Array(part.utf8), in: Array(text.utf8)) != nil }

    /// Where `part` first is in `bytes`.
    static func find(_ part: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
        guard let first = part.first, bytes.count >= part.count, start <= bytes.count - part.count else { return nil }
        var place = start
        let last = bytes.count - part.count
        while place <= last {
            if bytes[place] == first, bytes[place..<place + part.count].elementsEqual(part) { return place }
            place += 1
        }
        return nil
    }

    /// The text with ASCII letters in lower case.
    static func lowered(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// The bytes as text without a byte order mark; nil when they are not UTF-8.
    static func text(_ bytes: [UInt8]) -> String? {
        String(validating: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...], as: UTF8.self)
    }
}
