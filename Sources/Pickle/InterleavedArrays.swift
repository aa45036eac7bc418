// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// The arrays that joblib writes between the instructions, behind the `BUILD` of each wrapper.
extension PickleRun {
    /// The call that made the value, when it is a wrapper that has been given its state.
    func arrayWrapper(_ value: PickleValue?) -> (node: PickleNode, call: Int)? {
        guard let value, case .node(let node) = value, let entry = graph.entry(value), entry.kind == .call else {
            return nil
        }
        let index = Int(entry.detail)
        guard let global = graph.global(graph.calls[index].callee),
            global.matches("joblib.numpy_pickle", "NumpyArrayWrapper")
        else { return nil }
        return (node, index)
    }

    /// Steps over the bytes of the array, or interprets the pickle that stands for it; says where the next instruction is.
    mutating func skipArray(
        of wrapper: (node: PickleNode, call: Int), at place: UInt64, _ instruction: PickleInstruction
    ) throws(PickleError) -> UInt64 {
        func unusable(_ reason: String) -> PickleError { error(.array(reason), instruction) }
        var fields: [String: PickleValue] = [:]
        for state in graph.members(graph.calls[wrapper.call].states) {
            for pair in graph.pairs(state) ?? [] {
                if let key = graph.text(of: pair.key), key.utf8.allSatisfy({ $0 < 0x80 }) { fields[key] = pair.value }
            }
        }
        guard let type = fields["dtype"], let element = elementType(type) else {
            throw unusable("its dtype is unknown")
        }
        guard let shape = fields["shape"], let sizes = graph.tuple(shape) else { throw unusable("it has no shape") }
        if element.hasObjects {
            guard arrayDepth < options.limits.nesting else {
                throw error(.limit("arrays inside arrays", UInt64(clamping: options.limits.nesting)), instruction)
            }
            arrayDepth += 1
            let inner = try interpret(at: place)
            arrayDepth -= 1
            graph.calls[wrapper.call].array = place..<inner.end
            return inner.end
        }
        var count = element.size
        for size in sizes {
            guard case .integer(let size) = size, size >= 0 else { throw unusable("its shape is not made of sizes") }
            let (product, over) = count.multipliedReportingOverflow(by: UInt64(size))
            guard !over else { throw unusable("its size does not fit") }
            count = product
        }
        var start = place
        switch fields["numpy_array_alignment_bytes"] {
        case nil, .some(.none): break
        case .some(.integer):
            let padding: [UInt8]
            do throws(ByteError) { padding = try source.bytes(at: place, count: 1) } catch {
                throw self.error(.bytes(error), instruction)
            }
            // The loader trusts this byte, whatever the alignment says.
            start = place + 1 + UInt64(padding.first ?? 0)
        default: throw unusable("its alignment is unknown")
        }
        do throws(ByteError) { try source.check(start, count) } catch { throw self.error(.bytes(error), instruction) }
        graph.calls[wrapper.call].array = start..<start + count
        return start + count
    }

    /// The size of an element, and whether it is or holds objects, from `numpy.dtype('f8', …)` and its state.
    private func elementType(_ value: PickleValue) -> (size: UInt64, hasObjects: Bool)? {
        guard let call = graph.call(value), let global = graph.global(call.callee), global.matches("numpy", "dtype"),
            let first = graph.tuple(call.arguments)?.first, let code = graph.text(of: first), let kind = code.utf8.first
        else { return nil }
        let digits = Array(code.utf8.dropFirst())
        let number = digits.isEmpty ? nil : TextNumber.index(digits)
        let states = call.states.compactMap { graph.tuple($0) }
        let objects = states.contains { state in
            // The flags' lowest bit says that there are objects inside.
            if state.count > 7, case .integer(let flags) = state[7] { return flags & 1 != 0 }
            return false
        }
        switch kind {
        case UInt8(ascii: "O"): return (8, true)
        case UInt8(ascii: "?"): return (1, false)
        case UInt8(ascii: "U"):
            guard let number, number <= 1 << 32 else { return nil }
            return (UInt64(number) * 4, objects)
        case UInt8(ascii: "b"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "f"), UInt8(ascii: "c"),
            UInt8(ascii: "M"), UInt8(ascii: "m"):
            guard let number, [1, 2, 4, 8, 12, 16, 24, 32].contains(number) else { return nil }
            return (UInt64(number), objects)
        case UInt8(ascii: "S"), UInt8(ascii: "V"):
            guard let number else { return nil }
            return (UInt64(clamping: number), objects)
        default: return nil
        }
    }
}
