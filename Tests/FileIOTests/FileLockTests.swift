// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Synchronization
import SystemPackage
import TestKit
import Testing

@Suite struct `A lock between processes` {
    private let directory: TemporaryDirectory
    private let path: FilePath
    init() throws {
        directory = try TemporaryDirectory()
        path = directory.appending("locks/x.lock")
    }

    /// Whether the lock can be had at once.
    private func isFree(shared: Bool) async throws -> Bool {
        do {
            let lock = try await FileLock(path, shared: shared, patience: .zero)
            withExtendedLifetime(lock) {}
            return true
        } catch let failure as Failure where failure.code == .busy { return false }
    }

    @Test func `an exclusive lock keeps everybody out until it goes away`() async throws {
        let lock = try await FileLock(path, patience: .zero)
        #expect(try await !isFree(shared: false))
        #expect(try await !isFree(shared: true))
        withExtendedLifetime(lock) {}
        _ = consume lock
        #expect(try await isFree(shared: false))
        #expect(FileSystem.exists(path), "a lock file is never removed")
    }

    @Test func `shared locks go together and keep an exclusive one out`() async throws {
        let one = try await FileLock(path, shared: true, patience: .zero)
        let two = try await FileLock(path, shared: true, patience: .zero)
        #expect(try await isFree(shared: true))
        #expect(try await !isFree(shared: false))
        withExtendedLifetime(one) {}
        withExtendedLifetime(two) {}
        _ = consume one
        #expect(try await !isFree(shared: false))
        _ = consume two
        #expect(try await isFree(shared: false))
    }

    @Test func `who waits says so once and gets the lock when it is free`() async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self)
        let count = Atomic<Int>(0)
        let path = path
        let first = try await FileLock(path, patience: .zero)
        let second = Task {
            let lock = try await FileLock(path, patience: .seconds(60)) { signal.yield() }
            withExtendedLifetime(lock) {}
            signal.finish()
        }
        for await _ in signals {
            count.add(1, ordering: .relaxed)
            break
        }
        withExtendedLifetime(first) {}
        _ = consume first
        try await second.value
        #expect(count.load(ordering: .relaxed) == 1)
    }

    @Test func `who waits can be cancelled`() async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self)
        let path = path
        let first = try await FileLock(path, patience: .zero)
        let second = Task {
            let lock = try await FileLock(path, patience: .seconds(60)) { signal.yield() }
            withExtendedLifetime(lock) {}
        }
        for await _ in signals { break }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        withExtendedLifetime(first) {}
    }

    @Test func `an impatient command says who is in the way`() async throws {
        let first = try await FileLock(path, patience: .zero)
        do {
            let lock = try await FileLock(path, patience: .zero)
            withExtendedLifetime(lock) {}
            Issue.record("two exclusive locks")
        } catch let failure as Failure {
            #expect(failure.code == .busy)
            #expect(failure.message.contains(path.string))
            #expect(failure.hint != nil)
        }
        withExtendedLifetime(first) {}
    }
}
