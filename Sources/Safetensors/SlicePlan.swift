// SPDX-License-Identifier: Apache-2.0

/// Which bytes of a tensor a slice consists of: a pure computation, nothing is read.
public struct SlicePlan: Sendable, Hashable {
    /// The dimensions of the result.
    public let shape: [UInt64]
    /// The number of bytes of the result.
    public let byteCount: UInt64
    /// Bytes that lie together; 0 when the result is empty.
    let runLength: UInt64
    /// The first byte of the first run, from the tensor's beginning.
    let start: UInt64
    /// The loops around a run, outermost first; strides in bytes.
    let loops: [Loop]

    struct Loop: Sendable, Hashable {
        var count: UInt64
        var stride: UInt64
    }

    /// Plans a slice of a tensor of this type and shape, as a header has checked them.
    ///
    /// Dimensions without an index are taken whole.
    public init(type: TensorType, shape: [UInt64], _ indices: [SliceIndex]) throws(SliceError) {
        guard indices.count <= shape.count else { throw .tooManyIndices(count: indices.count, rank: shape.count) }
        var picks: [(start: UInt64, count: UInt64, step: UInt64)] = []
        var kept: [UInt64] = []
        for (dimension, size) in shape.enumerated() {
            let index = dimension < indices.count ? indices[dimension] : .all
            let pick = try SlicePlan.pick(index, size, dimension)
            picks.append(pick)
            if case .index = index { continue }
            kept.append(pick.count)
        }
        self.shape = kept
        // Strides of an empty tensor may not fit 64 bits, and nobody needs them.
        guard !shape.contains(0), !picks.contains(where: { $0.count == 0 }) else {
            (byteCount, runLength, start, loops) = (0, 0, 0, [])
            return
        }
        // From here on every product is at most the tensor's size in bits, which the header's check has bounded.
        var stride = UInt64(type.bitWidth)
        var run = stride
        var contiguous = true
        var begin: UInt64 = 0
        var outer: [Loop] = []
        for (size, pick) in zip(shape, picks).reversed() {
            begin &+= pick.start &* stride
            if contiguous, pick.step == 1 || pick.count == 1 {
                run &*= pick.count
                contiguous = pick.count == size
            } else {
                contiguous = false
                if pick.count > 1 { outer.append(Loop(count: pick.count, stride: pick.step &* stride)) }
            }
            stride &*= size
        }
        guard begin % 8 == 0, run % 8 == 0, outer.allSatisfy({ $0.stride % 8 == 0 }) else { throw .partialByte(type) }
        start = begin / 8
        runLength = run / 8
        loops = outer.reversed().map { Loop(count: $0.count, stride: $0.stride / 8) }
        byteCount = outer.reduce(run / 8) { $0 &* $1.count }
    }

    /// Where the last run ends, from the tensor's beginning.
    var end: UInt64 { loops.reduce(start &+ runLength) { $0 &+ $1.stride &* ($1.count &- 1) } }

    /// Calls `body` with the place of every run, in order.
    @inline(__always)
    func forEachRun(_ body: (UInt64) -> Void) {
        guard let last = loops.last else {
            if runLength > 0 { body(start) }
            return
        }
        var outer = Runs(plan: self, loops: Array(loops.dropLast()))
        while let begin = outer.next() {
            for index in 0..<last.count { body(begin &+ index &* last.stride) }
        }
    }

    /// The runs in order: places from the tensor's beginning, all of `runLength` bytes.
    var runs: Runs { Runs(plan: self, loops: loops) }

    private static func pick(
        _ index: SliceIndex, _ size: UInt64, _ dimension: Int
    ) throws(SliceError) -> (start: UInt64, count: UInt64, step: UInt64) {
        // 128 bits: no sum of a 64-bit position and a 64-bit size can leave them.
        let size128 = Int128(size)
        switch index {
        case .all: return (0, size, 1)
        case .index(let position):
            let place = position < 0 ? Int128(position) + size128 : Int128(position)
            guard place >= 0, place < size128 else {
                throw .outOfBounds(dimension: dimension, index: position, size: size)
            }
            return (UInt64(place), 1, 1)
        case .range(let start, let stop, let step):
            guard step >= 1 else { throw .invalidStep(dimension: dimension, step: step) }
            func place(_ position: Int) -> Int128 {
                min(max(position < 0 ? Int128(position) + size128 : Int128(position), 0), size128)
            }
            let from = start.map(place) ?? 0
            let to = stop.map(place) ?? size128
            guard from < to else { return (0, 0, 1) }
            let count = (to - from + Int128(step) - 1) / Int128(step)
            return (UInt64(from), UInt64(count), UInt64(step))
        }
    }
}

extension SlicePlan {
    /// The places of the runs, one after another.
    struct Runs: Sequence, IteratorProtocol {
        private let loops: [Loop]
        private var counters: [UInt64]
        private var place: UInt64
        private var done: Bool

        init(plan: SlicePlan, loops: [Loop]) {
            self.loops = loops
            counters = Array(repeating: 0, count: loops.count)
            place = plan.start
            done = plan.runLength == 0
        }

        mutating func next() -> UInt64? {
            guard !done else { return nil }
            let result = place
            var index = loops.count
            while index > 0 {
                index -= 1
                counters[index] += 1
                if counters[index] < loops[index].count {
                    place &+= loops[index].stride
                    return result
                }
                place &-= loops[index].stride &* (loops[index].count &- 1)
                counters[index] = 0
            }
            done = true
            return result
        }
    }
}
