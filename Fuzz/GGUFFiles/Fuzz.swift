// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import GGUF

/// Any bytes as a GGUF file: header, metadata, tensor table, digests.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    fuzzGGUF(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
