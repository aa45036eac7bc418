// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Testing

/// Archives that are small on the disk and would be large in memory.
@Suite struct `The cost of a zip directory` {
    private func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (UInt32($0) * 8)) }
    }

    /// One header with a long name, and a directory in which every member says that it is its own.
    private func archive(members: Int, name: Int) -> [UInt8] {
        var file: [UInt8] = [0x50, 0x4B, 3, 4] + [20, 0] + [UInt8](repeating: 0, count: 20)
        file += bytes(UInt32(name), 2) + [0, 0] + [UInt8](repeating: 0x61, count: name)
        let start = file.count
        for member in 0..<members {
            let own = Array(String(member).utf8)
            file += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + [UInt8](repeating: 0, count: 20)
            file += bytes(UInt32(own.count), 2) + [UInt8](repeating: 0, count: 12 + 4)
            file += own
        }
        let size = file.count - start
        file += [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + bytes(UInt32(members), 2) + bytes(UInt32(members), 2)
        return file + bytes(UInt32(size), 4) + bytes(UInt32(start), 4) + [0, 0]
    }

    @Test func `members that share one long header cost no more than the archive is long`() throws {
        let file = archive(members: 2000, name: 60_000)
        let directory = try ZipDirectory(MemorySource(file))
        #expect(directory.members.count == 2000)
        let kept = directory.members.reduce(0) { $0 + ($1.local?.name.bytes.count ?? 0) }
        #expect(kept <= file.count)
        #expect(!directory.refusals.isEmpty)
    }

    @Test func `a single member is compared with its header whatever the length of that`() throws {
        let directory = try ZipDirectory(MemorySource(archive(members: 1, name: 60_000)))
        #expect(directory.members[0].local?.name.bytes.count == 60_000)
    }
}
