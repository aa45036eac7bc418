// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Compression
import FuzzDriver

/// The first byte chooses the format, the rest is the stream: unpacked once in order and once as a source.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    guard let first = bytes.first else { return 0 }
    let format = CompressionFormat.allCases[Int(first) % CompressionFormat.allCases.count]
    let source = MemorySource(Array(bytes.dropFirst()))
    var limits = ExpansionLimits()
    limits.output = 1 << 20
    limits.dictionary = 1 << 20
    limits.inMemory = 0
    guard let contents = try? Expander.expand(format, source, limits: limits).contents else { return 0 }
    precondition(contents.size <= limits.output, "more than the limit")
    var expander = Expander(format, source, limits: limits)
    var place: UInt64 = 0
    while let piece = try? expander.next() {
        precondition((try? contents.bytes(at: place, count: piece.count)) == Array(piece), "the two ways differ")
        place += UInt64(piece.count)
    }
    precondition(place == contents.size, "the two ways differ in length")
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
