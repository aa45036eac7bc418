// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Safetensors

@Suite struct `A header from elsewhere` {
    private func file(_ count: Int) -> [UInt8] {
        let entries = (0..<count).map { #""t\#($0)":{"dtype":"U8","shape":[1],"data_offsets":[\#($0),\#($0 + 1)]}"# }
        return Sample.file("{" + entries.joined(separator: ",") + "}", Array(repeating: 0, count: count))
    }

    @Test(arguments: [(0, 1), (3, 1), (5000, 2)])
    func `is read with one or two ranges`(_ count: Int, _ requests: Int) async throws {
        let bytes = file(count)
        var asked: [Range<UInt64>] = []
        let header = try await Header(fileSize: UInt64(bytes.count)) { range in
            asked.append(range)
            return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
        #expect(header.tensors.count == count)
        #expect(asked.count == requests)
        #expect(asked.last.map { $0.upperBound <= max(header.dataStart, 64 * 1024) } == true)
    }

    @Test func `that comes short is an error`() async throws {
        for size in [0, 4, 8, 20] {
            await #expect(throws: HeaderError.self) {
                try await Header(fileSize: 1000) { _ in Array(self.file(3).prefix(size)) }
            }
        }
    }
}
