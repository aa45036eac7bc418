// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Safetensors

/// Any bytes as a file: both modes, the stream, and what follows from an accepted header.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let size = UInt64(count)
    let header = try? Header(parsing: bytes.span, fileSize: size)
    let strict = try? Header(parsing: bytes.span, fileSize: size, mode: .strict)
    guard let header else {
        precondition(strict == nil, "strict accepts what compatible refuses")
        return 0
    }
    precondition((header.findingCount == 0) == (strict != nil), "a finding, or strict refuses")
    var end: UInt64 = 0
    for tensor in header.tensors {
        precondition(tensor.offsets.lowerBound == end, "a hole")
        end = tensor.offsets.upperBound
        precondition(header[tensor.name]?.offsets == tensor.offsets, "not found by its name")
        precondition(tensor.type.byteCount(of: tensor.shape) == .bytes(tensor.byteCount), "size")
    }
    precondition(end == header.dataSize && header.dataStart + end == size, "not covered")
    var digests = StreamingTensorDigests(fileSize: size)
    var place = 0
    while place < count {
        let piece = min(count - place, 1 + place % 61)
        digests.update(bytes.span.bytes.extracting(place..<(place + piece)))
        place += piece
    }
    guard case .success(let found) = digests.finish() else { preconditionFailure("the stream disagrees") }
    precondition(found.entries.count == header.tensors.count, "tensors are missing")
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
