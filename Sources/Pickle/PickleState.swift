// SPDX-License-Identifier: Apache-2.0

/// The stack, the marks and the memo of one stream.
struct PickleState {
    var stack: [PickleValue] = []
    var marks: [Int] = []
    var version = 0
    var opcodes: UInt64 = 0
    private var memo: [PickleValue?] = []
    /// Entries far beyond the others: a pickle may name any number, and that must not cost memory.
    private var sparseMemo: [UInt64: PickleValue] = [:]
    private(set) var memoCount: UInt64 = 0

    /// Makes room for the values of a small pickle.
    mutating func reserve(_ count: Int) {
        stack.reserveCapacity(count)
        memo.reserveCapacity(count)
    }

    /// What is below belongs to a mark.
    var fence: Int { marks.last ?? 0 }

    /// About how many bytes of memory it takes.
    var memory: UInt64 { UInt64(stack.count + memo.count) * 16 + UInt64(sparseMemo.count) * 64 }

    func memo(at index: UInt64) -> PickleValue? {
        if index < UInt64(memo.count), let value = memo[Int(index)] { return value }
        return sparseMemo.isEmpty ? nil : sparseMemo[index]
    }

    mutating func setMemo(_ value: PickleValue, at index: UInt64) {
        if index == UInt64(memo.count) && sparseMemo.isEmpty {
            memo.append(value)
            memoCount += 1
            return
        }
        if memo(at: index) == nil { memoCount += 1 }
        if index >= UInt64(memo.count), index <= UInt64(memo.count) * 2 + 1024 {
            memo += Array(repeating: nil, count: Int(index) + 1 - memo.count)
        }
        if index < UInt64(memo.count) { memo[Int(index)] = value } else { sparseMemo[index] = value }
    }

    mutating func pop() -> PickleValue? {
        stack.count > fence ? stack.popLast() : nil
    }
}
