// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats

/// The objects that a pickle describes, shared and cyclic as Python would have them.
///
/// A walk over it must remember which nodes it has seen: a list may contain itself, and a few hundred bytes can describe a
/// structure whose paths cannot be counted. The graph itself is never larger than the pickle's instructions.
public struct PickleGraph: Sendable {
    struct Data {
        var place: UInt64
        var count: UInt64
        var isPooled: Bool
        /// Where the instruction is that brought it.
        var origin: UInt64
    }

    enum Kind: UInt8 {
        case tuple, list, dictionary, set, frozenSet, byteArray, global, call, persistent, extensionCode, buffer
    }

    /// Values that grow: stretches of `items`.
    struct Chain {
        var head: UInt32 = 0
        var tail: UInt32 = 0
        var count: UInt32 = 0
    }

    struct Chunk {
        var start: UInt32
        var count: UInt32
        var next: UInt32
    }

    struct Node {
        var offset: UInt64
        /// The items; for a tuple `head` is the start in `items`, for pairs keys and values alternate.
        var chain: Chain
        /// An index into `globals`, `calls`, `values` or `data`.
        var detail: UInt32
        var kind: Kind
        var opcode: PickleOpcode
    }

    struct Call {
        var callee: PickleValue
        var arguments: PickleValue
        var keywords: PickleValue
        var states = Chain()
        var pairs = Chain()
        var array: Range<UInt64>?
    }

    let source: any ByteSource
    var data: [Data] = []
    var pool: [UInt8] = []
    var nodes: [Node] = []
    var items: [PickleValue] = []
    var chunks: [Chunk] = []
    var calls: [Call] = []
    var values: [PickleValue] = []
    var globals: [PickleGlobal] = []

    init(source: any ByteSource) { self.source = source }

    /// How many objects there are.
    public var count: Int { nodes.count }

    /// The object with this number, nil when there is none.
    public func node(_ index: Int) -> PickleNode? {
        nodes.indices.contains(index) ? PickleNode(index: UInt32(index)) : nil
    }

    // MARK: Constants

    /// How many bytes a constant has.
    public func count(of data: PickleData) -> UInt64 {
        let index = Int(data.index)
        return index < self.data.count ? self.data[index].count : 0
    }

    /// Where a constant's bytes are in the source; nil for a short or decoded one, which is held in memory.
    public func place(of data: PickleData) -> Range<UInt64>? {
        guard Int(data.index) < self.data.count else { return nil }
        let entry = self.data[Int(data.index)]
        return entry.isPooled ? nil : entry.place..<entry.place + entry.count
    }

    /// The bytes of a constant, at most `limit`.
    ///
    /// - Throws: `overLimit`; `absent` or `unreadable` when they have to be read from the source again.
    public func bytes(of data: PickleData, limit: Int = 1 << 20) throws(ByteError) -> [UInt8] {
        guard Int(data.index) < self.data.count else { return [] }
        let entry = self.data[Int(data.index)]
        guard entry.count <= UInt64(clamping: limit) else {
            throw .overLimit(
                offset: entry.isPooled ? 0 : entry.place, count: entry.count, limit: UInt64(clamping: limit))
        }
        if !entry.isPooled { return try source.bytes(at: entry.place, count: Int(entry.count)) }
        return Array(pool[Int(entry.place)..<Int(entry.place) + Int(entry.count)])
    }

    /// The bytes of a constant that is held in memory, nil for any other.
    func pooled(_ data: PickleData) -> ArraySlice<UInt8>? {
        guard Int(data.index) < self.data.count, self.data[Int(data.index)].isPooled else { return nil }
        let entry = self.data[Int(data.index)]
        return pool[Int(entry.place)..<Int(entry.place) + Int(entry.count)]
    }

    /// The text of a string that is held in memory (up to `PickleLimits.inlineBytes`); nil for a longer one, for one with lone
    /// surrogates, and for what is no string.
    public func text(of value: PickleValue) -> String? {
        let bytes: ArraySlice<UInt8>?
        switch value {
        case .string(let data), .byteString(let data): bytes = pooled(data)
        default: return nil
        }
        guard let bytes else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether the value is a string with exactly these bytes.
    public func isText(_ value: PickleValue, _ text: StaticString) -> Bool {
        guard let bytes = pooledText(value) else { return false }
        return bytes.elementsEqual("\(text)".utf8)
    }

    func pooledText(_ value: PickleValue) -> ArraySlice<UInt8>? {
        switch value {
        case .string(let data), .byteString(let data): pooled(data)
        default: nil
        }
    }

    // MARK: Objects

    /// What an object is. The arrays in the answer are copies: a call costs as much as the object has members.
    public func shape(of node: PickleNode) -> PickleShape {
        guard Int(node.index) < nodes.count else { return .tuple([]) }
        let entry = nodes[Int(node.index)]
        switch entry.kind {
        case .tuple: return .tuple(tupleItems(entry))
        case .list: return .list(members(entry.chain))
        case .dictionary: return .dictionary(pairs(entry.chain))
        case .set: return .set(members(entry.chain))
        case .frozenSet: return .frozenSet(tupleItems(entry))
        case .byteArray: return .byteArray(PickleData(index: entry.detail))
        case .global: return .global(globals[Int(entry.detail)])
        case .call: return .call(call(entry))
        case .persistent: return .persistent(values[Int(entry.detail)])
        case .extensionCode:
            if case .integer(let code) = values[Int(entry.detail)] { return .extensionCode(code) }
            return .extensionCode(0)
        case .buffer: return .buffer
        }
    }

    /// Where the instruction is that made the object.
    public func offset(of node: PickleNode) -> UInt64 {
        Int(node.index) < nodes.count ? nodes[Int(node.index)].offset : 0
    }

    /// The instruction that made the object.
    public func opcode(of node: PickleNode) -> PickleOpcode {
        Int(node.index) < nodes.count ? nodes[Int(node.index)].opcode : .stop
    }

    /// The items of a tuple, nil for any other value.
    public func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard let entry = entry(value), entry.kind == .tuple else { return nil }
        return tupleItems(entry)
    }

    /// The items of a list, nil for any other value.
    public func list(_ value: PickleValue) -> [PickleValue]? {
        guard let entry = entry(value), entry.kind == .list else { return nil }
        return members(entry.chain)
    }

    /// The pairs of a dict, or those written into the result of a call such as `collections.OrderedDict()`; nil for others.
    public func pairs(_ value: PickleValue) -> [PicklePair]? {
        guard let entry = entry(value) else { return nil }
        switch entry.kind {
        case .dictionary: return pairs(entry.chain)
        case .call: return pairs(calls[Int(entry.detail)].pairs)
        default: return nil
        }
    }

    /// The global, nil for any other value.
    public func global(_ value: PickleValue) -> PickleGlobal? {
        guard let entry = entry(value), entry.kind == .global else { return nil }
        return globals[Int(entry.detail)]
    }

    /// The call, nil for any other value.
    public func call(_ value: PickleValue) -> PickleCall? {
        guard let entry = entry(value), entry.kind == .call else { return nil }
        return call(entry)
    }

    /// The persistent id, nil for any other value.
    public func persistentID(_ value: PickleValue) -> PickleValue? {
        guard let entry = entry(value), entry.kind == .persistent else { return nil }
        return values[Int(entry.detail)]
    }

    // MARK: Inside

    func entry(_ value: PickleValue) -> Node? {
        guard case .node(let node) = value, Int(node.index) < nodes.count else { return nil }
        return nodes[Int(node.index)]
    }

    private func tupleItems(_ entry: Node) -> [PickleValue] {
        Array(items[Int(entry.chain.head)..<Int(entry.chain.head) + Int(entry.chain.count)])
    }

    private func call(_ entry: Node) -> PickleCall {
        let call = calls[Int(entry.detail)]
        return PickleCall(
            callee: call.callee, arguments: call.arguments, keywords: call.keywords, states: members(call.states),
            items: members(entry.chain), pairs: pairs(call.pairs), opcode: entry.opcode, offset: entry.offset,
            array: call.array)
    }

    func members(_ chain: Chain) -> [PickleValue] {
        guard chain.count > 0 else { return [] }
        var result: [PickleValue] = []
        result.reserveCapacity(Int(chain.count))
        var index = Int(chain.head)
        // The chain has `count` values, so this ends.
        while result.count < Int(chain.count) {
            let chunk = chunks[index]
            result += items[Int(chunk.start)..<Int(chunk.start) + Int(chunk.count)]
            index = Int(chunk.next)
        }
        return result
    }

    private func pairs(_ chain: Chain) -> [PicklePair] {
        let values = members(chain)
        var result: [PicklePair] = []
        result.reserveCapacity(values.count / 2)
        var index = 0
        while index + 1 < values.count {
            result.append(PicklePair(key: values[index], value: values[index + 1]))
            index += 2
        }
        return result
    }
}
