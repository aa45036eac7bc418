// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Jinja

/// Any text as a chat template: parsed, analysed, and rendered within a small budget.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    fuzzJinja(String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self))
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
