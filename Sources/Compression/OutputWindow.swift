// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// What has come out of a decoder: the newest bytes, and behind them as many as may still be looked back at.
struct OutputWindow {
    /// The bytes; the last is the newest.
    private(set) var bytes: [UInt8] = []
    /// The place of `bytes[0]` in everything that came out.
    private(set) var start: UInt64 = 0
    /// How many bytes a decoder may look back.
    var reach: Int = 32_768
    /// How many bytes may come out.
    let limit: UInt64
    /// Where the current member began: nothing before it may be looked at.
    var floor: UInt64 = 0

    init(limit: UInt64) { self.limit = limit }

    /// How many bytes have come out.
    var total: UInt64 { start + UInt64(bytes.count) }

    /// Forgets what is out of reach. Called when nobody needs the bytes any more.
    mutating func trim() {
        guard bytes.count > reach * 2 + 131_072 else { return }
        let drop = bytes.count - reach
        bytes.removeFirst(drop)
        start += UInt64(drop)
    }

    @inline(__always) mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(contentsOf slice: ArraySlice<UInt8>) { bytes.append(contentsOf: slice) }

    mutating func append(_ byte: UInt8, times: Int) {
        guard times > 0 else { return }
        bytes.append(contentsOf: repeatElement(byte, count: times))
    }

    /// Whether `distance` bytes back there is a byte of this member.
    @inline(__always) func reaches(_ distance: Int) -> Bool {
        distance > 0 && distance <= bytes.count && UInt64(distance) <= total - floor
    }

    /// The byte `distance` back. `reaches` must hold.
    @inline(__always) func byte(back distance: Int) -> UInt8 { bytes[bytes.count - distance] }

    /// Repeats `count` bytes from `distance` back; the two may overlap. `reaches` must hold.
    @inline(__always) mutating func copy(distance: Int, count: Int) {
        let from = bytes.count - distance
        guard from >= 0 else { return }
        if distance == 1 {
            bytes.append(contentsOf: repeatElement(bytes[from], count: count))
        } else {
            // Byte by byte: a slice of the array would be a second owner of it, and the append would copy everything.
            for step in 0..<count { bytes.append(bytes[from + step]) }
        }
    }

    /// Throws when more has come out than may.
    func checkLimit() throws(ExpansionError) {
        guard total <= limit else { throw .overLimit("bytes unpacked", count: total, limit: limit) }
    }

    /// The bytes from `place` on; they must not have been forgotten.
    func slice(from place: UInt64) -> ArraySlice<UInt8> {
        bytes[Int(clamping: place - min(place, start))...]
    }
}
