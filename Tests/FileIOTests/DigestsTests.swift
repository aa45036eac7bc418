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

@Suite struct `Chunks of files` {
    private let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private static let chunk = Int(ChunkTree.chunkSize)

    private func run(_ jobs: [DigestJob]) async -> [Int: Result<DigestFinding, Failure>] {
        let found = Mutex<[Int: Result<DigestFinding, Failure>]>([:])
        let bytes = Mutex(0)
        await Digests.run(
            jobs, progress: { count in bytes.withLock { $0 += count } },
            finished: { index, result in
                found.withLock {
                    #expect($0[index] == nil, "a job is told twice")
                    $0[index] = result
                }
            })
        return found.withLock { $0 }
    }

    private func damage(_ path: FilePath, _ chunk: Int) throws {
        let file = try File(path, .updating)
        let place = Int64(chunk * Self.chunk + 99)
        try file.write([try file.read(1, at: place)[0] ^ 1], at: place)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `exactly the damaged chunks are found, among whole files and other trees`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var jobs: [DigestJob] = []
        var expected: [DigestFinding] = []
        for index in 0..<9 {
            let bytes = random.bytes(Int.random(in: 0...(index % 3 == 0 ? 20 : 4) * Self.chunk, using: &random))
            let path = try directory.write("\(index)", bytes)
            let digests = try Digests.of(path, git: false, tree: true)
            #expect(digests.sha256 == Digest(of: bytes))
            guard let tree = digests.tree else {
                #expect(bytes.count <= Self.chunk)
                jobs.append(.whole(path, tree: true))
                expected.append(.whole(digests))
                continue
            }
            if index % 4 == 1 {
                jobs.append(.whole(path, tree: true))
                expected.append(.whole(digests))
                continue
            }
            let damaged = tree.leaves.indices.dropLast().filter { _ in Int.random(in: 0..<5, using: &random) == 0 }
            for chunk in damaged { try damage(path, chunk) }
            jobs.append(.chunks(path, tree))
            expected.append(.chunks(size: digests.size, damaged: damaged))
        }
        let found = await run(jobs)
        for (index, expected) in expected.enumerated() {
            #expect(try found[index]?.get() == expected, "seed \(seed), job \(index)")
        }
    }

    @Test func `a file of another size is not read, and a missing one is a failure`() async throws {
        var random = SeededGenerator(seed: 5)
        let path = try directory.write("a", random.bytes(3 * Self.chunk))
        let tree = try #require(try Digests.of(path, git: false, tree: true).tree)
        try File(path, .updating).truncate(to: ByteCount(clamping: 7))
        let found = await run([.chunks(path, tree), .chunks(directory.appending("none"), tree), .chunks(path, tree)])
        #expect(try found[0]?.get() == .chunks(size: ByteCount(clamping: 7), damaged: []))
        #expect(try found[2]?.get() == .chunks(size: ByteCount(clamping: 7), damaged: []))
        guard case .failure(let failure) = found[1] else {
            Issue.record("a missing file was read")
            return
        }
        #expect(failure.code == .file)
    }

    @Test func `a tree without chunks is right at once`() async throws {
        let path = try directory.write("empty", [])
        let tree = try #require(ChunkTree(size: .zero, leaves: []))
        let found = await run([.chunks(path, tree)])
        #expect(try found[0]?.get() == .chunks(size: .zero, damaged: []))
    }
}
