// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import FuzzDriver

/// Any bytes as a zip archive: the directory, both views of its members, and every member's packed bytes.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let source = MemorySource(Array(UnsafeBufferPointer(start: data, count: count)))
    _ = try? ContainerFormat.detect(source)
    let shallow = try? ZipDirectory(source, depth: .directory)
    guard let directory = try? ZipDirectory(source) else { return 0 }
    precondition(shallow?.members.count == directory.members.count, "the headers change the directory")
    precondition(directory.anomalies.count <= ZipLimits().anomalies, "more anomalies than the limit")
    for member in directory.members + directory.hidden {
        guard let part = try? directory.packed(member) else { continue }
        precondition(part.size == member.packedSize && part.offset + part.size <= source.size, "outside the archive")
        _ = try? part.bytes(at: 0, count: Int(part.size))
        _ = directory[member.name]
        _ = member.name.description
    }
    for anomaly in directory.anomalies { precondition(!anomaly.description.isEmpty, "an anomaly without words") }
    _ = directory.streamed
    return 0
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
