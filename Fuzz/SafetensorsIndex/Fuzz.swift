// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FuzzDriver
import Safetensors

/// Any bytes as the index of a sharded model, compared with no files at all; and as a listing of digests.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    if let listing = try? TensorDigests(listing: bytes) {
        precondition((try? TensorDigests(listing: listing.listing)) == listing, "a listing reads back")
    }
    guard let index = try? ShardIndex(parsing: bytes.span) else { return 0 }
    precondition(index.files.count <= index.tensors.count, "files")
    let check = ShardCheck(index, headers: [:])
    precondition(check.findingCount >= index.files.count, "every file is missing")
    for finding in check.findings { precondition(!finding.message.isEmpty, "a message") }
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
