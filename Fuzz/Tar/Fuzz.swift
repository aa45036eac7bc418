// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import FuzzDriver

/// Any bytes as a tar archive: the directory and every member's bytes.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: data, count: count))
    // A right checksum for every block, so that the fuzzer gets past it.
    for start in stride(from: 0, to: bytes.count - 511, by: 512) where bytes[start + 257] == 0x75 {
        for place in 148..<156 { bytes[start + place] = 0x20 }
        let sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        for (index, digit) in digits.enumerated() { bytes[start + 148 + index] = digit }
        bytes[start + 148 + digits.count] = 0
    }
    let source = MemorySource(bytes)
    guard let tar = try? TarDirectory(source) else { return 0 }
    for member in tar.members {
        guard let contents = try? tar.contents(member) else { preconditionFailure("a member outside the archive") }
        precondition(contents.size == member.size, "another size")
        _ = tar[member.name.text]
    }
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
