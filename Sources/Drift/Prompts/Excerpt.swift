// SPDX-License-Identifier: Apache-2.0

/// Short stretches of prompts, for findings.
enum Excerpt {
    /// What stands around the first place of a text in another; nil when it is not there.
    static func around(_ needle: String, in text: String, reach: Int = 40) -> String? {
        let bytes = Array(text.utf8)
        guard let place = firstPlace(of: Array(needle.utf8), in: bytes) else { return nil }
        return cut(bytes, place - reach, place + needle.utf8.count + reach)
    }

    /// What stands at a place of a text, given in bytes.
    static func at(_ place: Int, in text: String, reach: Int = 40) -> String {
        cut(Array(text.utf8), place - reach, place + reach)
    }

    /// Bytes of a text as a text, cut between characters.
    private static func cut(_ bytes: [UInt8], _ from: Int, _ to: Int) -> String {
        var start = max(0, min(from, bytes.count))
        var end = max(start, min(to, bytes.count))
        while start > 0, start < bytes.count, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return (start > 0 ? "…" : "") + String(decoding: bytes[start..<end], as: UTF8.self)
            + (end < bytes.count ? "…" : "")
    }

    /// The first place of some bytes in others, from a place on; nil when they are not there.
    static func firstPlace(of needle: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
        guard let first = needle.first, needle.count <= bytes.count else { return nil }
        var index = max(0, start)
        while index <= bytes.count - needle.count {
            guard let found = bytes[index...].firstIndex(of: first), found <= bytes.count - needle.count else {
                return nil
            }
            if bytes[found...].starts(with: needle) { return found }
            index = found + 1
        }
        return nil
    }

    /// How often some bytes are in others.
    static func count(of needle: [UInt8], in bytes: [UInt8]) -> Int {
        var count = 0
        var place = 0
        while let found = firstPlace(of: needle, in: bytes, from: place) {
            count += 1
            place = found + max(1, needle.count)
        }
        return count
    }

    /// How many bytes two texts begin with alike.
    static func commonPrefix(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var count = 0
        while count < left.count, count < right.count, left[count] == right[count] { count += 1 }
        return count
    }
}
