// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Scanning

/// Any bytes through every check of documents: Python, notebooks, JSON, YAML, templates, requirements, path files,
/// Keras configurations, executables, and the binary ones.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // The cost is that of some twenty readers.
    guard count <= 8192 else { return 0 }
    fuzzChecks(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
