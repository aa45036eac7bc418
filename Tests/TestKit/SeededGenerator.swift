// SPDX-License-Identifier: Apache-2.0

/// Pseudo-random numbers that are the same for the same seed everywhere (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Begins the sequence of `seed`.
    package init(seed: UInt64) { state = seed }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// `count` bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        // The first 64 KiB come from the generator; what follows repeats them, each time with eight new bytes at the
        // front: blocks still differ, and a debug build makes them a hundred times faster.
        var block: [UInt8] = []
        while block.count < min(count, 1 << 16) {
            let word = next()
            for shift in stride(from: 0, to: 64, by: 8) {
                block.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        var out: [UInt8] = []
        out.reserveCapacity(count)
        while out.count < count {
            let stamp = next()
            for shift in 0..<8 where shift < block.count {
                block[shift] = UInt8(truncatingIfNeeded: stamp >> UInt64(shift * 8))
            }
            out += block.prefix(count - out.count)
        }
        return out
    }
}
