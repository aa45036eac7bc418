// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Synchronization
import SystemPackage
import TestKit
import Testing

@Suite struct `Digests of files` {
    private let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private static let buffer = 256 << 10
    /// Sizes round the ends of blocks and buffers.
    private static let sizes =
        [0, 1, 63, 64, 65, 127, 128, 1_000]
        + [-65, -64, -63, -1, 0, 1, 63, 64, 65].flatMap { [buffer + $0, 2 * buffer + $0] } + [700_001]

    private final class Results: Sendable {
        private let state = Mutex<(found: [Int: Result<FileDigests, Failure>], calls: Int, bytes: Int)>(([:], 0, 0))
        func finish(_ index: Int, _ result: Result<FileDigests, Failure>) {
            state.withLock { state in
                state.found[index] = result
                state.calls += 1
            }
        }
        func progress(_ count: Int) { state.withLock { $0.bytes += count } }
        var found: [Int: Result<FileDigests, Failure>] { state.withLock { $0.found } }
        var calls: Int { state.withLock { $0.calls } }
        var bytes: Int { state.withLock { $0.bytes } }
    }

    private func run(_ paths: [FilePath]) async -> Results {
        let results = Results()
        await Digests.of(paths, progress: { results.progress($0) }, finished: { results.finish($0, $1) })
        return results
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `files hashed together, alone and in memory have the same digests`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var paths: [FilePath] = []
        var expected: [FileDigests] = []
        // A random order puts unequal files beside each other on a core.
        for (index, size) in Self.sizes.shuffled(using: &random).enumerated() {
            let bytes = random.bytes(size)
            paths.append(try directory.write("file-\(index)", bytes))
            expected.append(
                FileDigests(
                    sha256: Digest(of: bytes), git: GitObjectID(ofBlob: bytes), size: ByteCount(clamping: Int64(size))))
        }
        let results = await run(paths)
        for (index, expected) in expected.enumerated() {
            #expect(try Digests.of(paths[index], git: true) == expected, "\(expected.size.value) bytes")
            let together = try #require(try results.found[index]?.get())
            #expect(
                together.sha256 == expected.sha256 && together.size == expected.size, "\(expected.size.value) bytes")
            #expect(together.git == nil)
        }
        #expect(results.calls == paths.count)
        #expect(results.bytes == Self.sizes.reduce(0, +))
    }

    @Test(arguments: [0, 1, 2, 3, 9])
    func `any number of files is hashed`(count: Int) async throws {
        let paths = try (0..<count).map { try directory.write("\($0)", "file \($0)") }
        let results = await run(paths)
        #expect(results.calls == count)
        for index in 0..<count { #expect(try results.found[index]?.get().sha256 == Digest(of: "file \(index)")) }
    }

    @Test func `a file that is missing is reported at its place and the others are hashed`() async throws {
        let paths = [
            directory.appending("none-1"), try directory.write("a", "a"), directory.path, try directory.write("b", "b"),
            directory.appending("none-2"),
        ]
        let results = await run(paths)
        #expect(results.calls == 5)
        #expect(try results.found[1]?.get().sha256 == Digest(of: "a"))
        #expect(try results.found[3]?.get().sha256 == Digest(of: "b"))
        for index in [0, 2, 4] {
            let result = try #require(results.found[index])
            let found = try #require(failure { _ = try result.get() })
            #expect(found.code == .file)
            #expect(found.message.contains(paths[index].string))
        }
        #expect(failure { _ = try Digests.of(directory.appending("none"), git: true) }?.code == .file)
    }

    @Test func `a cancelled task hashes no further`() async throws {
        let paths = try (0..<8).map { try directory.write("\($0)", "x") }
        let results = Results()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await Digests.of(paths, progress: { results.progress($0) }, finished: { results.finish($0, $1) })
        }
        await task.value
        #expect(results.calls == 0)
    }
}
