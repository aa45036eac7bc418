// SPDX-License-Identifier: Apache-2.0

/// The hash of a tensor's name: folded multiplication with two numbers that each process draws anew.
///
/// The standard `Hasher` took a quarter of the time of a whole header. This one need not withstand an adversary who sees
/// hashes, only one who prepares a file in advance, without knowing the two numbers.
struct NameHash: Sendable {
    private static let drawn = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1)

    private let seed: UInt64
    private let factor: UInt64

    init() { (seed, factor) = NameHash.drawn }

    @inline(__always)
    private func fold(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let (high, low) = (state ^ word).multipliedFullWidth(by: factor)
        return high ^ low ^ state
    }

    @inline(__always)
    func callAsFunction(_ bytes: Span<UInt8>) -> UInt32 {
        let count = bytes.count
        var state = seed ^ UInt64(count)
        if count >= 8 {
            var index = 0
            while index &+ 8 < count {
                state = fold(state, Words.load(bytes, index))
                index &+= 8
            }
            // The last eight bytes, overlapping those before.
            state = fold(state, Words.load(bytes, count &- 8))
        } else {
            var word: UInt64 = 0
            for index in 0..<count { word = word << 8 | UInt64(bytes[index]) }
            state = fold(state, word)
        }
        state = fold(state, state >> 32)
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }
}
