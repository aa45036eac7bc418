// SPDX-License-Identifier: Apache-2.0

/// A file name such as `model-00001-of-00003.safetensors`.
package struct ShardName: Sendable, Hashable {
    /// What the shards of one model have in common: the path without its number.
    package let series: String
    /// The same for people and listings, with a `*` in place of the number: `model-*-of-00003.safetensors`.
    package let pattern: String
    /// What stands in front of the number, without the separator: `model`.
    package let stem: String
    /// How many shards there are, by the name; nil when that is 0 or no number of 64 bits.
    package let total: Int?

    /// Finds the last `<digits>-of-<digits>` of a path's last segment; nil when there is none.
    package init?(_ path: String) {
        let bytes = Array(path.utf8)
        let start = (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        let middle = Array("-of-".utf8)
        guard bytes.count - start > middle.count else { return nil }
        func isDigit(_ index: Int) -> Bool {
            bytes.indices.contains(index) && index >= start
                && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
        }
        for place in (start...(bytes.count - middle.count)).reversed()
        where bytes[place..<place + middle.count].elementsEqual(middle) && isDigit(place - 1) && isDigit(place + 4) {
            var (first, end) = (place, place + middle.count)
            while isDigit(first - 1) { first -= 1 }
            while isDigit(end) { end += 1 }
            let separators = Set("-_.".utf8)
            stem = String(
                decoding: bytes[..<(first > start && separators.contains(bytes[first - 1]) ? first - 1 : first)],
                as: UTF8.self)
            series = String(decoding: bytes[..<first] + bytes[place...], as: UTF8.self)
            pattern = String(decoding: bytes[..<first] + [UInt8(ascii: "*")] + bytes[place...], as: UTF8.self)
            total = Int(String(decoding: bytes[(place + middle.count)..<end], as: UTF8.self)).flatMap {
                $0 > 0 ? $0 : nil
            }
            return
        }
        return nil
    }
}
