// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import FuzzDriver
@testable import Scanning

/// Any bytes behind the signature of HDF5: superblock, groups, heaps, attributes, links.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    let bytes = signature + Array(UnsafeBufferPointer(start: data, count: count).dropFirst(8))
    var findings = ScanFindings()
    guard (try? HDF5Check.check(MemorySource(bytes), name: "a.h5", at: ScanPlace(), into: &findings)) != nil else {
        return 0
    }
    precondition(findings.findings.count <= ScanFindings.limit, "more findings than the limit")
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
