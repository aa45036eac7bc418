// SPDX-License-Identifier: Apache-2.0

import BinaryFormats

/// Zip archives without compression, as `numpy.savez` writes them.
enum StoredZip {
    static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for (name, bytes) in members {
            var checksum = CRC32()
            bytes.withUnsafeBytes { checksum.update($0) }
            var fields: [UInt8] = []
            append(20 as UInt16, &fields)
            append(0x0800 as UInt16, &fields)
            append(0 as UInt16, &fields)
            append(0 as UInt16, &fields)
            append(0x0021 as UInt16, &fields)
            append(checksum.value, &fields)
            append(UInt32(bytes.count), &fields)
            append(UInt32(bytes.count), &fields)
            append(UInt16(name.utf8.count), &fields)
            append(0 as UInt16, &fields)
            directory += [0x50, 0x4B, 0x01, 0x02, 20, 0] + fields + [UInt8](repeating: 0, count: 10)
            append(UInt32(out.count), &directory)
            directory += name.utf8
            out += [0x50, 0x4B, 0x03, 0x04] + fields + Array(name.utf8) + bytes
        }
        let start = out.count
        out += directory
        out += [0x50, 0x4B, 0x05, 0x06, 0, 0, 0, 0]
        append(UInt16(members.count), &out)
        append(UInt16(members.count), &out)
        append(UInt32(directory.count), &out)
        append(UInt32(start), &out)
        append(0 as UInt16, &out)
        return out
    }

    private static func append<Number: FixedWidthInteger>(_ number: Number, _ bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }
}
