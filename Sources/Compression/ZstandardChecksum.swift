// SPDX-License-Identifier: Apache-2.0

/// XXH64 with the seed 0, of which Zstandard keeps the low half.
struct ZstandardChecksum: Sendable {
    private var lanes: (UInt64, UInt64, UInt64, UInt64) = (
        ZstandardChecksum.prime1 &+ ZstandardChecksum.prime2, ZstandardChecksum.prime2, 0,
        0 &- ZstandardChecksum.prime1
    )
    /// Fewer than 32 bytes that wait for more.
    private var rest: [UInt8] = []
    private var total: UInt64 = 0

    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    @inline(__always) private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value &<< bits | value &>> (64 &- bits)
    }

    @inline(__always) private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private mutating func addStripes(_ bytes: Span<UInt8>, _ count: Int) {
        var (a, b, c, d) = lanes
        // SAFETY: any eight bytes are a number, and the span checks that they are there.
        let bytes = unsafe bytes.bytes
        var place = 0
        while place < count {
            let w = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
            let x = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place + 8, as: UInt64.self))
            let y = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place + 16, as: UInt64.self))
            let z = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place + 24, as: UInt64.self))
            a = ZstandardChecksum.round(a, w)
            b = ZstandardChecksum.round(b, x)
            c = ZstandardChecksum.round(c, y)
            d = ZstandardChecksum.round(d, z)
            place += 32
        }
        lanes = (a, b, c, d)
    }

    /// Adds bytes.
    mutating func update(_ bytes: ArraySlice<UInt8>) {
        total &+= UInt64(bytes.count)
        var new = bytes
        if !rest.isEmpty {
            let take = min(32 - rest.count, new.count)
            rest.append(contentsOf: new.prefix(take))
            new = new.dropFirst(take)
            guard rest.count == 32 else { return }
            let stripe = rest
            addStripes(stripe.span, 32)
            rest = []
        }
        let whole = new.count / 32 * 32
        addStripes(new.span, whole)
        rest.append(contentsOf: new.dropFirst(whole))
    }

    /// The checksum of what was added.
    var value: UInt64 {
        var sum = ZstandardChecksum.prime5
        if total >= 32 {
            let (a, b, c, d) = lanes
            sum = ZstandardChecksum.rotate(a, 1) &+ ZstandardChecksum.rotate(b, 7)
            sum = sum &+ ZstandardChecksum.rotate(c, 12) &+ ZstandardChecksum.rotate(d, 18)
            for lane in [a, b, c, d] {
                sum = (sum ^ ZstandardChecksum.round(0, lane)) &* ZstandardChecksum.prime1 &+ ZstandardChecksum.prime4
            }
        }
        sum = sum &+ total
        var bytes = rest[...]
        func number(_ count: Int) -> UInt64 { bytes.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        while bytes.count >= 8 {
            sum ^= ZstandardChecksum.round(0, number(8))
            sum = ZstandardChecksum.rotate(sum, 27) &* ZstandardChecksum.prime1 &+ ZstandardChecksum.prime4
            bytes = bytes.dropFirst(8)
        }
        if bytes.count >= 4 {
            sum ^= number(4) &* ZstandardChecksum.prime1
            sum = ZstandardChecksum.rotate(sum, 23) &* ZstandardChecksum.prime2 &+ ZstandardChecksum.prime3
            bytes = bytes.dropFirst(4)
        }
        for byte in bytes {
            sum ^= UInt64(byte) &* ZstandardChecksum.prime5
            sum = ZstandardChecksum.rotate(sum, 11) &* ZstandardChecksum.prime1
        }
        sum = (sum ^ sum >> 33) &* ZstandardChecksum.prime2
        sum = (sum ^ sum >> 29) &* ZstandardChecksum.prime3
        return sum ^ sum >> 32
    }
}
