// SPDX-License-Identifier: Apache-2.0

/// Into which files the tensors of a model go.
public enum ShardDivision: Sendable, Hashable {
    /// All into one file.
    case one
    /// Greedily: a file is closed when the next tensor would bring its tensors above so many bytes, and a tensor larger
    /// than that has a file of its own. The same division as `split_torch_state_dict_into_shards` of huggingface_hub,
    /// given the tensors in the same order.
    case maximumSize(UInt64)
    /// Into so many files, the largest of which is as small as the order of the tensors allows.
    case count(Int)

    /// The limit on `count`.
    public static let countLimit = 100_000

    /// The parts as ranges of indices, given the sizes in order; the first element says which tensors are in the part.
    func parts(_ sizes: [UInt64]) throws(SafetensorsError) -> [[Int]] {
        switch self {
        case .one: return [Array(sizes.indices)]
        case .maximumSize(let limit): return ShardDivision.greedy(sizes, limit)
        case .count(let count):
            guard count >= 1, count <= ShardDivision.countLimit, count <= max(1, sizes.count) else {
                throw .invalidShardCount(count, limit: min(ShardDivision.countLimit, max(1, sizes.count)))
            }
            return ShardDivision.even(sizes, count)
        }
    }

    private static func greedy(_ sizes: [UInt64], _ limit: UInt64) -> [[Int]] {
        var parts: [[Int]] = []
        var part: [Int] = []
        var room = limit
        for (index, size) in sizes.enumerated() {
            if size > limit {
                // The part that is being filled goes on after it.
                parts.append([index])
                continue
            }
            if size > room {
                parts.append(part)
                part = []
                room = limit
            }
            part.append(index)
            room -= size
        }
        if !part.isEmpty || parts.isEmpty { parts.append(part) }
        return parts
    }

    /// `count` parts in order, none empty unless there are no tensors.
    private static func even(_ sizes: [UInt64], _ count: Int) -> [[Int]] {
        // The smallest capacity with which so many parts suffice, by bisection: at most 64 walks.
        var low = sizes.max() ?? 0
        var high = sizes.reduce(0 as UInt64) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
        while low < high {
            let middle = low + (high - low) / 2
            if needed(sizes, middle) <= count { high = middle } else { low = middle + 1 }
        }
        var parts: [[Int]] = []
        var part: [Int] = []
        var room = low
        for (index, size) in sizes.enumerated() {
            // The last ones go alone where otherwise there would be fewer parts than were asked for.
            let mustClose = sizes.count - index <= count - parts.count - 1
            if !part.isEmpty, size > room || mustClose {
                parts.append(part)
                part = []
                room = low
            }
            part.append(index)
            room -= min(size, room)
        }
        parts.append(part)
        return parts
    }

    private static func needed(_ sizes: [UInt64], _ capacity: UInt64) -> Int {
        var parts = 1
        var room = capacity
        for size in sizes {
            if size > room {
                parts += 1
                room = capacity
            }
            room -= min(size, room)
        }
        return parts
    }
}
