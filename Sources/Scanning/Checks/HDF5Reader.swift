// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Reads the structures of an HDF5 file: addresses and numbers of the sizes that its superblock gives.
struct HDF5Reader {
    /// Why a structure could not be read.
    enum Problem: Error {
        case bytes(ByteError)
        case malformed(offset: UInt64, reason: String)
    }

    let source: any ByteSource
    /// What addresses count from.
    var base: UInt64 = 0
    /// Bytes of an address.
    var offsetSize = 8
    /// Bytes of a length.
    var lengthSize = 8
    private(set) var steps = 0

    init(_ source: any ByteSource) { self.source = source }

    /// Counts a piece of work, and the bytes that it reads.
    mutating func step(_ offset: UInt64, bytes: Int = 0) throws(Problem) {
        steps += 1 + max(0, bytes) / 256
        guard steps <= CheckLimits.hdf5Steps else {
            throw .malformed(offset: offset, reason: "more than \(CheckLimits.hdf5Steps) structures")
        }
    }

    /// Bytes at an address.
    func bytes(_ address: UInt64, _ count: Int) throws(Problem) -> [UInt8] {
        let (place, overflow) = base.addingReportingOverflow(address)
        guard !overflow else { throw .malformed(offset: address, reason: "an address beyond the end") }
        do throws(ByteError) {
            return try source.bytes(at: place, count: max(0, count))
        } catch { throw .bytes(error) }
    }

    /// Bytes at an address, which begin with a signature.
    func bytes(_ address: UInt64, _ count: Int, signature: StaticString) throws(Problem) -> HDF5Fields {
        let bytes = try bytes(address, count)
        guard bytes.starts(with: "\(signature)".utf8) else {
            throw .malformed(offset: address, reason: "`\(signature)` is expected")
        }
        return HDF5Fields(bytes, offset: address, skipping: signature.utf8CodeUnitCount)
    }

    private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Whether an HDF5 file begins behind a block of the user's own bytes: 512 of them, or that doubled up to 64 KiB.
    static func hasUserBlock(_ source: any ByteSource) throws(ByteError) -> Bool {
        var start: UInt64 = 512
        while start <= 64 << 10, source.size >= start + 16 {
            if try source.bytes(at: start, count: 8) == HDF5Reader.signature { return true }
            start *= 2
        }
        return false
    }

    /// The largest address: what stands for none.
    var undefined: UInt64 { offsetSize >= 8 ? .max : (1 << UInt64(offsetSize * 8)) - 1 }

    /// The address of the root's object header, and that of the superblock's extension.
    mutating func superblock() throws(Problem) -> [UInt64] {
        var start: UInt64 = 0
        // A user block of 512 bytes, or that doubled, may come first.
        for _ in 0..<16 {
            base = 0
            if start <= source.size, source.size - start >= 16, try bytes(start, 8) == HDF5Reader.signature { break }
            start = start == 0 ? 512 : start * 2
        }
        guard start <= source.size, source.size - start >= 16, try bytes(start, 8) == HDF5Reader.signature else {
            throw .malformed(offset: 0, reason: "there is no superblock")
        }
        let version = try bytes(start + 8, 1)[0]
        let sizes = try bytes(start + (version < 2 ? 13 : 9), 2)
        (offsetSize, lengthSize) = (Int(sizes[0]), Int(sizes[1]))
        guard [2, 4, 8].contains(offsetSize), [2, 4, 8].contains(lengthSize), version <= 3 else {
            throw .malformed(
                offset: start, reason: "a superblock of version \(version) with addresses of \(offsetSize) bytes")
        }
        let head = version < 2 ? (version == 1 ? 28 : 24) : 12
        var fields = HDF5Fields(try bytes(start + UInt64(head), offsetSize * 6), offset: start, skipping: 0)
        let declared = try fields.number(offsetSize)
        let extra = try fields.number(offsetSize)
        _ = try fields.number(offsetSize)
        let fourth = try fields.number(offsetSize)
        if version < 2 {
            _ = try fields.number(offsetSize)
            let root = try fields.number(offsetSize)
            base = declared == 0 ? start : declared
            return [root]
        }
        base = declared == 0 ? start : declared
        return extra == undefined ? [fourth] : [fourth, extra]
    }
}

/// Numbers, front to back, out of bytes that are there.
struct HDF5Fields {
    let bytes: [UInt8]
    private let offset: UInt64
    private(set) var position: Int

    init(_ bytes: [UInt8], offset: UInt64, skipping: Int) {
        (self.bytes, self.offset, position) = (bytes, offset, skipping)
    }

    var remaining: Int { max(0, bytes.count - position) }

    mutating func number(_ size: Int) throws(HDF5Reader.Problem) -> UInt64 {
        guard size >= 0, size <= 8, remaining >= size else {
            throw .malformed(offset: offset, reason: "a structure is cut")
        }
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
        position += size
        return value
    }

    mutating func byte() throws(HDF5Reader.Problem) -> UInt8 { UInt8(truncatingIfNeeded: try number(1)) }

    mutating func count(_ size: Int) throws(HDF5Reader.Problem) -> Int { Int(clamping: try number(size)) }

    mutating func skip(_ count: Int) throws(HDF5Reader.Problem) {
        guard count >= 0, remaining >= count else { throw .malformed(offset: offset, reason: "a structure is cut") }
        position += count
    }

    mutating func take(_ count: Int) throws(HDF5Reader.Problem) -> [UInt8] {
        let start = position
        try skip(count)
        return Array(bytes[start..<position])
    }
}
