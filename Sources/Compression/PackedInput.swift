// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Packed bytes, front to back.
struct PackedInput {
    private let source: any ByteSource
    private var buffer: [UInt8] = []
    private var next = 0
    private var bufferEnd: UInt64 = 0

    init(_ source: any ByteSource) { self.source = source }

    /// The place of the next byte.
    var position: UInt64 { bufferEnd - UInt64(buffer.count - next) }

    var size: UInt64 { source.size }

    var remaining: UInt64 { source.size - position }

    private mutating func refill() throws(ExpansionError) -> Bool {
        let count = Int(min(65_536, source.size - bufferEnd))
        guard count > 0 else { return false }
        do throws(ByteError) {
            buffer = try source.bytes(at: bufferEnd, count: count)
        } catch { throw .bytes(error) }
        bufferEnd += UInt64(count)
        next = 0
        return true
    }

    /// The next byte; nil at the end.
    @inline(__always) mutating func byteOrNil() throws(ExpansionError) -> UInt8? {
        if next == buffer.count { guard try refill() else { return nil } }
        next += 1
        return buffer[next - 1]
    }

    /// The next byte.
    @inline(__always) mutating func byte() throws(ExpansionError) -> UInt8 {
        if next == buffer.count {
            guard try refill() else {
                throw .bytes(.truncated(offset: position, count: 1, size: source.size))
            }
        }
        next += 1
        return buffer[next - 1]
    }

    /// The next `count` bytes; the caller has bounded the count.
    mutating func bytes(_ count: Int) throws(ExpansionError) -> [UInt8] {
        guard UInt64(max(0, count)) <= remaining else {
            throw .bytes(.truncated(offset: position, count: UInt64(max(0, count)), size: source.size))
        }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            if next == buffer.count { guard try refill() else { break } }
            let take = min(count - result.count, buffer.count - next)
            result.append(contentsOf: buffer[next..<next + take])
            next += take
        }
        return result
    }

    /// Little-endian numbers.
    mutating func u32() throws(ExpansionError) -> UInt32 {
        var value: UInt32 = 0
        for shift in 0..<4 { value |= UInt32(try byte()) << (8 * shift) }
        return value
    }

    mutating func u64() throws(ExpansionError) -> UInt64 {
        let low = UInt64(try u32())
        return low | UInt64(try u32()) << 32
    }

    /// Goes back to a place that was read already, or forward.
    mutating func move(to place: UInt64) {
        let start = bufferEnd - UInt64(buffer.count)
        if place >= start, place <= bufferEnd {
            next = Int(place - start)
        } else {
            buffer = []
            next = 0
            bufferEnd = min(place, source.size)
        }
    }
}
