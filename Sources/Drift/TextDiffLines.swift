// SPDX-License-Identifier: Apache-2.0

/// The lines of a text, each known by its bytes.
struct TextDiffLines {
    /// A line that is equal to another when their bytes are, the line end included.
    struct Key: Hashable {
        let bytes: Substring.UTF8View

        static func == (left: Key, right: Key) -> Bool { left.bytes.elementsEqual(right.bytes) }
        func hash(into hasher: inout Hasher) {
            // FNV-1a first: feeding the hasher byte by byte would take several times as long.
            var sum: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in bytes { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hasher.combine(sum)
        }
    }

    /// Each line with its line feed, so that a last line without one differs from one that has it.
    let keys: [Key]

    init(_ text: String) {
        var keys: [Key] = []
        let view = text[...].utf8
        var start = view.startIndex
        while start < view.endIndex {
            let end = view[start...].firstIndex(of: 0x0A).map { view.index(after: $0) } ?? view.endIndex
            keys.append(Key(bytes: view[start..<end]))
            start = end
        }
        self.keys = keys
    }

    var count: Int { keys.count }

    /// A line without its line feed.
    func line(_ index: Int) -> String {
        let bytes = keys[index].bytes
        return String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes, as: UTF8.self)
    }

    /// Whether it is a last line that does not end.
    func lacksLineEnd(_ index: Int) -> Bool { index == keys.count - 1 && keys[index].bytes.last != 0x0A }
}
