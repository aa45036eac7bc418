// SPDX-License-Identifier: Apache-2.0

/// Walks over untrusted bytes, front to back, through a window of bounded size.
///
/// Every read is checked against what is really there before anything is allocated. A read that throws moves nothing.
@safe public struct ByteCursor: ~Copyable {
    /// Where the next read begins.
    @inlinable public var position: UInt64 { cursor }
    /// Where the bytes end.
    public let size: UInt64
    private let source: any ByteSource
    // What follows is visible to other modules' copies of the small readers, which parsers call for every number.
    @usableFromInline var cursor: UInt64
    // SAFETY: allocated with the value and freed with it; no pointer into it leaves a method.
    @usableFromInline let window: UnsafeMutableRawBufferPointer
    @usableFromInline var windowStart: UInt64 = 0
    @usableFromInline var windowCount = 0

    /// Begins at `position`, with a window of at most `windowSize` bytes.
    public init(_ source: any ByteSource, at position: UInt64 = 0, windowSize: Int = 64 * 1024) {
        self.source = source
        cursor = position
        size = source.size
        let capacity = Int(clamping: min(UInt64(max(64, windowSize)), max(64, source.size)))
        unsafe window = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    }

    deinit { unsafe window.deallocate() }

    /// How many bytes follow.
    @inlinable public var remaining: UInt64 { cursor < size ? size - cursor : 0 }

    /// Whether nothing follows.
    @inlinable public var isAtEnd: Bool { cursor >= size }

    /// Moves to `place`, which may lie beyond the end; reading there throws.
    @inlinable public mutating func move(to place: UInt64) { cursor = place }

    /// Moves over `count` bytes.
    ///
    /// - Throws: `truncated` when there are not so many.
    public mutating func skip(_ count: UInt64) throws(ByteError) {
        try need(count)
        cursor += count
    }

    /// Checks that `count` bytes follow.
    ///
    /// - Throws: `truncated`.
    public func need(_ count: UInt64) throws(ByteError) {
        guard count <= remaining else { throw .truncated(offset: cursor, count: count, size: size) }
    }

    /// Makes the window hold `count` bytes from the position; `count` is at most 64.
    @inlinable @inline(__always)
    mutating func load(_ count: Int) throws(ByteError) -> Int {
        // Before the window the difference wraps around, and is too large: the window's end is no more than 64 bits can count.
        let place = cursor &- windowStart
        if place <= UInt64(windowCount), UInt64(windowCount) &- place >= UInt64(count) { return Int(place) }
        try refill(count)
        return 0
    }

    /// Makes the window begin at the position and hold at least `count` bytes.
    @usableFromInline
    mutating func refill(_ count: Int) throws(ByteError) {
        try need(UInt64(count))
        let fill = unsafe Int(min(UInt64(window.count), remaining))
        windowCount = 0
        do throws(ByteError) {
            // SAFETY: `fill` is at most the window's size.
            try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: window[..<fill]), at: cursor)
            windowCount = fill
        } catch {
            guard case .absent = error, fill > count else { throw error }
            // Of a remote file only what is needed is asked for; the window is what is there by chance.
            try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: window[..<count]), at: cursor)
            windowCount = count
        }
        windowStart = cursor
    }

    /// Reads the next byte.
    @inlinable
    public mutating func byte() throws(ByteError) -> UInt8 {
        let place = try load(1)
        cursor += 1
        // SAFETY: `load` has put one byte there.
        return unsafe window[place]
    }

    /// The next byte, without moving; nil at the end.
    @inlinable
    public mutating func peek() throws(ByteError) -> UInt8? {
        guard !isAtEnd else { return nil }
        let place = try load(1)
        // SAFETY: `load` has put one byte there.
        return unsafe window[place]
    }

    /// The next byte, and the eight behind it as a little-endian number, when they are at hand: nothing is read, nothing moves.
    /// Nil near the end of the window, and of the source; the other readers say which.
    @inlinable
    public func ahead() -> (first: UInt8, number: UInt64)? {
        let place = cursor &- windowStart
        guard place <= UInt64(windowCount), UInt64(windowCount) &- place >= 9 else { return nil }
        // SAFETY: just checked to lie inside what the window holds.
        return unsafe (
            window[Int(place)],
            UInt64(littleEndian: window.loadUnaligned(fromByteOffset: Int(place) + 1, as: UInt64.self))
        )
    }

    /// Reads a little-endian number.
    @inlinable
    public mutating func littleEndian<Number: FixedWidthInteger>(
        _: Number.Type = Number.self
    ) throws(ByteError) -> Number {
        let count = Number.bitWidth / 8
        let place = try load(count)
        cursor += UInt64(count)
        // SAFETY: `load` has put that many bytes there.
        return unsafe Number(littleEndian: window.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    /// Reads a big-endian number.
    @inlinable
    public mutating func bigEndian<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(ByteError) -> Number
    {
        try littleEndian(Number.self).byteSwapped
    }

    /// Reads `count` bytes, at most `limit`.
    ///
    /// - Throws: `overLimit` or `truncated`, before anything is allocated.
    public mutating func bytes(_ count: UInt64, limit: Int) throws(ByteError) -> [UInt8] {
        guard count <= UInt64(clamping: limit) else {
            throw .overLimit(offset: cursor, count: count, limit: UInt64(clamping: limit))
        }
        try need(count)
        let length = Int(count)
        if length <= 64, length > 0 {
            let place = try load(length)
            cursor += count
            // SAFETY: `load` has put that many bytes there.
            return unsafe Array(window[place..<place + length])
        }
        if cursor >= windowStart, cursor - windowStart <= UInt64(windowCount),
            UInt64(windowCount) - (cursor - windowStart) >= count
        {
            let place = Int(cursor - windowStart)
            cursor += count
            // SAFETY: just checked to lie inside what the window holds.
            return unsafe Array(window[place..<place + length])
        }
        let result = try source.bytes(at: cursor, count: length)
        cursor += count
        return result
    }

    /// Reads up to and including the next line feed and returns the bytes before it.
    ///
    /// - Throws: `overLimit` when the line is longer than `limit`; `truncated` when the bytes end first.
    public mutating func line(limit: Int) throws(ByteError) -> [UInt8] {
        let start = cursor
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
                cursor += UInt64(take)
                if found != nil {
                    cursor += 1
                    return result
                }
            }
        } catch {
            cursor = start
            throw error
        }
    }
}
