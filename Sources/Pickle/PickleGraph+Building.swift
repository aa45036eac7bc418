// SPDX-License-Identifier: Apache-2.0

extension PickleGraph {
    /// About how many bytes of memory the graph takes.
    var memory: UInt64 {
        UInt64(pool.count) + UInt64(data.count) * 32 + UInt64(nodes.count) * 32 + UInt64(items.count) * 16
            + UInt64(chunks.count) * 12 + UInt64(calls.count) * 112 + UInt64(values.count) * 16
            + UInt64(globals.count) * 256
    }

    /// Makes room for a small pickle at once; a growing array would be allocated five times on the way there.
    mutating func reserve(_ count: Int) {
        nodes.reserveCapacity(count / 2)
        items.reserveCapacity(count)
        data.reserveCapacity(count / 2)
        pool.reserveCapacity(count * 8)
    }

    mutating func keep(_ bytes: [UInt8], from origin: UInt64) -> PickleData {
        let index = UInt32(truncatingIfNeeded: data.count)
        data.append(Data(place: UInt64(pool.count), count: UInt64(bytes.count), isPooled: true, origin: origin))
        pool += bytes
        return PickleData(index: index)
    }

    mutating func keep(_ range: Range<UInt64>, from origin: UInt64) -> PickleData {
        let index = UInt32(truncatingIfNeeded: data.count)
        data.append(
            Data(
                place: range.lowerBound, count: range.upperBound - range.lowerBound, isPooled: false, origin: origin))
        return PickleData(index: index)
    }

    mutating func add(
        _ kind: Kind, opcode: PickleOpcode, offset: UInt64, detail: UInt32 = 0, chain: Chain = Chain()
    ) -> PickleValue {
        let index = UInt32(truncatingIfNeeded: nodes.count)
        nodes.append(Node(offset: offset, chain: chain, detail: detail, kind: kind, opcode: opcode))
        return .node(PickleNode(index: index))
    }

    /// A tuple or a frozen set: its items never change, so they stand in one piece.
    mutating func addFixed(
        _ kind: Kind, _ values: ArraySlice<PickleValue>, opcode: PickleOpcode, offset: UInt64
    ) -> PickleValue {
        let chain = Chain(
            head: UInt32(truncatingIfNeeded: items.count), tail: 0, count: UInt32(truncatingIfNeeded: values.count))
        items += values
        return add(kind, opcode: opcode, offset: offset, chain: chain)
    }

    mutating func addCall(
        _ callee: PickleValue, _ arguments: PickleValue, _ keywords: PickleValue, opcode: PickleOpcode, offset: UInt64
    ) -> PickleValue {
        let detail = UInt32(truncatingIfNeeded: calls.count)
        calls.append(Call(callee: callee, arguments: arguments, keywords: keywords))
        return add(.call, opcode: opcode, offset: offset, detail: detail)
    }

    mutating func addHolder(_ kind: Kind, _ value: PickleValue, opcode: PickleOpcode, offset: UInt64) -> PickleValue {
        let detail = UInt32(truncatingIfNeeded: values.count)
        values.append(value)
        return add(kind, opcode: opcode, offset: offset, detail: detail)
    }

    /// Puts values at the end of a chain; in place where nothing was written behind it since.
    mutating func extend(_ chain: inout Chain, _ values: ArraySlice<PickleValue>) {
        guard !values.isEmpty else { return }
        let count = UInt32(truncatingIfNeeded: values.count)
        if chain.count > 0, Int(chunks[Int(chain.tail)].start) + Int(chunks[Int(chain.tail)].count) == items.count {
            chunks[Int(chain.tail)].count += count
        } else {
            let index = UInt32(truncatingIfNeeded: chunks.count)
            chunks.append(Chunk(start: UInt32(truncatingIfNeeded: items.count), count: count, next: 0))
            if chain.count > 0 { chunks[Int(chain.tail)].next = index } else { chain.head = index }
            chain.tail = index
        }
        items += values
        chain.count += count
    }

    mutating func extendItems(of node: PickleNode, _ values: ArraySlice<PickleValue>) {
        var chain = nodes[Int(node.index)].chain
        extend(&chain, values)
        nodes[Int(node.index)].chain = chain
    }

    mutating func extendPairs(of node: PickleNode, _ values: ArraySlice<PickleValue>) {
        let entry = nodes[Int(node.index)]
        guard entry.kind == .call else { return extendItems(of: node, values) }
        var chain = calls[Int(entry.detail)].pairs
        extend(&chain, values)
        calls[Int(entry.detail)].pairs = chain
    }

    mutating func addState(of node: PickleNode, _ state: PickleValue) {
        let detail = Int(nodes[Int(node.index)].detail)
        var chain = calls[detail].states
        extend(&chain, [state])
        calls[detail].states = chain
    }
}
