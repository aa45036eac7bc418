// SPDX-License-Identifier: Apache-2.0

import FileIO
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct `Work on several processors` {
    @Test(arguments: [0, 1, 2, 5, 200])
    func `is over when the call returns, and the caller's part ran on the caller's thread`(count: Int) {
        let caller = pthread_self()
        let begun = Atomic<Int>(0)
        let ended = Atomic<Int>(0)
        var here = 0
        Processors.spread(count) {
            here += 1
            #expect(pthread_equal(caller, pthread_self()) != 0)
        } elsewhere: {
            begun.add(1, ordering: .relaxed)
            // Something to wait for.
            var sum: UInt64 = 0
            for number in 0..<100_000 as Range<UInt64> { sum = sum &* 31 &+ number }
            ended.add(sum == 0 ? 2 : 1, ordering: .relaxed)
        }
        #expect(here == 1)
        #expect(begun.load(ordering: .relaxed) == ended.load(ordering: .relaxed))
        #expect(begun.load(ordering: .relaxed) <= max(0, count - 1))
    }

    @Test func `there is at least one processor`() { #expect(Processors.count >= 1) }
}

@Suite struct `A large piece of memory` {
    @Test(arguments: [0, 1, 4096, 5 << 20])
    func `is zero, begins where a huge page does, and keeps what was put into it`(count: Int) throws {
        let memory = try #require(AnonymousMemory(byteCount: count))
        #expect(memory.byteCount == count)
        let whole = memory.slice(0..<count)
        #expect(whole.allSatisfy { $0 == 0 })
        if count > 0 {
            #expect(Int(bitPattern: whole.baseAddress) % AnonymousMemory.hugePage == 0)
            memory.slice(count - 1..<count)[0] = 7
            let last = memory.bytes(count - 1..<count)
            #expect(last.unsafeLoad(as: UInt8.self) == 7)
        }
        #expect(memory.bytes(0..<count).byteCount == count)
    }

    @Test(arguments: [-1, .min, .max, .max - (2 << 20), 1 << 60])
    func `that nobody has is nil, not a trap`(count: Int) {
        let memory = AnonymousMemory(byteCount: count)
        #expect(memory == nil)
    }
}
