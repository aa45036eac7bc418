// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats

/// Splits one pickle into instructions, as CPython's unpickler reads them.
///
/// Frames are enforced: an instruction lies inside its frame or outside of all. Text forms are read strictly: what only some
/// readers accept (octal, underscores, blanks) is refused, because two readers of one file must see the same program.
public struct PickleDecoder: ~Copyable {
    /// Where the next instruction begins.
    public var position: UInt64 { cursor.position }
    /// Whether `STOP` was read.
    public private(set) var isStopped = false

    var cursor: ByteCursor
    let limits: PickleLimits
    private let enforcesFrames: Bool
    private let source: any ByteSource
    private var frameEnd: UInt64?
    private var place: UInt64 = 0
    private var opcode: PickleOpcode?

    /// Begins at `position`.
    public init(_ source: any ByteSource, at position: UInt64 = 0, limits: PickleLimits = PickleLimits()) {
        self.init(source, at: position, limits: limits, enforcesFrames: true)
    }

    init(_ source: any ByteSource, at position: UInt64, limits: PickleLimits, enforcesFrames: Bool) {
        self.enforcesFrames = enforcesFrames
        self.source = source
        self.limits = limits
        cursor = ByteCursor(source, at: position)
    }

    /// Reads the next instruction; nil behind `STOP`.
    ///
    /// - Throws: what is wrong, with the place of the instruction. After an error the position is not specified.
    public mutating func next() throws(PickleError) -> PickleInstruction? {
        guard !isStopped else { return nil }
        place = cursor.position
        opcode = nil
        if let end = frameEnd, place >= end { frameEnd = nil }
        guard !cursor.isAtEnd else { throw failure(.noStop) }
        let byte = try byte()
        guard let opcode = PickleOpcode(rawValue: byte) else { throw failure(.unknownOpcode(byte)) }
        self.opcode = opcode
        let argument = try argument(of: opcode)
        if let end = frameEnd, cursor.position > end { throw failure(.frameCrossed) }
        if opcode == .stop {
            isStopped = true
            if let end = frameEnd, cursor.position < end { throw failure(.frameUnfinished) }
        }
        return PickleInstruction(opcode: opcode, argument: argument, offset: place)
    }

    /// Reads the next instruction where it is one of the short ones that most of a pickle consists of and wholly at hand, with the
    /// number that stands behind it; nil leaves everything as it was for `next`, which takes them all and says what is wrong.
    mutating func plain() -> (opcode: PickleOpcode, number: UInt64, offset: UInt64)? {
        let start = cursor.position
        guard !isStopped, let (byte, bits) = cursor.ahead(), let opcode = PickleOpcode(rawValue: byte) else {
            return nil
        }
        // Near the end of a frame there is more to check.
        if let end = frameEnd, start > end || end - start < 9 { return nil }
        let width: UInt64
        switch opcode {
        case .mark, .none, .newTrue, .newFalse, .emptyList, .emptyDict, .emptyTuple, .append, .appends, .setItem,
            .setItems, .tuple, .tuple1, .tuple2, .tuple3, .memoize, .reduce:
            width = 0
        case .binInt1, .binGet, .binPut: width = 1
        case .binInt2: width = 2
        case .binInt, .longBinGet, .longBinPut: width = 4
        case .binFloat: width = 8
        default: return nil
        }
        cursor.move(to: start + 1 + width)
        return (opcode, width == 8 ? bits : bits & (1 << (8 * width) - 1), start)
    }

    /// Goes on at `place`, over bytes that are no instructions; false inside a frame, which such bytes never interrupt.
    mutating func move(to place: UInt64) -> Bool {
        if let end = frameEnd, cursor.position < end { return false }
        frameEnd = nil
        cursor.move(to: place)
        return true
    }

    private mutating func argument(of opcode: PickleOpcode) throws(PickleError) -> PickleArgument {
        switch opcode {
        case .mark, .stop, .pop, .popMark, .dup, .none, .binPersid, .reduce, .append, .build, .dict, .emptyDict,
            .appends, .list, .emptyList, .obj, .setItem, .tuple, .emptyTuple, .setItems, .newObj, .tuple1, .tuple2,
            .tuple3, .newTrue, .newFalse, .emptySet, .addItems, .frozenSet, .newObjEx, .stackGlobal, .memoize,
            .nextBuffer, .readonlyBuffer:
            return .none
        case .binInt1, .binGet, .binPut, .ext1: return .integer(Int64(try byte()))
        case .binInt2, .ext2: return .integer(Int64(try number(2)))
        case .binInt, .ext4: return .integer(try signed())
        case .longBinGet, .longBinPut: return .integer(Int64(try number(4)))
        case .binFloat: return .float(Double(bitPattern: try number(8).byteSwapped))
        case .proto:
            let version = try byte()
            guard version <= 5 else { throw failure(.unknownProtocol(version)) }
            return .integer(Int64(version))
        case .frame:
            guard frameEnd == nil else { throw failure(.frameNested) }
            let count = try number(8)
            try need(count)
            if enforcesFrames { frameEnd = cursor.position + count }
            return .integer(Int64(clamping: count))
        case .long1: return try long(UInt64(try byte()))
        case .long4: return try long(try signedCount())
        case .shortBinString, .shortBinBytes: return try payload(UInt64(try byte()), isText: false)
        case .binString: return try payload(try signedCount(), isText: false)
        case .binBytes: return try payload(try number(4), isText: false)
        case .binBytes8, .byteArray8: return try payload(try number(8), isText: false)
        case .shortBinUnicode: return try payload(UInt64(try byte()), isText: true)
        case .binUnicode: return try payload(try number(4), isText: true)
        case .binUnicode8: return try payload(try number(8), isText: true)
        case .global, .inst:
            let module = try line(limits.line)
            let name = try line(limits.line)
            guard !module.isEmpty, !name.isEmpty else { throw failure(.emptyName) }
            for text in [module, name] {
                let isValid = opcode == .global ? UTF8Text.isStrict(text) : text.allSatisfy { $0 < 0x80 }
                guard isValid else { throw failure(.text) }
            }
            return .names(module: module, name: name)
        case .get, .put:
            guard let index = TextNumber.index(try line(limits.line)) else { throw failure(.number) }
            return .integer(index)
        case .int:
            let text = try line(limits.line)
            if text == [0x30, 0x30] { return .bool(false) }
            if text == [0x30, 0x31] { return .bool(true) }
            return try integer(text)
        case .long:
            var text = try line(limits.line)
            if text.last == UInt8(ascii: "L") { text.removeLast() }
            return try integer(text)
        case .float:
            guard let value = TextNumber.float(try line(limits.line)) else { throw failure(.number) }
            return .float(value)
        case .persid:
            let text = try line(limits.line)
            guard text.allSatisfy({ $0 < 0x80 }) else { throw failure(.text) }
            return .bytes(text)
        case .string:
            let text = try line(limits.text)
            guard text.count >= 2, let quote = text.first, quote == text.last, quote == 0x22 || quote == 0x27 else {
                throw failure(.quotes)
            }
            guard let bytes = TextEscapes.string(text[1..<text.count - 1]) else { throw failure(.escape) }
            return .bytes(bytes)
        case .unicode:
            guard let bytes = TextEscapes.rawUnicode(try line(limits.text)) else { throw failure(.escape) }
            return .bytes(bytes)
        }
    }

    // MARK: Arguments

    private func failure(_ problem: PickleProblem) -> PickleError { PickleError(problem, at: place, opcode: opcode) }

    private func failure(_ error: ByteError) -> PickleError { failure(PickleProblem.bytes(error)) }

    private mutating func byte() throws(PickleError) -> UInt8 {
        do throws(ByteError) { return try cursor.byte() } catch { throw failure(error) }
    }

    /// Reads `count` bytes as a little-endian number. Byte by byte: the cursor's generic reader is not specialised across modules,
    /// and costs a multiple of this.
    private mutating func number(_ count: Int) throws(PickleError) -> UInt64 {
        do throws(ByteError) {
            try cursor.need(UInt64(count))
            var value: UInt64 = 0
            for index in 0..<count { value |= UInt64(try cursor.byte()) << UInt64(8 * index) }
            return value
        } catch { throw failure(error) }
    }

    private mutating func signed() throws(PickleError) -> Int64 {
        Int64(Int32(truncatingIfNeeded: try number(4)))
    }

    private func need(_ count: UInt64) throws(PickleError) {
        do throws(ByteError) { try cursor.need(count) } catch { throw failure(error) }
    }

    private mutating func line(_ limit: Int) throws(PickleError) -> [UInt8] {
        do throws(ByteError) { return try cursor.line(limit: limit) } catch { throw failure(error) }
    }

    private mutating func signedCount() throws(PickleError) -> UInt64 {
        let count = try signed()
        guard count >= 0 else { throw failure(.negativeLength) }
        return UInt64(count)
    }

    private func integer(_ text: [UInt8]) throws(PickleError) -> PickleArgument {
        guard let value = TextNumber.integer(text) else { throw failure(.number) }
        return value
    }

    private mutating func long(_ count: UInt64) throws(PickleError) -> PickleArgument {
        guard count > 8 else {
            let bytes = try take(count)
            var value = UInt64(bitPattern: (bytes.last ?? 0) >= 0x80 ? -1 : 0)
            for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
            return .integer(Int64(bitPattern: value))
        }
        if count > UInt64(limits.inlineBytes) { return try payload(count, isText: false) }
        return TextNumber.normalized(try take(count))
    }

    private mutating func take(_ count: UInt64) throws(PickleError) -> [UInt8] {
        do throws(ByteError) { return try cursor.bytes(count, limit: limits.inlineBytes) } catch {
            throw failure(error)
        }
    }

    /// Short ones are read; of long ones text is checked piece by piece, and only the place is kept.
    private mutating func payload(_ count: UInt64, isText: Bool) throws(PickleError) -> PickleArgument {
        if count <= UInt64(clamping: limits.inlineBytes) {
            let bytes = try take(count)
            if isText {
                var check = UTF8Text()
                guard check.accepts(bytes), check.isComplete else { throw failure(.text) }
            }
            return .bytes(bytes)
        }
        try need(count)
        let start = cursor.position
        if let end = frameEnd, start > end || count > end - start { throw failure(.frameCrossed) }
        do throws(ByteError) {
            if isText {
                var check = UTF8Text()
                var rest = count
                while rest > 0 {
                    let step = min(rest, 256 << 10)
                    let isValid = check.accepts(try cursor.bytes(step, limit: Int(step)))
                    guard isValid else { break }
                    rest -= step
                }
                guard rest == 0, check.isComplete else { throw ByteError.unreadable("") }
            } else {
                try cursor.skip(count)
            }
        } catch {
            if case .unreadable("") = error { throw failure(.text) }
            throw failure(error)
        }
        return .range(start..<start + count)
    }
}
