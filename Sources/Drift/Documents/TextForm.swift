// SPDX-License-Identifier: Apache-2.0

/// Texts without what editors and git change on the way.
enum TextForm {
    /// The largest text that is compared line by line, in bytes.
    static let maximumDiff = 4 << 20

    /// The bytes with line feeds as line ends, without a byte order mark and without white space at the end.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while index < bytes.count {
            if bytes[index] == 0x0D {
                out.append(0x0A)
                index += index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        while let last = out.last, last == 0x0A || last == 0x20 || last == 0x09 { out.removeLast() }
        return out
    }

    /// The difference of two texts; nil when one of them is no text, or too large for that.
    static func diff(_ before: [UInt8], _ after: [UInt8]) -> TextDiff? {
        guard before.count <= maximumDiff, after.count <= maximumDiff,
            let old = String(validating: before, as: UTF8.self), let new = String(validating: after, as: UTF8.self),
            !before.contains(0), !after.contains(0)
        else { return nil }
        return TextDiff(old, new)
    }
}
