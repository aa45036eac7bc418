// SPDX-License-Identifier: Apache-2.0

/// Walks over untrusted bytes, front to back, through a window of bounded size.
///
/// Every read is checked against what is really there before anything is allocated. A read that throws moves nothing.
@safe public struct ByteCursor: ~Copyable {
    /// Where the next read begins.
    public private(set) var position: UInt64
    /// Where the bytes end.
    public let size: UInt64
    private let source: any ByteSource
    // SAFETY: allocated with the value and freed with it; no pointer into it leaves a method.
    private let window: UnsafeMutableRawBufferPointer
    private var windowStart: UInt64 = 0
    private var windowCount = 0

    /// Begins at `position`, with a window of at most `windowSize` bytes.
    public init(_ source: any ByteSource, at position: UInt64 = 0, windowSize: Int = 64 * 1024) {
        self.source = source
        self.position = position
        size = source.size
        let capacity = Int(clamping: min(UInt64(max(64, windowSize)), max(64, source.size)))
        unsafe window = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    }

    deinit { unsafe window.deallocate() }

    /// How many bytes follow.
    public var remaining: UInt64 { position < size ? size - position : 0 }

    /// Whether nothing follows.
    public var isAtEnd: Bool { position >= size }

    /// Moves to `place`, which may lie beyond the end; reading there throws.
    public mutating func move(to place: UInt64) { position = place }

    /// Moves over `count` bytes.
    ///
    /// - Throws: `truncated` when there are not so many.
    public mutating func skip(_ count: UInt64) throws(ByteError) {
        try need(count)
        position += count
    }

    /// Checks that `count` bytes follow.
    ///
    /// - Throws: `truncated`.
    public func need(_ count: UInt64) throws(ByteError) {
        guard count <= remaining else { throw .truncated(offset: position, count: count, size: size) }
    }

    /// Makes the window hold `count` bytes from the position; `count` is at most 64.
    private mutating func load(_ count: Int) throws(ByteError) -> Int {
        if position >= windowStart {
            let place = position - windowStart
            if place <= UInt64(windowCount), UInt64(windowCount) - place >= UInt64(count) { return Int(place) }
        }
        try need(UInt64(count))
        let fill = unsafe Int(min(UInt64(window.count), remaining))
        windowCount = 0
        do throws(ByteError) {
            // SAFETY: `fill` is at most the window's size.
            try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: window[..<fill]), at: position)
            windowCount = fill
        } catch {
            guard case .absent = error, fill > count else { throw error }
            // Of a remote file only what is needed is asked for; the window is what is there by chance.
            try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: window[..<count]), at: position)
            windowCount = count
        }
        windowStart = position
        return 0
    }

    /// Reads the next byte.
    public mutating func byte() throws(ByteError) -> UInt8 {
        let place = try load(1)
        position += 1
        // SAFETY: `load` has put one byte there.
        return unsafe window[place]
    }

    /// The next byte, without moving; nil at the end.
    public mutating func peek() throws(ByteError) -> UInt8? {
        guard !isAtEnd else { return nil }
        let place = try load(1)
        // SAFETY: `load` has put one byte there.
        return unsafe window[place]
    }

    /// Reads a little-endian number.
    public mutating func littleEndian<Number: FixedWidthInteger>(
        _: Number.Type = Number.self
    ) throws(ByteError) -> Number {
        let count = Number.bitWidth / 8
        let place = try load(count)
        position += UInt64(count)
        // SAFETY: `load` has put that many bytes there.
        return unsafe Number(littleEndian: window.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    /// Reads a big-endian number.
    public mutating func bigEndian<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(ByteError) -> Number
    {
        try littleEndian(Number.self).byteSwapped
    }

    /// Reads `count` bytes, at most `limit`.
    ///
    /// - Throws: `overLimit` or `truncated`, before anything is allocated.
    public mutating func bytes(_ count: UInt64, limit: Int) throws(ByteError) -> [UInt8] {
        guard count <= UInt64(clamping: limit) else {
            throw .overLimit(offset: position, count: count, limit: UInt64(clamping: limit))
        }
        try need(count)
        let length = Int(count)
        if length <= 64, length > 0 {
            let place = try load(length)
            position += count
            // SAFETY: `load` has put that many bytes there.
            return unsafe Array(window[place..<place + length])
        }
        if position >= windowStart, position - windowStart <= UInt64(windowCount),
            UInt64(windowCount) - (position - windowStart) >= count
        {
            let place = Int(position - windowStart)
            position += count
            // SAFETY: just checked to lie inside what the window holds.
            return unsafe Array(window[place..<place + length])
        }
        let result = try source.bytes(at: position, count: length)
        position += count
        return result
    }

    /// Reads up to and including the next line feed and returns the bytes before it.
    ///
    /// - Throws: `overLimit` when the line is longer than `limit`; `truncated` when the bytes end first.
    public mutating func line(limit: Int) throws(ByteError) -> [UInt8] {
        let start = position
        var result: [UInt8] = []
        do throws(ByteError) {
            while true {
                let place = try load(1)
                let available = windowCount - place
                // SAFETY: the range lies inside what the window holds.
                let found = unsafe window[place..<place + available].firstIndex(of: UInt8(ascii: "\n"))
                let take = (found ?? place + available) - place
                guard take <= limit - result.count else {
                    throw .overLimit(offset: start, count: UInt64(result.count + take), limit: UInt64(clamping: limit))
                }
                unsafe result.append(contentsOf: window[place..<place + take])
                position += UInt64(take)
                if found != nil {
                    position += 1
                    return result
                }
            }
        } catch {
            position = start
            throw error
        }
    }
}
